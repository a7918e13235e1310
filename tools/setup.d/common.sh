# SPDX-License-Identifier: Apache-2.0
# What all steps of tools/setup share: messages, running as root, the lock and
# long commands whose output goes to a log. Sourced by tools/setup only.

say() {
    echo "setup: $*"
}

die() {
    echo "setup: $*" >&2
    exit 1
}

have() {
    command -v "$1" >/dev/null 2>&1
}

# as_root COMMAND...: runs it with the rights to change the system.
as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif have sudo; then
        sudo "$@"
    else
        die "must be root, or have sudo, for: $*"
    fi
}

# Two set-ups at a time in one build folder or one cache would step on each other.
lock_acquire() {
    have flock || return 0
    exec 9>"$CACHE/.setup.lock"
    if ! flock -n 9; then
        say 'waiting for another set-up to end'
        flock 9
    fi
    return 0
}

# size_words BYTES: "3.7 MiB" or "166 KiB".
size_words() {
    if [ "$1" -ge 1048576 ]; then
        tenths=$(($1 * 10 / 1048576))
        echo "$((tenths / 10)).$((tenths % 10)) MiB"
    else
        echo "$(($1 / 1024)) KiB"
    fi
}

# logged LOG TITLE LINES PATTERN COMMAND...: runs COMMAND with its output in LOG
# and says how far it is, reckoned by the lines that match PATTERN (a shell
# pattern) against the LINES expected. On failure shows the end of LOG.
logged() {
    log=$1 title=$2 expected=$3 pattern=$4
    shift 4
    : >"$log"
    { "$@" 9>&- 2>&1 && echo 0 >"$log.status" || echo $? >"$log.status"; } |
        percentages "$title" "$expected" "$pattern"
    status=$(cat "$log.status")
    rm -f "$log.status"
    [ "$status" != 0 ] || return 0
    echo "setup: $title failed; the end of $log:" >&2
    tail -n 12 "$log" | sed 's/^/    /' >&2
    return "$status"
}

# percentages TITLE LINES PATTERN: copies its input to $log and prints progress.
percentages() {
    seen=0 shown=0
    while IFS= read -r line || [ -n "$line" ]; do
        printf '%s\n' "$line" >>"$log"
        # shellcheck disable=SC2254 # a pattern is wanted
        case $line in $3) ;; *) continue ;; esac
        seen=$((seen + 1))
        part=$((seen * 4 / $2))
        if [ $part -gt $shown ] && [ $part -lt 4 ]; then
            shown=$part
            say "$1: $((part * 25)) %"
        fi
    done
}
