# SPDX-License-Identifier: Apache-2.0
# Builds Bochs with the hooks of tools/bochs/ and keeps the program in the
# cache under a name made from everything that goes into it. Sourced by
# tools/setup only.

bochs_options() {
    sed 's/#.*//; /^[[:space:]]*$/d' "$tools/bochs/options.txt"
}

# A name for what would be built: archive, options, hooks, this script, compiler.
bochs_key() {
    {
        source_field bochs 7
        bochs_options
        cat "$tools"/bochs/instrument/* "$tools/setup.d/bochs.sh"
        g++ --version 2>/dev/null | head -n 1
        uname -m
    } | sha256sum | cut -c 1-16
}

bochs_is_ready() {
    [ -x "$BUILD/third-party/bochs-install/bin/bochs" ] &&
        [ "$(cat "$BUILD/third-party/bochs-install/key" 2>/dev/null)" = "$(bochs_key)" ]
}

# Bochs 3.0 does not reset the PIIX4 power management function's register 0x80,
# the enable bit of its I/O space; firmware then hangs in the second boot.
bochs_mend_reset() {
    acpi=$BUILD/third-party/bochs/iodev/acpi.cc
    grep -q 'pci_conf\[0x80\] = 0' "$acpi" && return 0
    sed -i '/::reset(unsigned type)/,/^}/ s/^\( *BX_ACPI_THIS pci_conf\)\[0x5f\] = .*/&\n\1[0x80] = 0x00;/' "$acpi"
    [ "$(grep -c 'pci_conf\[0x80\] = 0x00;' "$acpi")" = 1 ] ||
        die "$acpi is not as expected: the register reset could not be added"
}

bochs_configure() {
    # shellcheck disable=SC2046 # the options' words are wanted
    cd "$BUILD/third-party/bochs" && CFLAGS=-O2 CXXFLAGS=-O2 ./configure $(bochs_options)
}

# The calling make's own settings must not reach Bochs's.
bochs_make() {
    cd "$BUILD/third-party/bochs" && env -u MAKEFLAGS -u MAKELEVEL -u MFLAGS make -j"$(nproc)" bochs
}

# Configures once for a key; an interrupted build goes on with the objects it has.
bochs_build() {
    key=$1
    if [ "$(cat "$BUILD/third-party/bochs/.key" 2>/dev/null)" != "$key" ]; then
        rm -rf "$BUILD/third-party/bochs"
        setup_unpacked bochs bochs
        bochs_mend_reset
        cp -R "$tools/bochs/instrument" "$BUILD/third-party/bochs/instrument/bulkhead"
        say 'configuring bochs'
        logged "$BUILD/logs/bochs-configure.log" 'configuring bochs' 1000 'nothing' bochs_configure ||
            die 'bochs could not be configured'
        echo "$key" >"$BUILD/third-party/bochs/.key"
    fi
    say "building bochs, a minute or two (log: $BUILD/logs/bochs.log)"
    logged "$BUILD/logs/bochs.log" 'building bochs' 245 'g++ -c*' bochs_make ||
        die 'bochs could not be built; when the cause above is mended, run this again'
}

setup_bochs() {
    bochs_is_ready && return 0
    wanted_key=$(bochs_key)
    kept=$CACHE/bochs-$wanted_key
    if [ ! -x "$kept" ]; then
        bochs_build "$wanted_key"
        cp "$BUILD/third-party/bochs/bochs" "$kept.part"
        strip "$kept.part"
        mv "$kept.part" "$kept"
    fi
    mkdir -p "$BUILD/third-party/bochs-install/bin"
    cp "$kept" "$BUILD/third-party/bochs-install/bin/bochs.part"
    mv "$BUILD/third-party/bochs-install/bin/bochs.part" "$BUILD/third-party/bochs-install/bin/bochs"
    echo "$wanted_key" >"$BUILD/third-party/bochs-install/key"
    say "bochs is ready: $BUILD/third-party/bochs-install/bin/bochs"
}
