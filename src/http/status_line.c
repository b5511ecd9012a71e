#include "verbgate/http/status_line.h"

/* How every status line begins; '0' stands for any digit (RFC 9112 section 4). */
static const char status_form[] = "HTTP/1.0 000";
enum { MAJOR_AT = 5, MINOR_AT = 7, CODE_AT = 9, FORM_BYTES = 12 };
_Static_assert(sizeof status_form - 1 == FORM_BYTES, "the form ends with the status code");

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Judges byte number `index` of the fixed part. */
static enum http_fault judge_form(size_t index, char c)
{
    if (index == MAJOR_AT && c != '1') {
        return is_digit(c) ? FAULT_STATUS_VERSION : FAULT_STATUS_LINE;
    }
    if (index == CODE_AT && is_digit(c) && (c < '1' || c > '5')) {
        return FAULT_STATUS_CODE;
    }
    char expected = status_form[index];
    bool is_fine = expected == '0' ? is_digit(c) : c == expected;
    return is_fine ? FAULT_NONE : FAULT_STATUS_LINE;
}

/* HTAB, SP, VCHAR or obs-text (RFC 9112 section 4). */
static bool is_reason_character(char c)
{
    unsigned char byte = (unsigned char)c;
    return byte == '\t' || (byte >= 0x20 && byte != 0x7f);
}

/* The offset of the first byte from `at` on that no reason phrase has, or `length`. */
static size_t reason_end(const char *data, size_t length, size_t at)
{
    while (at < length && is_reason_character(data[at])) {
        at++;
    }
    return at;
}

static enum scan_status refuse(enum http_fault found, enum http_fault *fault)
{
    *fault = found;
    return SCAN_BAD;
}

enum scan_status status_line_scan(const char *data, size_t length, struct status_line *line,
                                  enum http_fault *fault)
{
    /* The version that nearly all lines begin with is looked at in one piece; the form's digits are fine with the
     * '1'. */
    const struct slice usual = SLICE("HTTP/1.1 ");
    size_t i = slice_starts_with(slice_make(data, length), usual) ? usual.length : 0;
    for (; i < length && i < FORM_BYTES; i++) {
        enum http_fault found = judge_form(i, data[i]);
        if (found != FAULT_NONE) {
            return refuse(found, fault);
        }
    }
    if (length <= FORM_BYTES) {
        return SCAN_MORE;
    }
    /* Without a space there is no reason phrase either: the line must end here. */
    bool has_reason = data[FORM_BYTES] == ' ';
    size_t reason_start = has_reason ? FORM_BYTES + 1 : FORM_BYTES;
    size_t end = has_reason ? reason_end(data, length, reason_start) : reason_start;
    if ((end < length && data[end] != '\r') || (end + 1 < length && data[end + 1] != '\n')) {
        return refuse(FAULT_STATUS_LINE, fault);
    }
    if (length < end + 2) {
        return SCAN_MORE;
    }
    const char *code = data + CODE_AT;
    *line = (struct status_line){
        .version_minor = (unsigned)(data[MINOR_AT] - '0'),
        .status = (unsigned)(code[0] - '0') * 100 + (unsigned)(code[1] - '0') * 10 +
                  (unsigned)(code[2] - '0'),
        .reason = slice_make(data + reason_start, end - reason_start),
        .length = end + 2,
    };
    return SCAN_DONE;
}

enum { PHRASES_FIRST = 100, PHRASES_END = 512 };

/* The IANA HTTP Status Code Registry, without what is reserved or temporary. */
static const char *const phrases[PHRASES_END - PHRASES_FIRST] = {
    [100 - PHRASES_FIRST] = "Continue",
    [101 - PHRASES_FIRST] = "Switching Protocols",
    [102 - PHRASES_FIRST] = "Processing",
    [103 - PHRASES_FIRST] = "Early Hints",
    [200 - PHRASES_FIRST] = "OK",
    [201 - PHRASES_FIRST] = "Created",
    [202 - PHRASES_FIRST] = "Accepted",
    [203 - PHRASES_FIRST] = "Non-Authoritative Information",
    [204 - PHRASES_FIRST] = "No Content",
    [205 - PHRASES_FIRST] = "Reset Content",
    [206 - PHRASES_FIRST] = "Partial Content",
    [207 - PHRASES_FIRST] = "Multi-Status",
    [208 - PHRASES_FIRST] = "Already Reported",
    [226 - PHRASES_FIRST] = "IM Used",
    [300 - PHRASES_FIRST] = "Multiple Choices",
    [301 - PHRASES_FIRST] = "Moved Permanently",
    [302 - PHRASES_FIRST] = "Found",
    [303 - PHRASES_FIRST] = "See Other",
    [304 - PHRASES_FIRST] = "Not Modified",
    [305 - PHRASES_FIRST] = "Use Proxy",
    [307 - PHRASES_FIRST] = "Temporary Redirect",
    [308 - PHRASES_FIRST] = "Permanent Redirect",
    [400 - PHRASES_FIRST] = "Bad Request",
    [401 - PHRASES_FIRST] = "Unauthorized",
    [402 - PHRASES_FIRST] = "Payment Required",
    [403 - PHRASES_FIRST] = "Forbidden",
    [404 - PHRASES_FIRST] = "Not Found",
    [405 - PHRASES_FIRST] = "Method Not Allowed",
    [406 - PHRASES_FIRST] = "Not Acceptable",
    [407 - PHRASES_FIRST] = "Proxy Authentication Required",
    [408 - PHRASES_FIRST] = "Request Timeout",
    [409 - PHRASES_FIRST] = "Conflict",
    [410 - PHRASES_FIRST] = "Gone",
    [411 - PHRASES_FIRST] = "Length Required",
    [412 - PHRASES_FIRST] = "Precondition Failed",
    [413 - PHRASES_FIRST] = "Content Too Large",
    [414 - PHRASES_FIRST] = "URI Too Long",
    [415 - PHRASES_FIRST] = "Unsupported Media Type",
    [416 - PHRASES_FIRST] = "Range Not Satisfiable",
    [417 - PHRASES_FIRST] = "Expectation Failed",
    [421 - PHRASES_FIRST] = "Misdirected Request",
    [422 - PHRASES_FIRST] = "Unprocessable Content",
    [423 - PHRASES_FIRST] = "Locked",
    [424 - PHRASES_FIRST] = "Failed Dependency",
    [425 - PHRASES_FIRST] = "Too Early",
    [426 - PHRASES_FIRST] = "Upgrade Required",
    [428 - PHRASES_FIRST] = "Precondition Required",
    [429 - PHRASES_FIRST] = "Too Many Requests",
    [431 - PHRASES_FIRST] = "Request Header Fields Too Large",
    [451 - PHRASES_FIRST] = "Unavailable For Legal Reasons",
    [500 - PHRASES_FIRST] = "Internal Server Error",
    [501 - PHRASES_FIRST] = "Not Implemented",
    [502 - PHRASES_FIRST] = "Bad Gateway",
    [503 - PHRASES_FIRST] = "Service Unavailable",
    [504 - PHRASES_FIRST] = "Gateway Timeout",
    [505 - PHRASES_FIRST] = "HTTP Version Not Supported",
    [506 - PHRASES_FIRST] = "Variant Also Negotiates",
    [507 - PHRASES_FIRST] = "Insufficient Storage",
    [508 - PHRASES_FIRST] = "Loop Detected",
    [510 - PHRASES_FIRST] = "Not Extended",
    [511 - PHRASES_FIRST] = "Network Authentication Required",
};

const char *status_reason(unsigned status)
{
    bool is_listed = status >= PHRASES_FIRST && status < PHRASES_END;
    const char *phrase = is_listed ? phrases[status - PHRASES_FIRST] : NULL;
    return phrase != NULL ? phrase : "Unknown";
}
