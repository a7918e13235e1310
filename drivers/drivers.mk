# SPDX-License-Identifier: Apache-2.0
# Generated sources of drivers/: the Makefile compiles them as it does drivers/*.c.

DRIVERS_GENERATED_C := $(BUILD)/gen/font.c

$(BUILD)/gen/font.c: tools/font/font.txt tools/mkfont
	$(call say,FONT,$@)
	@mkdir -p $(@D)
	$(Q)$(PYTHON) tools/mkfont $< $@
