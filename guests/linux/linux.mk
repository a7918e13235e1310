# SPDX-License-Identifier: Apache-2.0
# The Linux guest: Debian's own kernel (build/guests/vmlinuz) and an initramfs of Debian's busybox
# (build/guests/initramfs.cpio). Included by guests/guests.mk.

BUSYBOX ?= /bin/busybox
LINUX_GUEST := $(BUILD)/guests/vmlinuz $(BUILD)/guests/initramfs.cpio

$(BUILD)/guests/vmlinuz: guests/linux/fetch | $(SETUP_PACKAGES)
	$(call say,FETCH,$@)
	@mkdir -p $(@D)
	$(Q)BUILD=$(BUILD) guests/linux/fetch $@
$(BUILD)/guests/initramfs.cpio: guests/linux/mkinitramfs guests/linux/init | $(SETUP_PACKAGES)
	$(call say,CPIO,$@)
	@mkdir -p $(@D)
	$(Q)guests/linux/mkinitramfs $(BUSYBOX) $@
GUESTS += $(LINUX_GUEST)

.PHONY: linux-guest
linux-guest: $(LINUX_GUEST) ## fetch Debian's kernel and make the Linux guest's initramfs
