# SPDX-License-Identifier: Apache-2.0
# Fetches the source archives of tools/sources.txt into the cache and unpacks
# them. Where they lie is asked of a private apt configuration with the
# machine's own mirror, so that nothing of the system changes; what they are is
# decided by the SHA-256 in tools/sources.txt alone. Sourced by tools/setup only.

source_list() {
    sed 's/#.*//; /^[[:space:]]*$/d' "$tools/sources.txt"
}

# source_field NAME FIELD: a field (1 name, 2 suite ...) of one line of tools/sources.txt.
source_field() {
    source_list | awk -v name="$1" -v field="$2" '$1 == name { print $field }'
}

source_is_fetched() {
    file=$CACHE/$(source_field "$1" 5)
    [ -f "$file" ] && echo "$(source_field "$1" 7)  $file" | sha256sum -c --status 2>/dev/null
}

# The URI of the mirror this machine installs Debian 12 from.
mirror_uri() {
    apt-get indextargets --format '$(REPO_URI)|$(CODENAME)|$(COMPONENT)' 2>/dev/null |
        sed -n 's/|bookworm|main$//p' | head -n 1
}

# apt_private ARGUMENTS...: apt-get with sources, lists and cache of its own.
apt_private() {
    apt-get -o Dir::Etc::SourceList=/dev/null -o Dir::Etc::SourceParts="$CACHE/apt/sources" \
        -o Dir::State::Lists="$CACHE/apt/lists" -o Dir::Cache="$CACHE/apt/cache" \
        -o APT::Sandbox::User="$(id -un)" "$@"
}

# "Trusted" because older keyrings lack the newer suite's key, and because the
# sums in tools/sources.txt are what a fetched file is checked against.
apt_private_prepare() {
    suite=$1
    [ ! -e "$CACHE/apt/$suite.done" ] || return 0
    mirror=$(mirror_uri)
    if [ -z "$mirror" ]; then
        apt_refresh
        mirror=$(mirror_uri)
    fi
    [ -n "$mirror" ] || apt_refresh_failed 'apt has no mirror of Debian 12 (bookworm, main)'

    mkdir -p "$CACHE/apt/sources" "$CACHE/apt/lists/partial" "$CACHE/apt/cache/archives/partial"
    printf 'Types: deb-src\nURIs: %s\nSuites: %s\nComponents: main\nTrusted: yes\n' \
        "$mirror" "$suite" >"$CACHE/apt/sources/$suite.sources"
    say "asking the mirror for the sources of $suite"
    logged "$BUILD/logs/apt-$suite.log" "reading the index of $suite" 1000 'nothing' \
        apt_private -o APT::Update::Error-Mode=any update ||
        die "the mirror's index of $suite cannot be fetched: see the network and /etc/apt, then run this again"
    touch "$CACHE/apt/$suite.done"
}

# source_uri NAME: where the mirror keeps the archive.
source_uri() {
    apt_private source --print-uris "$(source_field "$1" 3)=$(source_field "$1" 4)" 2>/dev/null |
        awk -v file="$(source_field "$1" 5)" '$2 == file { print substr($1, 2, length($1) - 2) }'
}

source_fetch() {
    file=$(source_field "$1" 5)
    what="$(source_field "$1" 3) $(source_field "$1" 4)"
    by_hand="or put $file (SHA-256 $(source_field "$1" 7)),
    from Debian's source package, into $CACHE"

    have apt-get || die "$what cannot be fetched without apt: $by_hand"
    apt_private_prepare "$(source_field "$1" 2)"
    uri=$(source_uri "$1")
    [ -n "$uri" ] ||
        die "the mirror does not offer the source package $what: try another in /etc/apt, $by_hand"

    say "fetching $what ($(size_words "$(source_field "$1" 6)"))"
    rm -f "$CACHE/$file.part"
    logged "$BUILD/logs/fetch-$1.log" "fetching $what" 1000 'nothing' \
        /usr/lib/apt/apt-helper -o APT::Sandbox::User="$(id -un)" \
        download-file "$uri" "$CACHE/$file.part" "SHA256:$(source_field "$1" 7)" ||
        die "$what was not fetched: see the network and the lines above, run this again, $by_hand"
    mv "$CACHE/$file.part" "$CACHE/$file"
    source_is_fetched "$1" || die "$CACHE/$file is not what tools/sources.txt says: remove it and run this again"
}

setup_sources() {
    for source in $(source_list | cut -d ' ' -f 1); do
        source_is_fetched "$source" || source_fetch "$source"
    done
    rm -rf "$CACHE/apt"
}

# source_is_unpacked NAME FOLDER: build/third-party/FOLDER holds this very archive.
source_is_unpacked() {
    [ "$(cat "$BUILD/third-party/$2/.archive" 2>/dev/null)" = "$(source_field "$1" 7)" ]
}

# setup_unpacked NAME FOLDER: unpacks the archive there, whole or not at all.
setup_unpacked() {
    source_is_unpacked "$1" "$2" && return 0
    setup_sources

    folder=$BUILD/third-party/$2
    rm -rf "$folder" "$folder.part"
    mkdir -p "$folder.part"
    tar -xf "$CACHE/$(source_field "$1" 5)" -C "$folder.part" --strip-components=1 --no-same-owner ||
        die "$(source_field "$1" 5) cannot be unpacked into $folder.part: see the space there"
    source_field "$1" 7 >"$folder.part/.archive"
    mv "$folder.part" "$folder"
}
