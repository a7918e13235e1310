/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decodes property values: strings, cells, and the text forms of sizes, ranges and PCI addresses.
 * See value.h; must never read past a value's size.
 */
#include "boot/config/value.h"

#include "kernel/printf.h"
#include "kernel/string.h"

static bool is_printable(uint8_t c)
{
    return c >= ' ' && c <= '~';
}

bool config_value_is_strings(const struct config_value *value)
{
    if (value->size == 0 || value->data[value->size - 1] != '\0') {
        return false;
    }
    uint32_t length = 0;
    for (uint32_t i = 0; i < value->size; i++) {
        if (value->data[i] == '\0') {
            if (length == 0 && value->size > 1) {
                return false;
            }
            length = 0;
        } else if (is_printable(value->data[i])) {
            length++;
        } else {
            return false;
        }
    }
    return true;
}

uint32_t config_value_string_count(const struct config_value *value)
{
    if (!config_value_is_strings(value)) {
        return 0;
    }
    uint32_t count = 0;
    for (uint32_t i = 0; i < value->size; i++) {
        count += value->data[i] == '\0';
    }
    return count;
}

const char *config_value_string(const struct config_value *value, uint32_t index)
{
    uint32_t start = 0;
    for (uint32_t i = 0; i < value->size && index > 0; i++) {
        if (value->data[i] == '\0') {
            index--;
            start = i + 1;
        }
    }
    return (const char *)value->data + start;
}

uint32_t config_value_cell_count(const struct config_value *value)
{
    return value->size % 4 == 0 ? value->size / 4 : 0;
}

uint32_t config_value_cell(const struct config_value *value, uint32_t index)
{
    const uint8_t *cell = value->data + (size_t)index * 4;
    return (uint32_t)cell[0] << 24 | (uint32_t)cell[1] << 16 | (uint32_t)cell[2] << 8 | cell[3];
}

/* Appends text to a string that is full when it is; "..." marks what was cut. */
struct text {
    char *buf;
    size_t size;
    size_t length;
};

static void text_add(struct text *text, const char *piece)
{
    size_t length = strlen(piece);
    if (text->length + length + 1 > text->size) {
        length = text->length + 1 < text->size ? text->size - text->length - 1 : 0;
    }
    memcpy(text->buf + text->length, piece, length);
    text->length += length;
    text->buf[text->length] = '\0';
}

static bool text_is_full(const struct text *text)
{
    return text->length + 1 >= text->size;
}

static void format_strings(const struct config_value *value, struct text *text)
{
    uint32_t count = config_value_string_count(value);
    for (uint32_t i = 0; i < count && !text_is_full(text); i++) {
        text_add(text, i > 0 ? ", \"" : "\"");
        text_add(text, config_value_string(value, i));
        text_add(text, "\"");
    }
}

static void format_numbers(const struct config_value *value, struct text *text)
{
    bool cells = config_value_cell_count(value) > 0;
    uint32_t count = cells ? config_value_cell_count(value) : value->size;
    text_add(text, cells ? "<" : "[");
    for (uint32_t i = 0; i < count && !text_is_full(text); i++) {
        char number[16];
        uint32_t cell = cells ? config_value_cell(value, i) : value->data[i];
        const char *format = cell < 0x10000 ? "%s%u" : "%s0x%x";
        ksnprintf(number, sizeof(number), cells ? format : "%s%02x", i > 0 ? " " : "", cell);
        text_add(text, number);
    }
    text_add(text, cells ? ">" : "]");
}

void config_value_format(const struct config_value *value, char *buf, size_t size)
{
    struct text text = {.buf = buf, .size = size};
    buf[0] = '\0';
    if (value->size == 0) {
        return;
    }
    if (config_value_is_strings(value)) {
        format_strings(value, &text);
    } else {
        format_numbers(value, &text);
    }
    if (text_is_full(&text)) {
        memcpy(buf + size - 4, "...", 4);
    }
}

static uint32_t digit_value(char c)
{
    if (c >= '0' && c <= '9') {
        return (uint32_t)(c - '0');
    }
    if (c >= 'a' && c <= 'f') {
        return (uint32_t)(c - 'a') + 10;
    }
    if (c >= 'A' && c <= 'F') {
        return (uint32_t)(c - 'A') + 10;
    }
    return 16;
}

/* Reads digits of `base`; returns the first character after them, or NULL on none or overflow. */
static const char *take_digits(const char *text, uint32_t base, uint64_t *number)
{
    const char *p = text;
    *number = 0;
    for (; digit_value(*p) < base; p++) {
        uint32_t digit = digit_value(*p);
        if (*number > (UINT64_MAX - digit) / base) {
            return NULL;
        }
        *number = *number * base + digit;
    }
    return p != text ? p : NULL;
}

static const char *take_number(const char *text, uint64_t *number)
{
    if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
        return take_digits(text + 2, 16, number);
    }
    return take_digits(text, 10, number);
}

bool config_parse_number(const char *text, uint64_t *number)
{
    const char *end = take_number(text, number);
    return end != NULL && *end == '\0';
}

bool config_parse_range(const char *text, uint32_t *first, uint32_t *last)
{
    uint64_t low;
    uint64_t high;
    const char *end = take_number(text, &low);
    if (end == NULL) {
        return false;
    }
    high = low;
    if (*end == '-') {
        end = take_number(end + 1, &high);
    }
    if (end == NULL || *end != '\0' || low > high || high > UINT32_MAX) {
        return false;
    }
    *first = (uint32_t)low;
    *last = (uint32_t)high;
    return true;
}

const char *config_format_range(uint32_t first, uint32_t last, char *buf, size_t size)
{
    if (first == last) {
        ksnprintf(buf, size, "0x%x", first);
    } else {
        ksnprintf(buf, size, "0x%x-0x%x", first, last);
    }
    return buf;
}

bool config_parse_size(const char *text, uint64_t *bytes)
{
    static const char units[] = "KMGT";
    uint64_t number;
    const char *end = take_number(text, &number);
    if (end == NULL || *end == '\0') {
        return false;
    }
    const char *unit = strchr(units, *end);
    if (unit == NULL || (end[1] != '\0' && strcmp(end + 1, "iB") != 0)) {
        return false;
    }
    uint32_t shift = 10 * (uint32_t)(unit - units + 1);
    if (number > UINT64_MAX >> shift) {
        return false;
    }
    *bytes = number << shift;
    return true;
}

/* Hexadecimal digits up to `max`, then the character `after`. */
static const char *take_pci_part(const char *text, char after, uint64_t max, uint64_t *number)
{
    const char *end = take_digits(text, 16, number);
    if (end == NULL || *end != after || *number > max || end - text > 4) {
        return NULL;
    }
    return end + 1;
}

bool config_parse_pci(const char *text, struct vm_pci_function *function)
{
    uint64_t segment = 0;
    uint64_t bus;
    uint64_t device;
    uint64_t number;
    const char *colon = strchr(text, ':');
    if (colon != NULL && strchr(colon + 1, ':') != NULL) {
        text = take_pci_part(text, ':', 0xffff, &segment);
    }
    text = text != NULL ? take_pci_part(text, ':', 0xff, &bus) : NULL;
    text = text != NULL ? take_pci_part(text, '.', 0x1f, &device) : NULL;
    if (text == NULL || take_pci_part(text, '\0', 7, &number) == NULL) {
        return false;
    }
    *function = (struct vm_pci_function){.segment = (uint16_t)segment,
                                         .bus = (uint8_t)bus,
                                         .device = (uint8_t)device,
                                         .function = (uint8_t)number};
    return true;
}
