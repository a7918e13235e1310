# SPDX-License-Identifier: Apache-2.0
.PHONY: test test-unit test-system fuzz unit-programs
unit-programs: $(UNIT_PROGRAMS)
