# SPDX-License-Identifier: Apache-2.0
# The Linux guests: Debian's own kernels, cloud (build/guests/vmlinuz) and PREEMPT_RT
# (build/guests/vmlinuz-rt, and unpacked vmlinux-rt), each with an initramfs of Debian's busybox; the one of the second also
# has the driver of an 82540EM. A third initramfs, for the cloud kernel, has the watchdog's; a fourth, for the other, a
# process whose memory goes bad. Included by guests/guests.mk.

BUSYBOX ?= /bin/busybox
LINUX_GUEST := $(addprefix $(BUILD)/guests/,vmlinuz initramfs.cpio vmlinuz-rt vmlinux-rt initramfs-rt.cpio \
	initramfs-watchdog.cpio initramfs-poison.cpio)
E1000 := $(BUILD)/guests/obj/e1000.ko

$(BUILD)/guests/vmlinuz: guests/linux/fetch | $(SETUP_PACKAGES)
	$(call say,FETCH,$@)
	@mkdir -p $(@D)
	$(Q)BUILD=$(BUILD) guests/linux/fetch cloud $@
$(BUILD)/guests/vmlinuz-rt: guests/linux/fetch | $(SETUP_PACKAGES)
	$(call say,FETCH,$@)
	@mkdir -p $(@D)
	$(Q)BUILD=$(BUILD) guests/linux/fetch rt $@
$(BUILD)/guests/vmlinux-rt: $(BUILD)/guests/vmlinuz-rt guests/linux/unpack
	$(call say,UNPACK,$@)
	$(Q)$(PYTHON) guests/linux/unpack $< $@
# Of the same package as the kernel, which is in the cache then.
$(E1000): $(BUILD)/guests/vmlinuz-rt
	@mkdir -p $(@D)
	$(Q)BUILD=$(BUILD) guests/linux/fetch rt $@ e1000.ko
# Programs for Linux, without a C library. These two try memory on behalf of /init.
LINUX_CFLAGS = -I. -std=gnu11 -O2 $(WARN) -ffreestanding -nostdlib -static -fno-stack-protector -fno-pic \
	-no-pie -Wl,--build-id=none
LINUX_PROGRAMS := $(addprefix $(BUILD)/guests/obj/,memory poison)
$(LINUX_PROGRAMS): $(BUILD)/guests/obj/%: guests/linux/%.c guests/linux/user.h $(BUILD)/flags/guests | $(SETUP_PACKAGES)
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(LINUX_CFLAGS) -o $@ $<
$(BUILD)/guests/initramfs.cpio: guests/linux/mkinitramfs guests/linux/init $(BUILD)/guests/obj/memory | $(SETUP_PACKAGES)
	$(call say,CPIO,$@)
	@mkdir -p $(@D)
	$(Q)guests/linux/mkinitramfs $(BUSYBOX) guests/linux/init $@ $(BUILD)/guests/obj/memory
$(BUILD)/guests/initramfs-rt.cpio: guests/linux/mkinitramfs guests/linux/init-rt $(E1000) | $(SETUP_PACKAGES)
	$(call say,CPIO,$@)
	@mkdir -p $(@D)
	$(Q)guests/linux/mkinitramfs $(BUSYBOX) guests/linux/init-rt $@ $(E1000)
WATCHDOG_MODULES := $(addprefix $(BUILD)/guests/obj/,watchdog.ko wdat_wdt.ko)
$(WATCHDOG_MODULES): $(BUILD)/guests/vmlinuz
	@mkdir -p $(@D)
	$(Q)BUILD=$(BUILD) guests/linux/fetch cloud $@ $(@F)
$(BUILD)/guests/initramfs-watchdog.cpio: guests/linux/mkinitramfs guests/linux/init-watchdog \
		$(WATCHDOG_MODULES) | $(SETUP_PACKAGES)
	$(call say,CPIO,$@)
	$(Q)guests/linux/mkinitramfs $(BUSYBOX) guests/linux/init-watchdog $@ $(WATCHDOG_MODULES)
$(BUILD)/guests/initramfs-poison.cpio: guests/linux/mkinitramfs guests/linux/init-poison $(BUILD)/guests/obj/poison | \
		$(SETUP_PACKAGES)
	$(call say,CPIO,$@)
	$(Q)guests/linux/mkinitramfs $(BUSYBOX) guests/linux/init-poison $@ $(BUILD)/guests/obj/poison
GUESTS += $(LINUX_GUEST)

.PHONY: linux-guest
linux-guest: $(LINUX_GUEST) ## fetch Debian's kernels and make the Linux guests' initramfs
