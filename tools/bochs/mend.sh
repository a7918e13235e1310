# SPDX-License-Identifier: Apache-2.0
# The changes to Bochs's own sources. Sourced by tools/setup only, which builds
# Bochs anew when this file changes; $folder is the unpacked source.

# mend FILE SED-EXPRESSION PATTERN COUNT: changes a source file of Bochs and
# makes sure that PATTERN then stands in it COUNT times.
mend() {
    sed -i "$2" "$folder/$1"
    [ "$(grep -c "$3" "$folder/$1")" = "$4" ] ||
        die "$folder/$1 is not what was expected: the change '$3' did not fit"
}

# Flaws of Bochs 3.0 that its guests or its user stumble over.
bochs_mend() {
    # A reset leaves the enable bit of the PIIX4 power management function's I/O
    # space set (register 0x80); firmware then hangs in its second boot.
    mend iodev/acpi.cc '/::reset(unsigned type)/,/^}/ s/^\( *BX_ACPI_THIS pci_conf\)\[0x5f\] = .*/&\n\1[0x80] = 0x00;/' \
        'pci_conf\[0x80\] = 0x00;' 1
    # UEFI firmware reaches the display's data register at 0x1d0, as QEMU has it;
    # Bochs has it at 0x1cf only, and the machine would have no framebuffer.
    mend iodev/display/vga.cc 's/addr<=VBE_DISPI_IOPORT_DATA;/addr<=VBE_DISPI_IOPORT_DATA + 1;/
        s/^\( *case VBE_DISPI_IOPORT_DATA\):/&\n\1 + 1:/' 'VBE_DISPI_IOPORT_DATA + 1' 2
    # A halted processor is not woken for an interrupt-window exit (SDM, "Other
    # Causes of VM Exits": it is, as by an interrupt), and sleeps on.
    mend cpu/event.cc '/::handleWaitForEvent/,/^}/ s/^\( *\)BX_EVENT_VMX_VIRTUAL_NMI))/\1BX_EVENT_VMX_INTERRUPT_WINDOW_EXITING |\n&/' \
        'BX_EVENT_VMX_INTERRUPT_WINDOW_EXITING |$' 1
    # The debugger's port is for this machine, not for its network.
    mend gdbstub.cc 's/htonl(INADDR_ANY)/htonl(INADDR_LOOPBACK)/' 'htonl(INADDR_LOOPBACK)' 1
}
