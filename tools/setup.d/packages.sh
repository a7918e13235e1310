# SPDX-License-Identifier: Apache-2.0
# Installs the packages of tools/packages.txt on Debian 12; on any other system
# says what is missing. Sourced by tools/setup only.

package_list() {
    sed 's/#.*//; /^[[:space:]]*$/d' "$tools/packages.txt"
}

is_debian_12() {
    [ -r /etc/os-release ] && have apt-get && have dpkg-query &&
        [ "$(. /etc/os-release && echo "${ID:-}-${VERSION_ID:-}")" = debian-12 ]
}

# The listed packages that dpkg does not know as fully installed.
packages_missing() {
    dpkg-query -W -f '${Package} ${db:Status-Status}\n' 2>/dev/null | sed -n 's/ installed$//p' |
        sort -u >"$BUILD/.installed"
    package_list | while read -r package _; do
        grep -qxF "$package" "$BUILD/.installed" || echo "$package"
    done
    rm -f "$BUILD/.installed"
}

apt() {
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=600 "$@"
}

# apt itself calls it a success when a mirror does not answer, as it may not be
# needed; so the caller looks whether it got what it wanted, and else calls this.
apt_refresh_failed() {
    sed -n 's/^[EW]: /    /p' "$BUILD/logs/apt-update.log" >&2
    die "$*: see the network, /etc/apt and the lines above, if any, then run this again"
}

apt_refresh() {
    say 'refreshing the package lists'
    logged "$BUILD/logs/apt-update.log" 'refreshing the package lists' 1000 'nothing' apt update ||
        apt_refresh_failed 'the package lists cannot be fetched'
}

# How many packages an installation of these would add, with what they depend on.
packages_new() {
    apt-get -s install --no-install-recommends "$@" 2>/dev/null | grep -c '^Inst' || true
}

# Progress counts apt's lines "Get:", "Unpacking" and "Setting up", one of each a package.
packages_install() {
    new=$(packages_new "$@")
    size=$(apt-get --assume-no --no-install-recommends install "$@" 2>/dev/null |
        sed -n 's/^Need to get \(.*\) of archives.*/, \1 to fetch/p')
    say "installing $new packages$size: $* and what they need"
    logged "$BUILD/logs/packages.log" 'installing packages' $((3 * new + 1)) \
        '[GUS][en][tp]*' apt install -y --no-install-recommends "$@"
}

# After an installation that was killed: packages unpacked but not set up, and
# those caught in the very unpacking, which only a reinstallation helps.
packages_mend() {
    as_root env DEBIAN_FRONTEND=noninteractive dpkg --configure -a || true
    torn=$(dpkg-query -W -f '${Package} ${db:Status-Eflag}\n' | sed -n 's/ reinstreq$//p' | tr '\n' ' ')
    # shellcheck disable=SC2086 # several words are wanted
    [ -z "$torn" ] || apt install -y --no-install-recommends --reinstall $torn || true
    apt install -y --fix-broken
}

setup_packages() {
    is_debian_12 || { setup_elsewhere && return 0; }
    missing=$(packages_missing | tr '\n' ' ')
    [ -n "$missing" ] || return 0
    [ "$(id -u)" = 0 ] || have sudo ||
        die "needs root or sudo once, for: apt-get install --no-install-recommends $missing"

    # Lists that are absent or too old for what is wanted show in a dry run.
    # shellcheck disable=SC2086 # several words are wanted, here and below
    if ! apt-get -s install --no-install-recommends $missing >/dev/null 2>&1; then
        apt_refresh
        apt-get -s install --no-install-recommends $missing >/dev/null 2>&1 ||
            apt_refresh_failed "apt does not offer all of: $missing"
    fi
    packages_install $missing && return 0

    say 'trying once more with fresh package lists'
    logged "$BUILD/logs/packages-mend.log" 'mending the packages' 1000 'nothing' packages_mend || true
    apt_refresh
    ! grep -q '^Err:' "$BUILD/logs/apt-update.log" ||
        apt_refresh_failed 'the package lists cannot be fetched'
    packages_install $missing ||
        die 'not all packages could be installed; run this again when the cause above is mended'
}

# On a system that is not Debian 12 nothing is installed, only looked for.
setup_elsewhere() {
    absent=
    while read -r package probe reason; do
        case $probe in
        /*) [ -e "$probe" ] || absent="$absent
    $probe  (Debian package $package; for $reason)" ;;
        *) have "$probe" || absent="$absent
    $probe  (Debian package $package; for $reason)" ;;
        esac
    done <<LIST
$(package_list)
LIST
    [ -n "$absent" ] || return 0
    die "this is not Debian 12, so nothing is installed here. Missing:$absent"
}
