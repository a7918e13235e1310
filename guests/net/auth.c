/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The token and those who guess it.
 */
#include "guests/net/auth.h"

#include "guests/net/note.h"
#include "kernel/string.h"

#define DELAY_MIN_MS 250
#define DELAY_MAX_MS 4000
#define FORGIVEN_MS  60000

static char secret[AUTH_TOKEN_MAX];
static size_t secret_length;
static bool reading_is_open;
static uint64_t failures;
static uint32_t recent;
static uint64_t last_failure;

bool auth_init(const char *token, bool open_read)
{
    size_t length = strnlen(token, AUTH_TOKEN_MAX + 1);
    bool valid = length == 0 || (length >= AUTH_TOKEN_MIN && length <= AUTH_TOKEN_MAX);
    memset(secret, 0, sizeof(secret));
    secret_length = valid ? length : 0;
    memcpy(secret, token, secret_length);
    reading_is_open = open_read;
    failures = 0;
    recent = 0;
    last_failure = 0;
    return valid;
}

bool auth_has_token(void)
{
    return secret_length != 0;
}

bool auth_open_read(void)
{
    return reading_is_open;
}

bool auth_check(const char *given, size_t length, const char *who, uint64_t now)
{
    char padded[AUTH_TOKEN_MAX] = {0};
    memcpy(padded, given, length < sizeof(padded) ? length : sizeof(padded));
    volatile uint8_t difference = 0;
    for (size_t i = 0; i < sizeof(padded); i++) {
        difference |= (uint8_t)(padded[i] ^ secret[i]);
    }
    if (difference == 0 && length == secret_length && secret_length != 0) {
        return true;
    }
    if (now - last_failure > FORGIVEN_MS) {
        recent = 0;
    }
    recent++;
    last_failure = now;
    failures++;
    net_note("%s: wrong token (%u in a row)", who, recent);
    return false;
}

uint32_t auth_delay(uint64_t now)
{
    if (now - last_failure > FORGIVEN_MS || recent == 0) {
        return DELAY_MIN_MS;
    }
    uint32_t shift = recent - 1 < 4 ? recent - 1 : 4;
    uint32_t delay = (uint32_t)DELAY_MIN_MS << shift;
    return delay < DELAY_MAX_MS ? delay : DELAY_MAX_MS;
}

uint64_t auth_failures(void)
{
    return failures;
}
