# SPDX-License-Identifier: Apache-2.0
# Builds Bochs with the hooks of tools/bochs/ and keeps the program in the
# cache under a name made from everything that goes into it. There are two
# variants: "bochs" for all runs, and "bochs-gdb" with a stub for the debugger,
# which has one CPU only and is slower. Sourced by tools/setup only.

# bochs_options VARIANT
bochs_options() {
    sed 's/#.*//; /^[[:space:]]*$/d' "$tools/bochs/options.txt" | case $1 in
    bochs-gdb)
        sed '/--enable-smp/d; s/--enable-all-optimizations/--enable-repeat-speedups --enable-gdb-stub/'
        ;;
    *) cat ;;
    esac
}

# A name for what would be built: archive, options, hooks, changes, compiler.
bochs_key() {
    {
        source_field bochs 7
        bochs_options "$1"
        cat "$tools"/bochs/instrument/* "$tools/bochs/mend.sh"
        [ "$1" != bochs-gdb ] || cat "$tools/bochs/mend-gdb.sh"
        g++ --version 2>/dev/null | head -n 1
        uname -m
    } | sha256sum | cut -c 1-16
}

# The program lies beside its key, written last.
bochs_is_ready() {
    [ -x "$BUILD/third-party/bochs-install/bin/$1" ] &&
        [ "$(cat "$BUILD/third-party/bochs-install/$1.key" 2>/dev/null)" = "$(bochs_key "$1")" ]
}

bochs_configure() {
    # shellcheck disable=SC2046 # the options' words are wanted
    cd "$folder" && CFLAGS=-O2 CXXFLAGS=-O2 ./configure $(bochs_options "$variant")
}

# The calling make's own settings must not reach Bochs's.
bochs_make() {
    cd "$folder" && env -u MAKEFLAGS -u MAKELEVEL -u MFLAGS make -j"$(nproc)" bochs
}

# Configures once for a key; an interrupted build goes on with the objects it has.
bochs_build() {
    if [ "$(cat "$folder/.key" 2>/dev/null)" != "$key" ]; then
        rm -rf "$folder"
        setup_unpacked bochs "$variant"
        bochs_mend
        [ "$variant" != bochs-gdb ] || bochs_gdb_mend
        cp -R "$tools/bochs/instrument" "$folder/instrument/bulkhead"
        say "configuring $variant"
        logged "$BUILD/logs/$variant-configure.log" "configuring $variant" 1000 'nothing' \
            bochs_configure ||
            die "$variant could not be configured"
        echo "$key" >"$folder/.key"
    fi
    say "building $variant, a minute or two (log: $BUILD/logs/$variant.log)"
    logged "$BUILD/logs/$variant.log" "building $variant" 520 'g++ -c*' bochs_make ||
        die "$variant could not be built; when the cause above is mended, run this again"
}

# setup_bochs VARIANT
setup_bochs() {
    variant=$1 folder=$BUILD/third-party/$1 key=$(bochs_key "$1")
    bochs_is_ready "$variant" && return 0
    kept=$CACHE/$variant-$key
    if [ ! -x "$kept" ]; then
        bochs_build
        cp "$folder/bochs" "$kept.part"
        strip "$kept.part"
        mv "$kept.part" "$kept"
    fi
    install=$BUILD/third-party/bochs-install
    mkdir -p "$install/bin"
    cp "$kept" "$install/bin/$variant.part"
    mv "$install/bin/$variant.part" "$install/bin/$variant"
    echo "$key" >"$install/$variant.key"
    say "$variant is ready: $install/bin/$variant"
}
