# SPDX-License-Identifier: Apache-2.0
# Set-up as prerequisites. Included by the Makefile, which defines BUILD. Rules
# name what they need behind "|": a stamp says that tools/setup has done a step.
# The sources' folders are empty before that, so rules must name their files.
SETUP_PACKAGES  := $(BUILD)/stamps/packages
SETUP_BOCHS     := $(BUILD)/stamps/bochs
SETUP_BOCHS_GDB := $(BUILD)/stamps/bochs-gdb
SETUP_LIBFDT    := $(BUILD)/stamps/libfdt
SETUP_LWIP      := $(BUILD)/stamps/lwip

BOCHS      := $(BUILD)/third-party/bochs-install/bin/bochs
LIBFDT_DIR := $(BUILD)/third-party/dtc/libfdt
LWIP_DIR   := $(BUILD)/third-party/lwip/src

SETUP := BUILD=$(BUILD) tools/setup

$(SETUP_PACKAGES): tools/packages.txt
	@$(SETUP) packages
$(SETUP_BOCHS) $(SETUP_BOCHS_GDB): tools/sources.txt tools/bochs/options.txt \
		tools/bochs/mend.sh $(wildcard tools/bochs/instrument/*) | $(SETUP_PACKAGES)
	@$(SETUP) $(@F)
$(SETUP_BOCHS_GDB): tools/bochs/mend-gdb.sh
$(SETUP_LIBFDT): tools/sources.txt | $(SETUP_PACKAGES)
	@$(SETUP) libfdt
$(SETUP_LWIP): tools/sources.txt | $(SETUP_PACKAGES)
	@$(SETUP) lwip

.PHONY: setup
setup: $(SETUP_PACKAGES) $(SETUP_BOCHS) $(SETUP_LIBFDT) $(SETUP_LWIP) ## install packages, fetch sources, build Bochs
