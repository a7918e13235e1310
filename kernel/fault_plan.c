/* SPDX-License-Identifier: Apache-2.0 */
/* Words and generator of faults on purpose; see the header. Pure. */
#include "kernel/fault_plan.h"

#include "kernel/string.h"

enum value { VALUE_TIME /* 10ms */, VALUE_RATE /* 10 */, VALUE_ADDRESS /* 0x10000 */ };

static const struct {
    char name[12];
    uint8_t value; /* enum value */
} kinds[FAULT_KIND_COUNT] = {
    [FAULT_NMI] = {"nmi", VALUE_TIME},
    [FAULT_MC] = {"mc", VALUE_TIME},
    [FAULT_MEMORY] = {"memory", VALUE_TIME},
    [FAULT_POISON] = {"poison", VALUE_ADDRESS},
    [FAULT_DROP] = {"drop", VALUE_RATE},
    [FAULT_DOUBLE] = {"double", VALUE_RATE},
    [FAULT_READ_UART] = {"read-uart", VALUE_RATE},
    [FAULT_READ_RTC] = {"read-rtc", VALUE_RATE},
    [FAULT_READ_PCI] = {"read-pci", VALUE_RATE},
    [FAULT_READ_KBC] = {"read-kbc", VALUE_RATE},
    [FAULT_RESTART] = {"restart", VALUE_TIME},
};

const char *fault_kind_name(enum fault_kind kind)
{
    return kinds[kind].name;
}

/* Digits, at most `max`; *text moves behind them. */
static bool take_number(const char **text, uint64_t *number, uint64_t max)
{
    const char *at = *text;
    *number = 0;
    for (; *at >= '0' && *at <= '9'; at++) {
        *number = *number * 10 + (uint64_t)(*at - '0');
        if (*number > max) {
            return false;
        }
    }
    bool any = at != *text;
    *text = at;
    return any;
}

static bool parse_time(const char *text, uint64_t *us)
{
    static const struct {
        char unit[3];
        uint32_t us;
    } units[] = {{"us", 1}, {"ms", 1000}, {"s", 1000000}};
    if (!take_number(&text, us, FAULT_TIME_MAX_US)) {
        return false;
    }
    for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
        if (strcmp(text, units[i].unit) == 0) {
            *us *= units[i].us;
            return *us >= FAULT_TIME_MIN_US && *us <= FAULT_TIME_MAX_US;
        }
    }
    return false;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* "0x" and at most 13 digits; the page that the address lies in. */
static bool parse_poison(const char *text, struct fault_plan *plan)
{
    uint64_t *count = &plan->values[FAULT_POISON];
    uint64_t address = 0;
    unsigned digits = 0;
    if (text[0] != '0' || text[1] != 'x' || *count == FAULT_POISON_MAX) {
        return false;
    }
    for (text += 2; hex_digit(*text) >= 0; text++) {
        address = address << 4 | (unsigned)hex_digit(*text);
        digits++;
    }
    plan->poison[(*count)++] = align_down(address, PAGE_SIZE);
    return digits >= 1 && digits <= 13 && *text == '\0';
}

static bool parse_word(const char *word, struct fault_plan *plan)
{
    static const char seed[] = "seed=";
    if (strcmp(word, "off") == 0) {
        memset(plan->values, 0, sizeof(plan->values));
        return true;
    }
    if (strncmp(word, seed, sizeof(seed) - 1) == 0) {
        word += sizeof(seed) - 1;
        return take_number(&word, &plan->seed, UINT32_MAX) && *word == '\0';
    }
    for (unsigned i = 0; i < FAULT_KIND_COUNT; i++) {
        size_t length = strlen(kinds[i].name);
        if (strncmp(word, kinds[i].name, length) != 0 || word[length] != '=') {
            continue;
        }
        const char *value = word + length + 1;
        if (kinds[i].value == VALUE_TIME) {
            return parse_time(value, &plan->values[i]);
        }
        if (kinds[i].value == VALUE_ADDRESS) {
            return parse_poison(value, plan);
        }
        return take_number(&value, &plan->values[i], FAULT_RATE_MAX) && *value == '\0' &&
               plan->values[i] != 0;
    }
    return false;
}

static bool is_gap(char c)
{
    return c == ' ' || c == ',';
}

bool fault_plan_parse(const char *text, size_t length, struct fault_plan *plan,
                      char bad[FAULT_WORD_SIZE])
{
    struct fault_plan made = {.seed = 1};
    for (size_t at = 0; at < length;) {
        if (is_gap(text[at])) {
            at++;
            continue;
        }
        size_t used = 0;
        bool fits = true;
        for (; at < length && !is_gap(text[at]); at++) {
            fits = used < FAULT_WORD_SIZE - 1;
            if (fits) {
                bad[used++] = text[at];
            }
        }
        bad[used] = '\0';
        if (!fits || !parse_word(bad, &made)) {
            return false;
        }
    }
    *plan = made;
    return true;
}

uint64_t fault_seed(uint64_t seed)
{
    uint64_t state = (seed + 1) * UINT64_C(0x9e3779b97f4a7c15);
    return state != 0 ? state : 1;
}

/* Marsaglia's xorshift with 64 bits; the product's upper half is what is used. */
uint64_t fault_random(uint64_t *state)
{
    uint64_t x = *state;
    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    *state = x;
    return x * UINT64_C(0x2545f4914f6cdd1d) >> 16;
}

bool fault_hits(const struct fault_plan *plan, enum fault_kind kind, uint64_t *state)
{
    return plan->values[kind] != 0 && fault_random(state) % plan->values[kind] == 0;
}

uint64_t fault_pause_us(const struct fault_plan *plan, enum fault_kind kind, uint64_t *state)
{
    uint64_t time = plan->values[kind];
    return time / 2 + fault_random(state) % time;
}
