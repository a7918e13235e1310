/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Remarks of the services on the guest's own console, which is in the machine's log. The guest has
 * them in net.c; tests have their own.
 */
#ifndef GUESTS_NET_NOTE_H
#define GUESTS_NET_NOTE_H

/*
 * One line, "net: " in front and a line end behind are added. At most a few a second are printed,
 * so that strangers cannot fill the log; how many were left out is told later.
 */
void net_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
