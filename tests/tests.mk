# SPDX-License-Identifier: Apache-2.0
# Running the tests. tests/run_tests.py starts them side by side and prints the summary.

.PHONY: test test-unit test-system test-tools fuzz soak unit-programs fuzz-programs system-programs check
unit-programs: $(UNIT_PROGRAMS)
fuzz-programs: $(FUZZ_PROGRAMS)

# What the system tests boot, and what `make bench` does: so that a change that breaks it is seen here.
SYSTEM_NEEDS := $(BUILD)/bulkhead.efi $(GUESTS) $(TEST_EFI) $(BUILD)/bulkhead-check $(BENCH_PROGRAMS)
system-programs: $(SYSTEM_NEEDS) ## build what the system tests boot
FUZZ_SECONDS ?= 60
SOAK_ATTACKS ?= 10000000

test: $(UNIT_PROGRAMS) $(FUZZ_PROGRAMS) $(SYSTEM_NEEDS) | setup ## run every test
	$(Q)$(PYTHON) tests/run_tests.py unit fuzz tools system

test-unit: $(UNIT_PROGRAMS) ## run the unit tests (gcc and clang, sanitizers)
	$(Q)$(PYTHON) tests/run_tests.py unit

test-tools: | setup ## run the tests of tools/
	$(Q)$(PYTHON) tests/run_tests.py tools

test-system: $(SYSTEM_NEEDS) | setup ## boot test machines and read their logs
	$(Q)$(PYTHON) tests/run_tests.py system

fuzz: $(FUZZ_PROGRAMS) ## fuzz each harness for FUZZ_SECONDS (60) and keep what is found in build/
	$(Q)$(PYTHON) tests/run_tests.py fuzz --fuzz-seconds $(FUZZ_SECONDS)

soak: $(SYSTEM_NEEDS) | setup ## ten million attacks on a neighbour, and other long tests
	$(Q)SOAK_ATTACKS=$(SOAK_ATTACKS) $(PYTHON) -m pytest -q -m soak tests/system

# ---------------------------------------------------------------- a machine to look at
RUN_CPUS ?= 5
RUN_PORTS := --serve 8080:80 --serve 2300:2300 --serve 2302:2302
$(BUILD)/run.img: config/run.dts $(BUILD)/bulkhead.efi $(GUESTS) tools/mkimage tools/fdt.py
	$(call say,IMAGE,$@)
	$(Q)tools/mkimage $< $@ -I $(BUILD)/guests --efi $(BUILD)/bulkhead.efi
run: $(BUILD)/run.img | setup ## boot config/run.dts in a test machine (Bochs, 5 CPUs): Linux beside three unikernels
	$(Q)tools/run-demo config/run.dts $< --cpus $(RUN_CPUS) --timeout 300 $(RUN_PORTS)
