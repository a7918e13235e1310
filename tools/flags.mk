# SPDX-License-Identifier: Apache-2.0
# Changed flags rebuild. Every rule that compiles has $(BUILD)/flags/FAMILY among its prerequisites: that file
# holds the family's flags and the compilers' versions, and is written only when they differ from what it holds.
# Included by the Makefile behind everything that sets a flag. What a rule adds for single objects has to be
# named here as well. All is expanded here: in the recipe, variables would be those of the object that asks.

FLAGS_kernel := $(KERNEL_CFLAGS) hot: $(KERNEL_HOT) cold: $(KERNEL_COLD_CFLAGS) console: $(KERNEL_CONSOLE_CFLAGS) \
	exits: $(KERNEL_EXIT_CFLAGS) ld: $(KERNEL_LDFLAGS)
FLAGS_loader := $(LOADER_CFLAGS) $(FDT_INCLUDE) libfdt: $(LIBFDT_CFLAGS) ld: $(EFI_LD) $(EFI_LD_LIBS) objcopy: $(EFI_OBJCOPY)
FLAGS_guests := $(GUEST_CFLAGS) net: $(GUEST_NET_CFLAGS) linux: $(LINUX_CFLAGS) ld: $(GUEST_LDFLAGS)
FLAGS_check := $(CHECK_CFLAGS) libfdt: $(LIBFDT_CFLAGS)
FLAGS_unit := $(UNIT_CFLAGS) libfdt: $(LIBFDT_CFLAGS)
FLAGS_fuzz := $(FUZZ_CFLAGS) libfdt: $(LIBFDT_CFLAGS) ld: $(FUZZ_LDFLAGS)
FLAG_STAMPS := $(addprefix $(BUILD)/flags/,kernel loader guests check unit fuzz)

# The first lines of what they say. Asked again before a stamp is written: set-up may have installed them.
flags_tools = $(CC): $(shell for tool in $(CC) gcc clang ld; do $$tool --version 2> /dev/null | head -n 1; done)
# What a stamp holds: $(1) family, $(2) flags_tools.
flags_text = $(strip $(FLAGS_$(1)) tools: $(2))
flags_differ = $(subst x$(1)x,,x$(2)x)$(subst x$(2)x,,x$(1)x)

FLAGS_TOOLS_NOW := $(flags_tools)
$(foreach s,$(FLAG_STAMPS),$(if \
	$(call flags_differ,$(call flags_text,$(notdir $(s)),$(FLAGS_TOOLS_NOW)),$(strip $(file <$(s)))),$(eval $(s): FORCE)))
$(FLAG_STAMPS): $(BUILD)/flags/%: | $(SETUP_PACKAGES)
	$(call say,FLAGS,$*)
	@mkdir -p $(@D)
	@printf '%s\n' '$(subst ','\'',$(call flags_text,$*,$(flags_tools)))' > $@
