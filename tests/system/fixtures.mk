# SPDX-License-Identifier: Apache-2.0
# Loaders that the system tests boot instead of, or before, the real one.
#
# Variants of Bulkhead: the product's own objects, linked with one fixture that takes the place of a
# functions by the linker's --wrap. The product has no test hooks. NAME:FUNCTION[,FUNCTION...], from
# tests/system/fixtures/NAME.c.
TEST_VARIANTS := panic:memory_seal nmi_panic:memory_seal verw:vmx_mitigations_choose ends:memory_seal \
	life:console_poll_for_ever no_ioapic:vm_pci_nmi_from_pin \
	machine_check:console_poll_for_ever,exit_exception_or_nmi,mc_read_global,mc_take_bank,mc_clear_in_progress

variant_name = $(word 1,$(subst :, ,$(1)))
variant_wrap = $(addprefix --wrap=,$(subst $(COMMA), ,$(word 2,$(subst :, ,$(1)))))
define test_variant
$(BUILD)/test/$(1)/kernel.nosyms.elf: $(KERNEL_O) $(BUILD)/kernel/tests/system/fixtures/$(1).o linker.ld
	@mkdir -p $$(@D)
	$$(Q)ld $$(KERNEL_LDFLAGS) $(2) -o $$@ $$(filter %.o,$$^)
$(BUILD)/test/$(1)/symbols.S: $(BUILD)/test/$(1)/kernel.nosyms.elf tools/mksymbols
	$$(Q)$$(PYTHON) tools/mksymbols $$< > $$@
$(BUILD)/test/$(1)/kernel.elf: $(BUILD)/test/$(1)/symbols.S $(BUILD)/test/$(1)/kernel.nosyms.elf
	$$(Q)$$(CC) $$(KERNEL_CFLAGS) -c -o $$(@D)/symbols.o $$<
	$$(Q)ld $$(KERNEL_LDFLAGS) $(2) -o $$(@D)/kernel.debug.elf $(KERNEL_O) \
		$(BUILD)/kernel/tests/system/fixtures/$(1).o $$(@D)/symbols.o
	$$(Q)objcopy --strip-all $$(@D)/kernel.debug.elf $$@
$(BUILD)/test/$(1)/kernel_blob.o: boot/kernel_blob.inc $(BUILD)/test/$(1)/kernel.elf
	$$(Q)$$(CC) $$(LOADER_CFLAGS) -DKERNEL_ELF='"$(BUILD)/test/$(1)/kernel.elf"' \
		-x assembler-with-cpp -c -o $$@ $$<
$(BUILD)/test/$(1).so: $(BUILD)/test/$(1)/kernel_blob.o $(filter-out %/kernel_blob.o,$(LOADER_O)) $(LOADER_FDT_O)
	$$(call say,LD,$$@)
	$$(Q)$$(EFI_LD) $$^ -o $$@ $$(EFI_LD_LIBS)
$(BUILD)/test/$(1).efi: $(BUILD)/test/$(1).so
	$$(Q)$$(EFI_OBJCOPY) $$< $$@
endef
$(foreach v,$(TEST_VARIANTS),$(eval $(call test_variant,$(call variant_name,$(v)),$(call variant_wrap,$(v)))))

# Programs that change the machine and then start \EFI\bulkhead.efi: tests/system/fixtures/NAME.c.
TEST_CHAINS := lock_vtx skew_tsc uncache
$(BUILD)/test/%.chain.so: $(BUILD)/loader/tests/system/fixtures/%.o $(BUILD)/loader/tests/system/fixtures/chain.o \
		$(BUILD)/loader/kernel/string.o $(BUILD)/loader/kernel/mtrr.o
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(EFI_LD) $^ -o $@ $(EFI_LD_LIBS)
$(BUILD)/test/%.chain.efi: $(BUILD)/test/%.chain.so
	$(Q)$(EFI_OBJCOPY) $< $@

TEST_EFI := $(foreach v,$(TEST_VARIANTS),$(BUILD)/test/$(call variant_name,$(v)).efi) \
	$(foreach c,$(TEST_CHAINS),$(BUILD)/test/$(c).chain.efi)
