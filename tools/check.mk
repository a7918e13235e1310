# SPDX-License-Identifier: Apache-2.0
# Checks of the source, the list of commands that they and editors read, and the debugger. Included by
# the Makefile.

# Written anew each time: what make would do, which takes a second to ask, decides the list.
compile_commands.json: FORCE ## list how each file is compiled, for clang's tools and editors
	$(Q)tools/check/compile_commands $@

# CHECKS="format layers" runs only those; the default is all.
.PHONY: check
check: compile_commands.json $(BUILD)/gen/version.h $(DRIVERS_GENERATED_C) | $(SETUP_PACKAGES) $(SETUP_LIBFDT) ## check format, folder dependencies, documentation, cppcheck, clang-tidy
	$(Q)tools/check/run $(CHECKS)

# A machine with one CPU under gdb; CONFIG names another configuration. Its Bochs is built when it
# is first asked for.
CONFIG ?= config/one-vm.dts
.PHONY: debug
debug: $(BUILD)/bulkhead.efi $(GUESTS) | $(SETUP_BOCHS_GDB) ## attach gdb to the kernel, with symbols (CONFIG=FILE.dts)
	$(Q)tools/mkimage $(CONFIG) $(BUILD)/debug.img -I $(BUILD)/guests
	$(Q)tools/debug $(BUILD)/debug.img
