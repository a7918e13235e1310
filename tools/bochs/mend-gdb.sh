# SPDX-License-Identifier: Apache-2.0
# Further changes to Bochs's sources for the variant with a stub for gdb. Sourced
# by tools/setup only, which builds that variant anew when this file changes.

bochs_gdb_mend() {
    # The stub stops at every exception and at every VM exit, asked or not.
    mend cpu/cpu.cc 's/gdbstub_instruction_epilog() || bx_dbg.gdbstub_enabled)/gdbstub_instruction_epilog())/' \
        'if (gdbstub_instruction_epilog()) return;' 2
    # Reading where no memory is crashed Bochs, or answered with what was read last.
    mend gdbstub.cc 's/^  if (!valid) return(0);/  if (!valid || phys >= BX_MEM(0)->get_memory_len()) return(0);/' \
        'phys >= BX_MEM(0)->get_memory_len()' 1
    mend gdbstub.cc 's/^ *access_linear(addr, len, BX_READ, mem);/        if (!access_linear(addr, len, BX_READ, mem)) { put_reply("E14"); break; }/' \
        'put_reply("E14")' 1
    # What lies on a second page was read from the first.
    mend gdbstub.cc '/valid = access_linear(laddress,/{
N
s/laddress,\n\( *\)len +/(laddress | 0xfff) + 1,\n\1len +/
}' '(laddress | 0xfff) + 1,' 1
}
