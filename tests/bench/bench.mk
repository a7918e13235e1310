# SPDX-License-Identifier: Apache-2.0
# The native launcher: a UEFI application like the loader, from the loader's own file, memory,
# configuration and image code.

NATIVE_DIR := tests/bench/native
NATIVE_SRC := $(NATIVE_DIR)/main.c $(NATIVE_DIR)/run.c $(NATIVE_DIR)/start.S boot/file.c boot/memory.c boot/output.c \
	kernel/fault_plan.c kernel/mtrr.c kernel/printf.c kernel/string.c \
	$(wildcard boot/config/*.c boot/image/*.c)
NATIVE_O := $(patsubst %.c,$(BUILD)/loader/%.o,$(filter %.c,$(NATIVE_SRC))) \
	$(patsubst %.S,$(BUILD)/loader/%.S.o,$(filter %.S,$(NATIVE_SRC)))

$(BUILD)/native.so: $(NATIVE_O) $(addprefix $(BUILD)/loader/libfdt/,fdt.o fdt_ro.o fdt_check.o \
	fdt_strerror.o)
	$(call say,LD,$@)
	$(Q)$(EFI_LD) $^ -o $@ $(EFI_LD_LIBS)
$(BUILD)/native.efi: $(BUILD)/native.so
	$(call say,OBJCOPY,$@)
	$(Q)$(EFI_OBJCOPY) $< $@

# The measured Linux's only program, in an initramfs of its own.
BENCH_INIT := $(BUILD)/guests/bench-init.cpio
$(BENCH_INIT): tests/bench/linux/init.c $(BUILD)/flags/guests
	$(call say,CC,$<)
	@mkdir -p $(BUILD)/bench-init $(@D)
	$(Q)$(CC) $(LINUX_CFLAGS) -o $(BUILD)/bench-init/init $<
	$(Q)cd $(BUILD)/bench-init && echo init | cpio --quiet --reproducible -o -H newc > $(CURDIR)/$@

.PHONY: bench
BENCH_PROGRAMS := $(BUILD)/native.efi $(BENCH_INIT)
bench: $(BENCH_PROGRAMS) $(BUILD)/bulkhead.efi $(GUESTS) | setup ## measure Bulkhead beside the bare machine
	$(Q)$(PYTHON) tests/bench/run_bench.py
	$(Q)$(PYTHON) tests/bench/net_bench.py

.PHONY: bench-net
bench-net: $(BUILD)/bulkhead.efi $(BUILD)/guests/net.elf | setup ## what requests cost the management guest (Bochs, one CPU)
	$(Q)$(PYTHON) tests/bench/net_bench.py
