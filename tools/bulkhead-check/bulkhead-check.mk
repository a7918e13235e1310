# SPDX-License-Identifier: Apache-2.0
# bulkhead-check: the loader's checker for the workstation, from the same sources. Included by the
# Makefile. The guests' DSDT (guests/acpi/acpi.mk) is laid out as in the loader.
CHECK_C := $(wildcard tools/bulkhead-check/*.c boot/config/*.c boot/image/*.c) kernel/printf.c kernel/fault_plan.c
CHECK_O := $(patsubst %.c,$(BUILD)/check/%.o,$(CHECK_C)) \
	$(addprefix $(BUILD)/check/libfdt/,fdt.o fdt_ro.o fdt_check.o fdt_strerror.o) \
	$(BUILD)/check/gen/dsdt.o
CHECK_CFLAGS = -std=gnu11 -O2 -g $(WARN) -I. -ffile-prefix-map=$(CURDIR)=.

$(BUILD)/check/%.o: %.c $(BUILD)/flags/check | $(SETUP_PACKAGES) $(SETUP_LIBFDT)
	$(call say,CC,$< (workstation))
	@mkdir -p $(@D)
	$(Q)$(CC) $(CHECK_CFLAGS) -isystem $(LIBFDT_DIR) -MMD -MP -c -o $@ $<
$(BUILD)/check/gen/%.o: $(BUILD)/gen/%.c $(BUILD)/flags/check
	@mkdir -p $(@D)
	$(Q)$(CC) $(CHECK_CFLAGS) -MMD -MP -c -o $@ $<
$(BUILD)/check/libfdt/%.o: $(BUILD)/flags/check | $(SETUP_LIBFDT)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CHECK_CFLAGS) $(LIBFDT_CFLAGS) -I$(LIBFDT_DIR) -c -o $@ $(LIBFDT_DIR)/$*.c
$(BUILD)/bulkhead-check: $(CHECK_O)
	$(call say,LD,$@)
	$(Q)$(CC) -o $@ $^

-include $(shell find $(BUILD)/check -name '*.d' 2>/dev/null)
