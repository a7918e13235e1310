# SPDX-License-Identifier: Apache-2.0
# Guests that nobody here wrote, out of Debian's packages. Included by guests/guests.mk.

FOREIGN_GUEST := $(addprefix $(BUILD)/guests/,memtest86+.bin gnumach seabios.bin mach-task.elf)

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
$(BUILD)/guests/mach-task.elf: guests/foreign/task.S
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) -m32 -c -o $(@:.elf=.o) $<
	$(Q)ld -m elf_i386 -static --build-id=none -Ttext=0x400000 -o $@ $(@:.elf=.o)
	$(Q)rm -f $(@:.elf=.o)
GUESTS += $(FOREIGN_GUEST)
