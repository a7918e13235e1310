/* SPDX-License-Identifier: Apache-2.0 */
/* The screen of the emulated machine as a picture. Called by instrument.cc. */
#ifndef BULKHEAD_PICTURE_H
#define BULKHEAD_PICTURE_H

/*
 * Draws the screen as it is now and writes it to `path` as a binary PPM,
 * replacing the file in one step. Only from the simulation's own thread, and
 * only while the devices exist. Returns false when there is nothing to draw
 * yet or the file cannot be written.
 */
bool picture_write(const char *path);

#endif
