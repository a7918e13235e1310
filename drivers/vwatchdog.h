/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The virtual watchdog: eight ports of our own, described to systems by ACPI's WDAT table, which
 * Linux's wdat_wdt module drives (Debian ships it in its cloud, generic and rt kernels, while the
 * modules for particular chips are not in the cloud kernel). A guest without ACPI writes the ports.
 *
 * The port router calls vwatchdog_ops. Nothing ticks here: some CPU of the kernel asks
 * vwatchdog_expired() now and then, and treats true as the VM's crash.
 *
 * Registers, by offset from GUEST_WATCHDOG_PORT:
 *   0  control    8 bits  bit 0: runs. Turning it on starts from the full time-out.
 *   1  reload     8 bits  write only, any value: start again from the full time-out
 *   2  time-out  16 bits  in units of 100 ms; 0 counts as 1; writing reloads
 *   4  remaining 16 bits  read only, in the same units, rounded up
 *   6  status     8 bits  bit 0: the VM's last run was ended by the watchdog; write 1 to clear
 *   7  reserved, reads 0
 *
 * The WDAT table that goes with it (actions and instructions of the table's specification):
 *   period 100 ms, maximum 0xFFFF, minimum 1, flags "enabled", PCI location all 0xFF (none)
 *   RESET            write value 1            at +1, 8 bits
 *   QUERY_COUNTDOWN  read countdown           at +4, 16 bits
 *   SET_COUNTDOWN    write countdown          at +2, 16 bits
 *   QUERY_RUNNING    read value 1, mask 1     at +0, 8 bits
 *   SET_RUNNING      write value 1, mask 1    at +0, 8 bits
 *   QUERY_STOPPED    read value 0, mask 1     at +0, 8 bits
 *   SET_STOPPED      write value 0, mask 1    at +0, 8 bits
 *   QUERY_STATUS     read value 1, mask 1     at +6, 8 bits
 *   SET_STATUS       write value 1, mask 1    at +6, 8 bits
 */
#ifndef DRIVERS_VWATCHDOG_H
#define DRIVERS_VWATCHDOG_H

#include "drivers/device.h"

#define VWATCHDOG_PORT_COUNT 8
#define VWATCHDOG_CONTROL    0
#define VWATCHDOG_RELOAD     1
#define VWATCHDOG_TIMEOUT    2
#define VWATCHDOG_REMAINING  4
#define VWATCHDOG_STATUS     6

#define VWATCHDOG_RUN        0x01 /* of control */
#define VWATCHDOG_FIRED      0x01 /* of status */
#define VWATCHDOG_UNIT_MS    100
#define VWATCHDOG_NEVER      UINT64_MAX

/* Milliseconds, never going backwards. */
typedef uint64_t vwatchdog_now_fn(void *context);

struct vwatchdog {
    vwatchdog_now_fn *now; /* wiring: kept over a reset */
    void *now_context;
    bool running;
    bool paused;       /* by the kernel, with the VM */
    bool expired;      /* in this run of the VM */
    bool fired;        /* in its last run */
    uint16_t timeout;  /* units */
    uint64_t deadline; /* ms; while running */
    uint64_t left;     /* ms; while paused */
};

/* now is never NULL. Stopped, with a time-out of 60 s. */
void vwatchdog_init(struct vwatchdog *watchdog, vwatchdog_now_fn *now, void *now_context);

/* For a restart of the VM: stopped; status says whether it had expired. */
void vwatchdog_reset(struct vwatchdog *watchdog);

/* Whether the guest has let it run out. Stays true until the reset. */
bool vwatchdog_expired(struct vwatchdog *watchdog);

/* The time in ms from which on vwatchdog_expired() is true; VWATCHDOG_NEVER. */
uint64_t vwatchdog_deadline(const struct vwatchdog *watchdog);

/* While the kernel has paused the VM, its time does not run. Calls need not be paired. */
void vwatchdog_pause(struct vwatchdog *watchdog);
void vwatchdog_resume(struct vwatchdog *watchdog);

extern const struct device_ops vwatchdog_ops; /* GUEST_WATCHDOG_PORT, eight ports */

#endif
