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
    for (size_t i = 0; i < length && i < FORM_BYTES; i++) {
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

/* The IANA HTTP Status Code Registry, without what is reserved or temporary. */
static const struct {
    unsigned status;
    const char *phrase;
} phrases[] = {
    {100, "Continue"},
    {101, "Switching Protocols"},
    {102, "Processing"},
    {103, "Early Hints"},
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {203, "Non-Authoritative Information"},
    {204, "No Content"},
    {205, "Reset Content"},
    {206, "Partial Content"},
    {207, "Multi-Status"},
    {208, "Already Reported"},
    {226, "IM Used"},
    {300, "Multiple Choices"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {305, "Use Proxy"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {402, "Payment Required"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {407, "Proxy Authentication Required"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {411, "Length Required"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {416, "Range Not Satisfiable"},
    {417, "Expectation Failed"},
    {421, "Misdirected Request"},
    {422, "Unprocessable Content"},
    {423, "Locked"},
    {424, "Failed Dependency"},
    {425, "Too Early"},
    {426, "Upgrade Required"},
    {428, "Precondition Required"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {451, "Unavailable For Legal Reasons"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
    {506, "Variant Also Negotiates"},
    {507, "Insufficient Storage"},
    {508, "Loop Detected"},
    {510, "Not Extended"},
    {511, "Network Authentication Required"},
};

const char *status_reason(unsigned status)
{
    for (size_t i = 0; i < sizeof phrases / sizeof phrases[0]; i++) {
        if (phrases[i].status == status) {
            return phrases[i].phrase;
        }
    }
    return "Unknown";
}
