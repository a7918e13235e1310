# SPDX-License-Identifier: Apache-2.0
# The guests' DSDT: preprocessed by the compiler (iasl does not read C headers), compiled by iasl,
# turned into build/gen/dsdt.c, which is linked into the loader and into bulkhead-check.

ACPI_GENERATED_C := $(BUILD)/gen/dsdt.c

$(BUILD)/gen/dsdt.asl: guests/acpi/dsdt.asl drivers/guest_platform.h | $(SETUP_PACKAGES)
	@mkdir -p $(@D)
	$(Q)gcc -E -P -x assembler-with-cpp -I. -o $@ $<
$(BUILD)/gen/dsdt.aml: $(BUILD)/gen/dsdt.asl
	$(call say,IASL,$@)
	$(Q)iasl -we -p $(basename $@) $< > $@.log 2>&1 || { cat $@.log; exit 1; }
$(BUILD)/gen/dsdt.c: $(BUILD)/gen/dsdt.aml tools/mkarray
	$(Q)$(PYTHON) tools/mkarray dsdt_aml $< boot/image/acpi_tables.h > $@
