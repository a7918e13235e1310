/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of all requests. In paths * stands for a VM's name.
 */
#include "guests/net/http_route.h"

#include "guests/net/auth.h"
#include "guests/net/backend.h"
#include "guests/net/pages.h"
#include "kernel/string.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

enum need {
    NEED_NOTHING, /* holds nothing worth a secret */
    NEED_READ,    /* the token, or `open-read` */
    NEED_TOKEN,
};

static void page_index(const struct http_request *request, uint32_t vm, struct http_answer *answer)
{
    (void)request;
    (void)vm;
    answer->type = "text/html; charset=utf-8";
    answer->fixed = page_index_html;
    answer->fixed_size = page_index_html_size;
}

static void page_script(const struct http_request *request, uint32_t vm, struct http_answer *answer)
{
    (void)request;
    (void)vm;
    answer->type = "text/javascript; charset=utf-8";
    answer->fixed = page_app_js;
    answer->fixed_size = page_app_js_size;
}

static void page_style(const struct http_request *request, uint32_t vm, struct http_answer *answer)
{
    (void)request;
    (void)vm;
    answer->type = "text/css; charset=utf-8";
    answer->fixed = page_style_css;
    answer->fixed_size = page_style_css_size;
}

static const struct route {
    enum http_method method;
    const char *path;
    enum need need;
    http_handler handle;
} routes[] = {
    {HTTP_GET, "/", NEED_NOTHING, page_index},
    {HTTP_GET, "/app.js", NEED_NOTHING, page_script},
    {HTTP_GET, "/style.css", NEED_NOTHING, page_style},
    {HTTP_GET, "/metrics", NEED_READ, metrics},
    {HTTP_GET, "/api/v1/status", NEED_READ, api_status},
    {HTTP_GET, "/api/v1/machine", NEED_READ, api_machine},
    {HTTP_GET, "/api/v1/log", NEED_READ, api_log},
    {HTTP_GET, "/api/v1/vms", NEED_READ, api_vms},
    {HTTP_GET, "/api/v1/vms/*", NEED_READ, api_vm},
    {HTTP_GET, "/api/v1/vms/*/crash", NEED_READ, api_crash},
    {HTTP_GET, "/api/v1/vms/*/plan", NEED_READ, api_plan},
    {HTTP_GET, "/api/v1/vms/*/console", NEED_TOKEN, api_console},
    {HTTP_POST, "/api/v1/vms/*/console", NEED_TOKEN, api_type},
    {HTTP_POST, "/api/v1/vms/*/start", NEED_TOKEN, api_start},
    {HTTP_POST, "/api/v1/vms/*/stop", NEED_TOKEN, api_stop},
    {HTTP_POST, "/api/v1/vms/*/pause", NEED_TOKEN, api_pause},
    {HTTP_POST, "/api/v1/vms/*/resume", NEED_TOKEN, api_resume},
    {HTTP_POST, "/api/v1/vms/*/restart", NEED_TOKEN, api_restart},
    {HTTP_POST, "/api/v1/vms/*/nmi", NEED_TOKEN, api_nmi},
};

/* Does the path fit? *name is what the star stands for. */
static bool path_fits(const char *pattern, const char *path, const char **name, size_t *length)
{
    const char *star = strchr(pattern, '*');
    size_t before = star != NULL ? (size_t)(star - pattern) : strlen(pattern);
    if (strncmp(pattern, path, before) != 0) {
        return false;
    }
    *name = path + before;
    *length = 0;
    if (star == NULL) {
        return path[before] == '\0';
    }
    while ((*name)[*length] != '\0' && (*name)[*length] != '/') {
        (*length)++;
    }
    return *length != 0 && strcmp(star + 1, *name + *length) == 0;
}

/* The VM with this name; false: there is none. */
static bool find_vm(const char *name, size_t length, uint32_t *vm)
{
    struct bulkhead_machine machine;
    struct bulkhead_vm facts;
    if (!backend_machine(&machine) || length >= BULKHEAD_NAME_SIZE) {
        return false;
    }
    for (uint32_t i = 0; i < machine.vm_count && i < BACKEND_VM_MAX; i++) {
        if (backend_vm(i, &facts) && strnlen(facts.name, BULKHEAD_NAME_SIZE) == length &&
            memcmp(facts.name, name, length) == 0) {
            *vm = i;
            return true;
        }
    }
    return false;
}

/* True: may go on. Else the answer is made, and *delay is how long it waits. */
static bool may(enum need need, const struct http_request *request, struct http_answer *answer,
                const char *who, uint64_t now, uint32_t *delay)
{
    if (need == NEED_NOTHING || (need == NEED_READ && auth_open_read())) {
        return true;
    }
    if (!auth_has_token()) {
        api_error(answer, 403, "this guest was given no token: nothing that needs one works");
        return false;
    }
    if (!request->has_token) {
        api_error(answer, 401, "a token is needed: Authorization: Bearer TOKEN");
        return false;
    }
    if (!auth_check(request->token, request->token_length, who, now)) {
        *delay = auth_delay(now);
        api_error(answer, 401, "wrong token");
        return false;
    }
    return true;
}

uint32_t http_route(const struct http_request *request, struct http_answer *answer, const char *who,
                    uint64_t now)
{
    enum http_method method = request->method == HTTP_HEAD ? HTTP_GET : request->method;
    uint32_t delay = 0;
    bool known = false;
    for (size_t i = 0; i < ARRAY_SIZE(routes); i++) {
        const char *name;
        size_t length;
        uint32_t vm = 0;
        if (!path_fits(routes[i].path, request->path, &name, &length)) {
            continue;
        }
        known = true;
        if (routes[i].method != method) {
            continue;
        }
        if (!may(routes[i].need, request, answer, who, now, &delay)) {
            return delay;
        }
        if (length != 0 && !find_vm(name, length, &vm)) {
            api_error(answer, 404, "there is no VM of that name");
            return 0;
        }
        routes[i].handle(request, vm, answer);
        return 0;
    }
    api_error(answer, known ? 405 : 404, known ? "not with this method" : "there is nothing here");
    return 0;
}
