/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which known name was meant by a wrong one: the fewest edits win, if they are few enough.
 * Declared in value.h.
 */
#include "boot/config/value.h"
#include "kernel/string.h"

/* Three rows of the usual table are enough, one more than the two of plain insert/delete/change,
 * because a swap looks two rows back. */
uint32_t config_edit_distance(const char *a, const char *b)
{
    size_t length_a = strnlen(a, CONFIG_NAME_MAX + 1);
    size_t length_b = strnlen(b, CONFIG_NAME_MAX + 1);
    if (length_a > CONFIG_NAME_MAX || length_b > CONFIG_NAME_MAX) {
        return CONFIG_NAME_MAX;
    }
    uint32_t rows[3][CONFIG_NAME_MAX + 1];
    for (uint32_t j = 0; j <= length_b; j++) {
        rows[0][j] = j;
    }
    for (uint32_t i = 1; i <= length_a; i++) {
        uint32_t *row = rows[i % 3];
        const uint32_t *above = rows[(i + 2) % 3];
        row[0] = i;
        for (uint32_t j = 1; j <= length_b; j++) {
            uint32_t change = above[j - 1] + (a[i - 1] != b[j - 1]);
            row[j] = MIN(MIN(above[j], row[j - 1]) + 1, change);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
                row[j] = MIN(row[j], rows[(i + 1) % 3][j - 2] + 1);
            }
        }
    }
    return rows[length_a % 3][length_b];
}

/* Near enough: one edit in three characters, two at least for anything but the shortest names. */
void config_nearest_offer(struct config_nearest *nearest, const char *known)
{
    size_t length = strnlen(nearest->wrong, CONFIG_NAME_MAX + 1);
    uint32_t limit = length < 4 ? 1 : MAX(2, (uint32_t)length / 3);
    uint32_t distance = config_edit_distance(nearest->wrong, known);
    if (distance <= limit && (nearest->best == NULL || distance < nearest->distance)) {
        nearest->best = known;
        nearest->distance = distance;
    }
}
