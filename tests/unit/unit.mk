# SPDX-License-Identifier: Apache-2.0
# Unit tests: one cmocka program a source file, for the host, with gcc and clang under ASan and UBSan.
# A test names what it links in its second line: /* links: drivers/vuart.c boot/image/%.c ... */; %
# stands for any name, the words libfdt and lwip for their sources. The freestanding kernel/string.c
# gives way to the C library.

UNIT_TESTS := $(sort $(shell find tests/unit -name 'test_*.c'))
UNIT_NAMES := $(patsubst tests/unit/%.c,%,$(UNIT_TESTS))
UNIT_SAN   := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
UNIT_CFLAGS := -std=gnu11 -O1 -g $(WARN) -I. -I$(BUILD)/gen $(LWIP_INCLUDE) -DBULKHEAD_HOST_TEST $(UNIT_SAN)
UNIT_FDT := fdt.c fdt_ro.c fdt_check.c fdt_strerror.c fdt_sw.c fdt_rw.c fdt_wip.c fdt_empty_tree.c

# FILE|WORD for every word of every such line; one program reads them all, because make asks at each start.
LINKS := $(shell awk 'FNR <= 4 && sub(/^\/\* links: /, "") && sub(/ \*\/.*/, "") \
	{ for (i = 1; i <= NF; i++) print FILENAME "|" $$i }' $(UNIT_TESTS) $(wildcard tests/fuzz/fuzz_*.c))
links_of = $(filter-out kernel/string.c,$(foreach w,$(patsubst $(1)|%,%,$(filter $(1)|%,$(LINKS))),$(or \
	$(wildcard $(subst %,*,$(w))),$(w))))
# $(1) compiler, $(2) prefix; the objects for a list of sources
unit_objects = $(patsubst %.c,$(BUILD)/unit/$(1)/obj/%.o,$(filter-out libfdt lwip $(BUILD)/%,$(2))) \
	$(patsubst $(BUILD)/%.c,$(BUILD)/unit/$(1)/obj/%.o,$(filter $(BUILD)/%,$(2))) \
	$(if $(filter libfdt,$(2)),$(patsubst %.c,$(BUILD)/unit/$(1)/obj/libfdt/%.o,$(UNIT_FDT))) \
	$(if $(filter lwip,$(2)),$(patsubst %.c,$(BUILD)/unit/$(1)/obj/lwip/%.o,$(LWIP_SRC)))

define unit_compiler
$(BUILD)/unit/$(1)/obj/%.o: %.c $(BUILD)/flags/unit | $$(SETUP_PACKAGES) $$(SETUP_LIBFDT) $$(SETUP_LWIP)
	$$(call say,CC,$$< ($(1) sanitized))
	@mkdir -p $$(@D)
	$$(Q)$(1) $$(UNIT_CFLAGS) -isystem $$(LIBFDT_DIR) -MMD -MP -c -o $$@ $$<
$(BUILD)/unit/$(1)/obj/%.o: $(BUILD)/%.c $(BUILD)/flags/unit | $$(SETUP_PACKAGES)
	@mkdir -p $$(@D)
	$$(Q)$(1) $$(UNIT_CFLAGS) -MMD -MP -c -o $$@ $$<
$(BUILD)/unit/$(1)/obj/libfdt/%.o: $(BUILD)/flags/unit | $$(SETUP_LIBFDT)
	@mkdir -p $$(@D)
	$$(Q)$(1) $$(UNIT_CFLAGS) $$(LIBFDT_CFLAGS) -I$$(LIBFDT_DIR) -c -o $$@ $$(LIBFDT_DIR)/$$*.c
$(BUILD)/unit/$(1)/obj/lwip/%.o: $(LWIP_OPTIONS) $(BUILD)/flags/unit | $$(SETUP_LWIP)
	@mkdir -p $$(@D)
	$$(Q)$(1) $$(UNIT_CFLAGS) -w -MMD -MP -c -o $$@ $$(LWIP_DIR)/$$*.c
endef
define unit_program
$(BUILD)/unit/$(1)/$(2): $(call unit_objects,$(1),tests/unit/$(2).c $(3))
	@mkdir -p $$(@D)
	$$(Q)$(1) $$(UNIT_SAN) -o $$@ $$^ -lcmocka
endef
$(foreach c,gcc clang,$(eval $(call unit_compiler,$(c))))
$(foreach t,$(UNIT_NAMES),$(eval links_$(t) := $(call links_of,tests/unit/$(t).c)))
$(foreach c,gcc clang,$(foreach t,$(UNIT_NAMES),$(eval $(call unit_program,$(c),$(t),$(links_$(t))))))

UNIT_PROGRAMS := $(foreach c,gcc clang,$(addprefix $(BUILD)/unit/$(c)/,$(UNIT_NAMES)))
.SECONDARY:
-include $(shell find $(BUILD)/unit -name '*.d' 2>/dev/null)

# Fuzzers: clang's libFuzzer; `links:` as above.
FUZZ_NAMES := $(patsubst tests/fuzz/%.c,%,$(sort $(wildcard tests/fuzz/fuzz_*.c)))
FUZZ_SAN   := -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all
FUZZ_LDFLAGS := -fsanitize=fuzzer,address,undefined
FUZZ_CFLAGS := -std=gnu11 -O2 -g $(WARN) -I. -I$(BUILD)/gen $(LWIP_INCLUDE) -DBULKHEAD_HOST_TEST $(FUZZ_SAN)
fuzz_objects = $(patsubst %.c,$(BUILD)/fuzz/obj/%.o,$(filter-out libfdt lwip,$(1))) \
	$(if $(filter libfdt,$(1)),$(patsubst %.c,$(BUILD)/fuzz/obj/libfdt/%.o,$(UNIT_FDT))) \
	$(if $(filter lwip,$(1)),$(patsubst %.c,$(BUILD)/fuzz/obj/lwip/%.o,$(LWIP_SRC)))
$(BUILD)/fuzz/obj/%.o: %.c $(BUILD)/flags/fuzz | $(SETUP_PACKAGES) $(SETUP_LIBFDT) $(SETUP_LWIP)
	@mkdir -p $(@D)
	$(Q)clang $(FUZZ_CFLAGS) -isystem $(LIBFDT_DIR) -MMD -MP -c -o $@ $<
$(BUILD)/fuzz/obj/libfdt/%.o: $(BUILD)/flags/fuzz | $(SETUP_LIBFDT)
	@mkdir -p $(@D)
	$(Q)clang $(FUZZ_CFLAGS) $(LIBFDT_CFLAGS) -I$(LIBFDT_DIR) -c -o $@ $(LIBFDT_DIR)/$*.c
$(BUILD)/fuzz/obj/lwip/%.o: $(LWIP_OPTIONS) $(BUILD)/flags/fuzz | $(SETUP_LWIP)
	@mkdir -p $(@D)
	$(Q)clang $(FUZZ_CFLAGS) -w -MMD -MP -c -o $@ $(LWIP_DIR)/$*.c
define fuzz_program
$(BUILD)/fuzz/$(1): $(call fuzz_objects,tests/fuzz/$(1).c $(call links_of,tests/fuzz/$(1).c))
	$(call say,FUZZER,$(1))
	$$(Q)clang $$(FUZZ_LDFLAGS) -o $$@ $$^
endef
$(foreach f,$(FUZZ_NAMES),$(eval $(call fuzz_program,$(f))))
FUZZ_PROGRAMS := $(addprefix $(BUILD)/fuzz/,$(FUZZ_NAMES))
-include $(shell find $(BUILD)/fuzz -name '*.d' 2>/dev/null)
