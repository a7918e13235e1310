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

# mend FILE SED-EXPRESSION PATTERN COUNT: changes a source file of Bochs and
# makes sure that PATTERN then stands in it COUNT times.
mend() {
    file=$BUILD/third-party/bochs/$1
    sed -i "$2" "$file"
    [ "$(grep -c "$3" "$file")" = "$4" ] || die "$file is not what was expected: the change '$3' did not fit"
}

# Two flaws of Bochs 3.0 that its guests stumble over.
bochs_mend() {
    # A reset leaves the enable bit of the PIIX4 power management function's I/O
    # space set (register 0x80); firmware then hangs in its second boot.
    mend iodev/acpi.cc '/::reset(unsigned type)/,/^}/ s/^\( *BX_ACPI_THIS pci_conf\)\[0x5f\] = .*/&\n\1[0x80] = 0x00;/' \
        'pci_conf\[0x80\] = 0x00;' 1
    # UEFI firmware reaches the display's data register at 0x1d0, as QEMU has it;
    # Bochs has it at 0x1cf only, and the machine would have no framebuffer.
    mend iodev/display/vga.cc 's/addr<=VBE_DISPI_IOPORT_DATA;/addr<=VBE_DISPI_IOPORT_DATA + 1;/
        s/^\( *case VBE_DISPI_IOPORT_DATA\):/&\n\1 + 1:/' 'VBE_DISPI_IOPORT_DATA + 1' 2
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
        bochs_mend
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
