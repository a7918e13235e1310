/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers of /api/v1/ that do something to a VM.
 */
#include "guests/net/api_action.h"

#include "guests/net/backend.h"
#include "guests/net/http_route.h"
#include "guests/net/note.h"

#define SELF_DELAY_MS 500 /* for the answer to get away */
#define VCPU_FIRST    0

static bool self_wanted;
static uint32_t self_vm;
static enum bulkhead_action self_action;
static uint64_t self_time; /* 0: not known yet */

uint32_t api_action_tick(uint64_t now)
{
    if (!self_wanted) {
        return UINT32_MAX;
    }
    self_time = self_time != 0 ? self_time : now + SELF_DELAY_MS;
    if (now < self_time) {
        return (uint32_t)(self_time - now);
    }
    self_wanted = false;
    self_time = 0;
    backend_control(self_vm, self_action, 0);
    return UINT32_MAX;
}

static void explain(struct http_answer *answer, int64_t result)
{
    switch (-result) {
    case BULKHEAD_EBUSY:
        api_error(answer, 409, "not in the VM's present state");
        return;
    case BULKHEAD_EPERM:
        api_error(answer, 403, "the hypervisor does not allow it");
        return;
    case BULKHEAD_EINVAL:
        api_error(answer, 409, "not to this VM: it could not undo that");
        return;
    case BULKHEAD_ENOSYS:
        api_error(answer, 501, "this hypervisor cannot do it");
        return;
    default:
        api_error(answer, 500, "the hypervisor refused");
    }
}

static void act(uint32_t vm, enum bulkhead_action action, const char *word,
                struct http_answer *answer)
{
    struct bulkhead_vm facts;
    if (!backend_vm(vm, &facts)) {
        api_error(answer, 503, "the hypervisor does not answer");
        return;
    }
    net_note("%s of VM %s asked for", word, facts.name);
    bool ends_us = (facts.flags & BULKHEAD_VM_SELF) != 0 &&
                   (action == BULKHEAD_ACTION_STOP || action == BULKHEAD_ACTION_RESTART);
    if (ends_us) {
        self_wanted = true;
        self_vm = vm;
        self_action = action;
    }
    int64_t result = ends_us ? 0 : backend_control(vm, action, VCPU_FIRST);
    if (result < 0) {
        explain(answer, result);
        return;
    }
    answer->status = 202;
    text_add(&answer->body, "{\"vm\":\"%s\",\"action\":\"%s\"}\n", facts.name, word);
}

void api_start(const struct http_request *request, uint32_t vm, struct http_answer *answer)
{
    (void)request;
    act(vm, BULKHEAD_ACTION_START, "start", answer);
}

void api_stop(const struct http_request *request, uint32_t vm, struct http_answer *answer)
{
    (void)request;
    act(vm, BULKHEAD_ACTION_STOP, "stop", answer);
}

void api_pause(const struct http_request *request, uint32_t vm, struct http_answer *answer)
{
    (void)request;
    act(vm, BULKHEAD_ACTION_PAUSE, "pause", answer);
}

void api_resume(const struct http_request *request, uint32_t vm, struct http_answer *answer)
{
    (void)request;
    act(vm, BULKHEAD_ACTION_RESUME, "resume", answer);
}

void api_restart(const struct http_request *request, uint32_t vm, struct http_answer *answer)
{
    (void)request;
    act(vm, BULKHEAD_ACTION_RESTART, "restart", answer);
}

void api_nmi(const struct http_request *request, uint32_t vm, struct http_answer *answer)
{
    (void)request;
    act(vm, BULKHEAD_ACTION_NMI, "nmi", answer);
}

void api_type(const struct http_request *request, uint32_t vm, struct http_answer *answer)
{
    size_t taken = backend_input(vm, request->body, request->body_length);
    text_add(&answer->body, "{\"taken\":%lu}\n", (unsigned long)taken);
}
