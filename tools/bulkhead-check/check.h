/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bulkhead-check: the loader's checker as a program for a workstation. This header is what its
 * files share; everything that judges a configuration is in boot/config.
 */
#ifndef TOOLS_BULKHEAD_CHECK_CHECK_H
#define TOOLS_BULKHEAD_CHECK_CHECK_H

#include "boot/config/config.h"

#define FOLDER_MAX 16

struct options {
    const char *file;
    const char *machine; /* NULL: not given */
    int plan;            /* int, for getopt_long() */
    int json;
    int strict;
    int no_images;
    int properties;
    int help;
    const char *folders[FOLDER_MAX]; /* -I, after the configuration's own */
    int folder_count;
};

/* A whole file in memory; data is malloc()ed, NULL when it could not be read. */
struct blob {
    void *data;
    size_t size;
};

struct blob blob_read_file(const char *path);

/* A .dtb file, or what dtc makes of a .dts; prints why when it cannot. */
struct blob blob_read_tree(const char *path);

/* Finds and reads all files of the configuration beside `options->file` and in -I's folders. */
void images_read(const struct options *options, struct config *config);

/* What was found out, as one JSON object on stdout. plan: NULL when there is none. */
void json_print(const struct options *options, const struct config_report *report,
                const struct config *config, const struct machine_plan *plan);

#endif
