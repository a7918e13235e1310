/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads requests. Strict where laxness has been abused: line folding, blanks before the colon,
 * transfer codings, two lengths that differ.
 */
#include "guests/net/http_request.h"

#include "kernel/string.h"

#define SCHEME        "Bearer"
#define CR            0x0d
#define LF            0x0a

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

void http_request_init(struct http_request *request)
{
    /* The body's bytes are not read beyond body_length; all else begins as zero. */
    memset(request, 0, sizeof(*request));
}

static enum http_parse bad(struct http_request *request, unsigned status)
{
    request->status = status;
    return HTTP_PARSE_BAD;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

static bool same_word(const char *a, const char *b, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (lower(a[i]) != lower(b[i])) {
            return false;
        }
    }
    return true;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* RFC 9110, "Tokens". */
static bool is_token_char(char c)
{
    return is_digit(c) || (lower(c) >= 'a' && lower(c) <= 'z') ||
           (c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

static enum http_method method_of(const char *word, size_t length)
{
    static const struct {
        const char *word;
        enum http_method method;
    } methods[] = {{"GET", HTTP_GET}, {"HEAD", HTTP_HEAD}, {"POST", HTTP_POST}};
    for (size_t i = 0; i < ARRAY_SIZE(methods); i++) {
        if (strlen(methods[i].word) == length && memcmp(methods[i].word, word, length) == 0) {
            return methods[i].method;
        }
    }
    return HTTP_OTHER;
}

/* "/path?query", already known to hold printable characters only. */
static bool take_target(struct http_request *request, const char *target, size_t length)
{
    if (length == 0 || target[0] != '/' || length >= HTTP_TARGET_MAX) {
        return false;
    }
    const char *mark = memchr(target, '?', length);
    size_t path = mark != NULL ? (size_t)(mark - target) : length;
    memcpy(request->path, target, path);
    request->path[path] = '\0';
    size_t query = mark != NULL ? length - path - 1 : 0;
    memcpy(request->query, target + length - query, query);
    request->query[query] = '\0';
    return true;
}

/* "METHOD SP target SP HTTP/1.x" */
static enum http_parse first_line(struct http_request *request)
{
    const char *line = request->line;
    size_t length = request->line_length;
    if (request->line_cut) {
        return bad(request, 414);
    }
    const char *space = memchr(line, ' ', length);
    size_t method = space != NULL ? (size_t)(space - line) : 0;
    if (method == 0 || length < method + 1 + 1 + 9 || line[length - 9] != ' ') {
        return bad(request, 400);
    }
    for (size_t i = 0; i < method; i++) {
        if (!is_token_char(line[i])) {
            return bad(request, 400);
        }
    }
    const char *version = line + length - 8;
    if (memcmp(version, "HTTP/1.", 7) != 0 || !is_digit(version[7])) {
        return bad(request, memcmp(version, "HTTP/", 5) == 0 ? 505 : 400);
    }
    size_t target = length - 9 - (method + 1);
    if (memchr(line + method + 1, ' ', target) != NULL) {
        return bad(request, 400);
    }
    request->method = method_of(line, method);
    request->minor = (unsigned)(version[7] - '0');
    request->keep_alive = request->minor >= 1;
    request->first_line_done = true;
    if (!take_target(request, line + method + 1, target)) {
        return bad(request, target >= HTTP_TARGET_MAX ? 414 : 400);
    }
    return HTTP_PARSE_MORE;
}

static enum http_parse field_host(struct http_request *request, const char *value, size_t length)
{
    (void)value;
    (void)length;
    if (request->has_host) {
        return bad(request, 400);
    }
    request->has_host = true;
    return HTTP_PARSE_MORE;
}

static enum http_parse field_length(struct http_request *request, const char *value, size_t length)
{
    uint64_t number = 0;
    if (length == 0 || length > 18) {
        return bad(request, 400);
    }
    for (size_t i = 0; i < length; i++) {
        if (!is_digit(value[i])) {
            return bad(request, 400);
        }
        number = number * 10 + (uint64_t)(value[i] - '0');
    }
    if (request->has_length && number != request->content_length) {
        return bad(request, 400);
    }
    request->has_length = true;
    request->content_length = number;
    return HTTP_PARSE_MORE;
}

static enum http_parse field_coding(struct http_request *request, const char *value, size_t length)
{
    (void)value;
    (void)length;
    return bad(request, 501);
}

static enum http_parse field_connection(struct http_request *request, const char *value,
                                        size_t length)
{
    if (length == 5 && same_word(value, "close", 5)) {
        request->keep_alive = false;
    }
    if (length == 10 && same_word(value, "keep-alive", 10)) {
        request->keep_alive = true;
    }
    return HTTP_PARSE_MORE;
}

static enum http_parse field_token(struct http_request *request, const char *value, size_t length)
{
    size_t scheme = strlen(SCHEME);
    if (length <= scheme || !same_word(value, SCHEME, scheme) || value[scheme] != ' ') {
        return HTTP_PARSE_MORE;
    }
    while (scheme < length && value[scheme] == ' ') {
        scheme++;
    }
    request->has_token = true;
    request->token_length = length - scheme;
    size_t kept = request->token_length < AUTH_TOKEN_MAX ? request->token_length : AUTH_TOKEN_MAX;
    memcpy(request->token, value + scheme, kept);
    request->token[kept] = '\0';
    return HTTP_PARSE_MORE;
}

static const struct {
    const char *name;
    enum http_parse (*read)(struct http_request *request, const char *value, size_t length);
} fields[] = {
    {"host", field_host},
    {"content-length", field_length},
    {"transfer-encoding", field_coding},
    {"connection", field_connection},
    {"authorization", field_token},
};

/* "Name: value" */
static enum http_parse field_line(struct http_request *request)
{
    const char *line = request->line;
    size_t length = request->line_length;
    size_t name = 0;
    while (name < length && is_token_char(line[name])) {
        name++;
    }
    if (++request->fields > HTTP_FIELDS_MAX) {
        return bad(request, 431);
    }
    if (name == 0 || name == length || line[name] != ':') {
        return bad(request, request->line_cut ? 431 : 400);
    }
    size_t start = name + 1;
    while (start < length && (line[start] == ' ' || line[start] == '\t')) {
        start++;
    }
    while (length > start && (line[length - 1] == ' ' || line[length - 1] == '\t')) {
        length--;
    }
    for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
        if (strlen(fields[i].name) == name && same_word(fields[i].name, line, name)) {
            return request->line_cut ? bad(request, 431)
                                     : fields[i].read(request, line + start, length - start);
        }
    }
    return HTTP_PARSE_MORE;
}

static enum http_parse head_end(struct http_request *request)
{
    if (request->minor >= 1 && !request->has_host) {
        return bad(request, 400);
    }
    if (request->content_length > HTTP_BODY_MAX) {
        return bad(request, 413);
    }
    request->in_body = true;
    return request->content_length == 0 ? HTTP_PARSE_DONE : HTTP_PARSE_MORE;
}

static enum http_parse line_end(struct http_request *request)
{
    enum http_parse result;
    if (request->line_length == 0) {
        /* Empty lines before a request are forgiven: RFC 9112, "Message Parsing". */
        result = request->first_line_done ? head_end(request) : HTTP_PARSE_MORE;
    } else {
        result = request->first_line_done ? field_line(request) : first_line(request);
    }
    request->line_length = 0;
    request->line_cut = false;
    return result;
}

static enum http_parse head_byte(struct http_request *request, char c)
{
    if (++request->head_size > HTTP_HEAD_MAX) {
        return bad(request, 431);
    }
    if (c == LF) {
        request->after_cr = false;
        return line_end(request);
    }
    if (request->after_cr || ((uint8_t)c < 0x20 && c != CR && c != '\t') || c == 0x7f) {
        return bad(request, 400);
    }
    if (c == CR) {
        request->after_cr = true;
        return HTTP_PARSE_MORE;
    }
    if (request->line_length == HTTP_LINE_MAX) {
        request->line_cut = true;
        return HTTP_PARSE_MORE;
    }
    request->line[request->line_length++] = c;
    return HTTP_PARSE_MORE;
}

enum http_parse http_request_read(struct http_request *request, const uint8_t *bytes, size_t count,
                                  size_t *used)
{
    enum http_parse result = HTTP_PARSE_MORE;
    size_t at = 0;
    request->started = request->started || count != 0;
    while (result == HTTP_PARSE_MORE && at < count && !request->in_body) {
        result = head_byte(request, (char)bytes[at++]);
    }
    while (result == HTTP_PARSE_MORE && at < count) {
        request->body[request->body_length++] = bytes[at++];
        result = request->body_length == request->content_length ? HTTP_PARSE_DONE : result;
    }
    *used = at;
    return result;
}

uint64_t http_request_number(const struct http_request *request, const char *name,
                             uint64_t fallback)
{
    size_t length = strlen(name);
    const char *word = request->query;
    while (strncmp(word, name, length) != 0 || word[length] != '=') {
        word = strchr(word, '&');
        if (word == NULL) {
            return fallback;
        }
        word++;
    }
    const char *digits = word + length + 1;
    uint64_t value = 0;
    size_t count = 0;
    for (; count < 19 && is_digit(digits[count]); count++) {
        value = value * 10 + (uint64_t)(digits[count] - '0');
    }
    return count == 0 || (digits[count] != '\0' && digits[count] != '&') ? fallback : value;
}
