/* SPDX-License-Identifier: Apache-2.0 */
/* What vcpu_handle_exit() (vmx/vcpu.c) tells vmx/entry.S. Also included by assembly. */
#ifndef VMX_ENTRY_H
#define VMX_ENTRY_H

#define VCPU_LEAVE      0 /* back to vcpu_run() */
#define VCPU_ENTER      1 /* enter again; the guest's RBP and R12-R15 are as at the exit */
#define VCPU_ENTER_ANEW 2 /* enter again; any register may have changed */

#endif
