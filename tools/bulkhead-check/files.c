/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads files for bulkhead-check: compiled trees, sources through dtc, images.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tools/bulkhead-check/check.h"

/* Everything that can be read from an open file; NULL on a read error. */
static struct blob read_all(int fd)
{
    struct blob blob = {malloc(1), 0};
    size_t room = 0;
    for (;;) {
        if (blob.size == room) {
            room = room * 2 + 65536;
            void *larger = realloc(blob.data, room);
            if (larger == NULL) {
                abort();
            }
            blob.data = larger;
        }
        ssize_t got = read(fd, (char *)blob.data + blob.size, room - blob.size);
        if (got == 0) {
            return blob;
        }
        if (got < 0 && errno != EINTR) {
            free(blob.data);
            return (struct blob){NULL, 0};
        }
        blob.size += got > 0 ? (size_t)got : 0;
    }
}

static struct blob read_stream(FILE *file)
{
    struct blob blob = read_all(fileno(file));
    int error = errno;
    fclose(file);
    errno = error;
    return blob;
}

struct blob blob_read_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        return (struct blob){NULL, 0};
    }
    return read_stream(file);
}

/* dtc reports errors on our stderr itself; all that is left to say is that it failed. */
static struct blob compile(const char *path)
{
    int ends[2];
    if (pipe(ends) != 0) {
        return (struct blob){NULL, 0};
    }
    pid_t child = fork();
    if (child == 0) {
        dup2(ends[1], STDOUT_FILENO);
        close(ends[0]);
        close(ends[1]);
        execlp("dtc", "dtc", "-I", "dts", "-O", "dtb", "-o", "-", path, (char *)NULL);
        fprintf(stderr, "bulkhead-check: dtc cannot be started: %s\n", strerror(errno));
        _exit(127);
    }
    close(ends[1]);
    struct blob blob = child > 0 ? read_all(ends[0]) : (struct blob){NULL, 0};
    close(ends[0]);
    int status = 1;
    if (child > 0 && waitpid(child, &status, 0) == child && status == 0 && blob.data != NULL) {
        return blob;
    }
    fprintf(stderr, "bulkhead-check: %s: dtc does not accept it\n", path);
    free(blob.data);
    return (struct blob){NULL, 0};
}

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text);
    return length >= strlen(end) && strcmp(text + length - strlen(end), end) == 0;
}

struct blob blob_read_tree(const char *path)
{
    if (ends_with(path, ".dts") && access(path, R_OK) == 0) {
        return compile(path);
    }
    struct blob blob = blob_read_file(path);
    if (blob.data == NULL) {
        fprintf(stderr, "bulkhead-check: %s: %s\n", path, strerror(errno));
    }
    return blob;
}

/* Reads a file of the configuration from one folder; false when it is not there. */
static bool read_image(struct config_file *file, const char *folder)
{
    char path[4096];
    struct stat st;
    int length = snprintf(path, sizeof(path), "%s/%s", folder, file->path);
    if (length < 0 || (size_t)length >= sizeof(path) || stat(path, &st) != 0 ||
        !S_ISREG(st.st_mode)) {
        return false;
    }
    struct blob blob = blob_read_file(path);
    if (blob.data == NULL) {
        return false;
    }
    file->image = (struct image_file){.data = blob.data, .size = blob.size};
    file->expected = (uint64_t)st.st_size;
    file->state = blob.size < file->expected ? CONFIG_FILE_SHORT : CONFIG_FILE_READ;
    return true;
}

void images_read(const struct options *options, struct config *config)
{
    char own[4096] = ".";
    const char *slash = strrchr(options->file, '/');
    if (slash != NULL) {
        snprintf(own, sizeof(own), "%.*s", (int)(slash - options->file), options->file);
    }
    for (uint32_t i = 0; i < config->file_count; i++) {
        struct config_file *file = &config->files[i];
        bool found = read_image(file, own);
        for (int j = 0; j < options->folder_count && !found; j++) {
            found = read_image(file, options->folders[j]);
        }
        if (!found) {
            file->state = CONFIG_FILE_MISSING;
        }
    }
}
