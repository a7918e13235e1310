# SPDX-License-Identifier: Apache-2.0
# Bulkhead's build. `make help` lists the targets. Everything built lies in build/.

BUILD   := build
V       ?= 0
Q       := $(if $(filter 1,$(V)),,@)
say      = $(if $(filter 1,$(V)),,@printf '  %-8s%s\n' '$(1)' '$(2)')
PYTHON  := /usr/bin/python3
ifeq ($(origin CC),default)
CC      := gcc
endif
COMMA   := ,

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SUFFIXES:

-include tools/setup.mk
LIBFDT_DIR ?= $(BUILD)/third-party/dtc/libfdt
-include $(wildcard drivers/drivers.mk guests/guests.mk guests/acpi/acpi.mk tools/bulkhead-check/bulkhead-check.mk tools/check.mk)

# ---------------------------------------------------------------- flags
WARN := -Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Werror
IS_CLANG := $(findstring clang,$(CC))
COMMON_CFLAGS := -std=gnu11 -O2 -g $(WARN) -I. -ffreestanding -fno-common -fno-strict-aliasing \
	-fno-stack-protector -fcf-protection=none -mno-red-zone -mgeneral-regs-only \
	-fno-omit-frame-pointer -ffile-prefix-map=$(CURDIR)=. $(if $(IS_CLANG),,-fno-tree-loop-distribute-patterns)
KERNEL_CFLAGS := $(COMMON_CFLAGS) -falign-functions=1 \
	$(if $(IS_CLANG),-mstack-alignment=8,-falign-jumps=1 -falign-loops=1 -mpreferred-stack-boundary=3) \
	-momit-leaf-frame-pointer -ffunction-sections -fdata-sections -mcmodel=kernel -fno-pic -fno-pie -fno-asynchronous-unwind-tables
KERNEL_LDFLAGS := -nostdlib -static --nmagic -T linker.ld -z noexecstack \
	--gc-sections --build-id=none --no-warn-rwx-segments
# GNU-EFI: its crt0 and linker script, a position-independent image turned into PE by objcopy.
EFI_LIB := /usr/lib
EFI_INC := /usr/include/efi
LOADER_CFLAGS := $(COMMON_CFLAGS) -fpic -fshort-wchar -DGNU_EFI_USE_MS_ABI -fvisibility=hidden \
	-isystem $(EFI_INC) -isystem $(EFI_INC)/x86_64 -fno-asynchronous-unwind-tables

EFI_LD = ld -nostdlib -znocombreloc -shared -Bsymbolic --build-id=none --no-undefined -z noexecstack \
	-T $(EFI_LIB)/elf_x86_64_efi.lds $(EFI_LIB)/crt0-efi-x86_64.o
EFI_LD_LIBS = -L $(EFI_LIB) -lgnuefi $$($(CC) -print-libgcc-file-name)
EFI_OBJCOPY = objcopy -j .text -j .sdata -j .data -j .dynamic -j .dynsym -j .rel -j .rela -j '.rel.*' \
	-j '.rela.*' -j .reloc -j .rodata --strip-debug --target=efi-app-x86_64

GIT_VERSION := $(shell git describe --always --dirty --tags 2>/dev/null || echo unknown)

# ---------------------------------------------------------------- kernel
KERNEL_C := $(wildcard kernel/*.c vmx/*.c ept/*.c drivers/*.c)
KERNEL_S := $(wildcard kernel/*.S vmx/*.S)
KERNEL_GEN := $(DRIVERS_GENERATED_C)
KERNEL_O := $(patsubst %.c,$(BUILD)/kernel/%.o,$(KERNEL_C)) \
	$(patsubst %.S,$(BUILD)/kernel/%.S.o,$(KERNEL_S)) \
	$(patsubst $(BUILD)/gen/%.c,$(BUILD)/kernel/gen/%.o,$(KERNEL_GEN))

$(BUILD)/kernel/%.o: %.c $(BUILD)/flags/kernel | $(SETUP_PACKAGES)
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(KERNEL_CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/kernel/gen/%.o: $(BUILD)/gen/%.c $(BUILD)/flags/kernel | $(SETUP_PACKAGES)
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(KERNEL_CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/kernel/%.S.o: %.S $(BUILD)/flags/kernel | $(SETUP_PACKAGES)
	$(call say,AS,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(KERNEL_CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/gen/version.h: FORCE
	@mkdir -p $(@D)
	@printf '#define BULKHEAD_VERSION "%s"\n' '$(GIT_VERSION)' > $@.new
	@cmp -s $@.new $@ || cp $@.new $@; rm -f $@.new
$(BUILD)/kernel/kernel/main.o $(BUILD)/loader/boot/main.o: KERNEL_CFLAGS += -I$(BUILD)/gen
$(BUILD)/loader/boot/main.o: LOADER_CFLAGS += -I$(BUILD)/gen
$(BUILD)/kernel/kernel/main.o $(BUILD)/loader/boot/main.o: $(BUILD)/gen/version.h

# What runs at exits is made for speed, the rest (and what is marked COLD) for size. The hottest of it goes without frame
# pointers; vmx/entry.S keeps the chain for those further down.
KERNEL_HOT := $(filter-out vmx/exit_event.c drivers/vuart_input.c,$(wildcard vmx/vcpu.c vmx/exit*.c vmx/guest.c kernel/vm_io.c \
	kernel/vm_memory.c kernel/vm_interrupt.c kernel/window.c kernel/hypercall.c kernel/icr.c \
	kernel/mmio_execute.c kernel/msr_policy.c kernel/cpuid_policy.c \
	kernel/xapic.c drivers/vuart*.c drivers/vioapic.c))
KERNEL_COLD_O := $(patsubst %.c,$(BUILD)/kernel/%.o,$(filter-out $(KERNEL_HOT),$(KERNEL_C)))
KERNEL_COLD_CFLAGS := -Oz -fno-jump-tables
$(KERNEL_COLD_O): KERNEL_CFLAGS += $(KERNEL_COLD_CFLAGS)
# Each byte of a guest's console passes here.
KERNEL_CONSOLE_CFLAGS := -Os
$(BUILD)/kernel/kernel/vm_console.o: KERNEL_CFLAGS += $(KERNEL_CONSOLE_CFLAGS)
KERNEL_EXIT_CFLAGS := -fomit-frame-pointer
$(BUILD)/kernel/vmx/vcpu.o $(BUILD)/kernel/vmx/exit_%.o: KERNEL_CFLAGS += $(KERNEL_EXIT_CFLAGS)

# The symbol table for backtraces is made from a first link and linked in by the second.
$(BUILD)/kernel.nosyms.elf: $(KERNEL_O) linker.ld
	$(Q)ld $(KERNEL_LDFLAGS) -o $@ $(KERNEL_O)
$(BUILD)/gen/symbols.S: $(BUILD)/kernel.nosyms.elf tools/mksymbols
	$(call say,SYMBOLS,$@)
	@mkdir -p $(@D)
	$(Q)$(PYTHON) tools/mksymbols $< > $@
$(BUILD)/kernel/gen/symbols.o: $(BUILD)/gen/symbols.S
	$(Q)$(CC) $(KERNEL_CFLAGS) -c -o $@ $<
$(BUILD)/kernel.elf: $(KERNEL_O) $(BUILD)/kernel/gen/symbols.o linker.ld
	$(call say,LD,$@)
	$(Q)ld $(KERNEL_LDFLAGS) -o $@ $(KERNEL_O) $(BUILD)/kernel/gen/symbols.o
$(BUILD)/kernel.stripped.elf: $(BUILD)/kernel.elf tools/cutelf
	$(Q)objcopy --strip-all $< $@
	$(Q)$(PYTHON) tools/cutelf $@

# ---------------------------------------------------------------- loader
# Pure modules of the kernel that the loader calls as well.
LOADER_SHARED := kernel/printf.c kernel/string.c kernel/fault_plan.c kernel/mtrr.c kernel/paging.c kernel/palloc.c kernel/panic_record.c \
	vmx/features.c vmx/feature_table.c vmx/caps.c drivers/pci.c drivers/pci_bars.c
LOADER_C := $(wildcard boot/*.c boot/config/*.c boot/image/*.c) $(wildcard $(LOADER_SHARED))
LOADER_O := $(patsubst %.c,$(BUILD)/loader/%.o,$(LOADER_C)) $(BUILD)/loader/boot/kernel_blob.o \
	$(patsubst %.S,$(BUILD)/loader/%.S.o,$(wildcard boot/*.S)) \
	$(patsubst $(BUILD)/gen/%.c,$(BUILD)/loader/gen/%.o,$(ACPI_GENERATED_C))
LIBFDT_SRC := fdt.c fdt_ro.c fdt_check.c fdt_strerror.c
LOADER_FDT_O := $(patsubst %.c,$(BUILD)/loader/libfdt/%.o,$(LIBFDT_SRC))

$(BUILD)/loader/%.o: %.c $(BUILD)/flags/loader | $(SETUP_PACKAGES) $(SETUP_LIBFDT)
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(LOADER_CFLAGS) $(FDT_INCLUDE) -MMD -MP -c -o $@ $<
$(BUILD)/loader/gen/%.o: $(BUILD)/gen/%.c $(BUILD)/flags/loader | $(SETUP_PACKAGES)
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(LOADER_CFLAGS) -MMD -MP -c -o $@ $<
$(BUILD)/loader/%.S.o: %.S $(BUILD)/flags/loader | $(SETUP_PACKAGES)
	$(call say,AS,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(LOADER_CFLAGS) -MMD -MP -c -o $@ $<
$(BUILD)/loader/boot/kernel_blob.o: boot/kernel_blob.inc $(BUILD)/kernel.stripped.elf $(BUILD)/flags/loader
	$(Q)$(CC) $(LOADER_CFLAGS) -DKERNEL_ELF='"$(BUILD)/kernel.stripped.elf"' -x assembler-with-cpp -c -o $@ $<
# libfdt is built from Debian's source package with our flags; its own warnings are not ours. It adds lengths that it
# has read to signed offsets and looks at the result afterwards: that needs an overflow that wraps.
LIBFDT_CFLAGS := -w -fwrapv
FDT_INCLUDE := -isystem boot/config/libfdt_env -isystem $(LIBFDT_DIR)
$(BUILD)/loader/libfdt/%.o: $(BUILD)/flags/loader | $(SETUP_LIBFDT)
	$(call say,CC,libfdt/$*.c)
	@mkdir -p $(@D)
	$(Q)$(CC) $(LOADER_CFLAGS) $(FDT_INCLUDE) $(LIBFDT_CFLAGS) -c -o $@ $(LIBFDT_DIR)/$*.c

$(BUILD)/bulkhead.so: $(LOADER_O) $(LOADER_FDT_O)
	$(call say,LD,$@)
	$(Q)$(EFI_LD) $^ -o $@ $(EFI_LD_LIBS)
$(BUILD)/bulkhead.efi: $(BUILD)/bulkhead.so
	$(call say,OBJCOPY,$@)
	$(Q)$(EFI_OBJCOPY) $< $@

# ---------------------------------------------------------------- unit tests
include tests/unit/unit.mk
include tests/system/fixtures.mk
include tests/tests.mk
include tools/flags.mk

# ---------------------------------------------------------------- targets
.PHONY: all clean distclean FORCE help run debug compile_commands.json
all: $(BUILD)/bulkhead.efi ## build bulkhead.efi

clean: ## remove what was built; keep fetched sources, Bochs and guests' packages
	$(Q)find $(BUILD) -mindepth 1 -maxdepth 1 ! -name third-party ! -name cache ! -name stamps \
		-exec rm -rf {} + 2>/dev/null || true
distclean: ## remove build/ altogether
	$(Q)rm -rf $(BUILD) compile_commands.json

help: ## list the targets
	@grep -hE '^[a-z._-]+:.*## ' Makefile $(filter %.mk,$(MAKEFILE_LIST)) | sort -u | \
		awk -F':.*## ' '{ printf "  %-23s%s\n", $$1, $$2 }'
	@echo "  Variables: V=1 shows commands; CC=clang builds with clang."

-include $(shell find $(BUILD)/kernel $(BUILD)/loader -name '*.d' 2>/dev/null)
