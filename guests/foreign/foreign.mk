# SPDX-License-Identifier: Apache-2.0
# Guests that nobody here wrote, out of Debian's packages. Included by guests/guests.mk.

FOREIGN_GUEST := $(addprefix $(BUILD)/guests/,memtest86+.bin gnumach seabios.bin)

# Name in build/guests, package, file in the package.
define foreign_rule
$(BUILD)/guests/$(1): guests/foreign/fetch | $(SETUP_PACKAGES)
	$$(call say,FETCH,$$@)
	@mkdir -p $$(@D)
	$$(Q)BUILD=$$(BUILD) guests/foreign/fetch $(2) $(3) $$@
endef
$(eval $(call foreign_rule,memtest86+.bin,memtest86+,boot/memtest86+x64.bin))
$(eval $(call foreign_rule,gnumach,gnumach-image-1.8-486,boot/gnumach-1.8-486.gz))
$(eval $(call foreign_rule,seabios.bin,seabios,usr/share/seabios/bios.bin))
GUESTS += $(FOREIGN_GUEST)
