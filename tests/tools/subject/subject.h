/* SPDX-License-Identifier: Apache-2.0 */
/* Between the two parts of the test subject. */
#ifndef SUBJECT_H
#define SUBJECT_H

/* Writes a line to COM1. */
void say(const char *text);

/*
 * Enters a guest that executes CPUID `count` times and then VMCALL, on this
 * processor, which stays in VMX operation afterwards. Returns false when the
 * processor refuses. Only once per boot.
 */
bool vmx_exits_provoke(unsigned count);

#endif
