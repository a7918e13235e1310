# SPDX-License-Identifier: Apache-2.0
# Bulkhead's own guests: build/guests/NAME.elf for each folder on the runtime, and reset.bin.
# Included by the Makefile before its flags are set: everything here expands late.

GUEST_NAMES := hello echo smp rt bench neighbour hostile events net manager lives
GUESTS := $(addprefix $(BUILD)/guests/,$(addsuffix .elf,$(GUEST_NAMES)) reset.bin)
include guests/linux/linux.mk
include guests/foreign/foreign.mk

GUEST_CFLAGS = $(COMMON_CFLAGS) -mcmodel=small -fno-pic -fno-pie -fno-asynchronous-unwind-tables
GUEST_LDFLAGS = -nostdlib -static -z max-page-size=4096 -z noexecstack --build-id=none \
	--no-warn-rwx-segments

include guests/net/net.mk

# Pure modules of the kernel that guests share.
GUEST_SHARED := kernel/printf.c kernel/string.c
guest_objects = $(patsubst %,$(BUILD)/guests/obj/%.o,$(sort $(wildcard guests/runtime/*.[cS] \
	guests/$(1)/*.[cS])) $(GUEST_SHARED) $(GUEST_MORE_$(1)))

$(BUILD)/guests/obj/%.c.o: %.c $(BUILD)/flags/guests | $(SETUP_PACKAGES)
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(GUEST_CFLAGS) -MMD -MP -c -o $@ $<
$(BUILD)/guests/obj/%.S.o: %.S $(BUILD)/flags/guests | $(SETUP_PACKAGES)
	$(call say,AS,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(GUEST_CFLAGS) -MMD -MP -c -o $@ $<

define guest_rule
$(BUILD)/guests/$(1).elf: $(call guest_objects,$(1)) guests/runtime/guest.ld
	$$(call say,LD,$$@)
	$$(Q)ld $$(GUEST_LDFLAGS) -T guests/runtime/guest.ld -o $$@ $(call guest_objects,$(1))
endef
$(foreach g,$(GUEST_NAMES),$(eval $(call guest_rule,$(g))))

$(BUILD)/guests/reset.bin: $(BUILD)/guests/obj/guests/reset/reset.S.o guests/reset/reset.ld
	$(call say,LD,$@)
	$(Q)ld -nostdlib -static --build-id=none -T guests/reset/reset.ld -o $@ $<

.PHONY: guests
guests: $(GUESTS) ## build the guests in build/guests/

-include $(shell find $(BUILD)/guests/obj -name '*.d' 2>/dev/null)
include tests/bench/bench.mk
