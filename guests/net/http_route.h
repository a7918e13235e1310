/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which request is answered by whom, and who may make it.
 */
#ifndef GUESTS_NET_HTTP_ROUTE_H
#define GUESTS_NET_HTTP_ROUTE_H

#include <stdint.h>

#include "guests/net/http.h"

/* Fills in the answer. Returns for how many ms it has to be held back: wrong tokens are slow. */
uint32_t http_route(const struct http_request *request, struct http_answer *answer, const char *who,
                    uint64_t now);

/* Handlers: `vm` is the VM named in the path, 0 where there is none. */
typedef void (*http_handler)(const struct http_request *request, uint32_t vm,
                             struct http_answer *answer);

void api_status(const struct http_request *request, uint32_t vm, struct http_answer *answer);
void api_machine(const struct http_request *request, uint32_t vm, struct http_answer *answer);
void api_vms(const struct http_request *request, uint32_t vm, struct http_answer *answer);
void api_vm(const struct http_request *request, uint32_t vm, struct http_answer *answer);
void api_log(const struct http_request *request, uint32_t vm, struct http_answer *answer);
void api_console(const struct http_request *request, uint32_t vm, struct http_answer *answer);
void api_crash(const struct http_request *request, uint32_t vm, struct http_answer *answer);
void api_plan(const struct http_request *request, uint32_t vm, struct http_answer *answer);
void api_start(const struct http_request *request, uint32_t vm, struct http_answer *answer);
void api_stop(const struct http_request *request, uint32_t vm, struct http_answer *answer);
void api_pause(const struct http_request *request, uint32_t vm, struct http_answer *answer);
void api_resume(const struct http_request *request, uint32_t vm, struct http_answer *answer);
void api_restart(const struct http_request *request, uint32_t vm, struct http_answer *answer);
void api_nmi(const struct http_request *request, uint32_t vm, struct http_answer *answer);
void api_type(const struct http_request *request, uint32_t vm, struct http_answer *answer);

void metrics(const struct http_request *request, uint32_t vm, struct http_answer *answer);

/* An error as a JSON object. */
void api_error(struct http_answer *answer, unsigned status, const char *text);

#endif
