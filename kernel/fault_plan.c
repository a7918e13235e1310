/* SPDX-License-Identifier: Apache-2.0 */
/* Words and generator of faults on purpose; see the header. Pure. */
#include "kernel/fault_plan.h"

#include "kernel/string.h"

static const struct {
    char name[13];
    bool time; /* "10ms"; otherwise a number N */
} kinds[FAULT_KIND_COUNT] = {
    [FAULT_NMI] = {"nmi", true},
    [FAULT_MC] = {"mc", true},
    [FAULT_DROP] = {"drop", false},
    [FAULT_DOUBLE] = {"double", false},
    [FAULT_READ_RTC] = {"read-rtc", false},
    [FAULT_READ_PCI] = {"read-pci", false},
    [FAULT_READ_KBC] = {"read-kbc", false},
    [FAULT_RESTART] = {"restart", true},
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
        if (kinds[i].time) {
            return parse_time(value, &plan->values[i]);
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
