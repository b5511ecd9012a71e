#include "verbgate/http/framing.h"

#include "verbgate/http/guarded.h"
#include "verbgate/http/token.h"

/* 18 digits stay below 2^63, so sums of lengths cannot overflow. */
enum { LENGTH_DIGITS_MAX = 18 };

/*
 * RFC 9112 section 6.3 rule 5. A list of equal numbers, on one line or on several, may be repaired
 * by the letter of the rule; a gateway that repairs is one half of a smuggling pair, so it refuses.
 */
static enum http_fault read_length(const struct fields *fields, uint64_t *length)
{
    const struct field *field = fields_find(fields, FIELD_CONTENT_LENGTH);
    if (fields_find_next(fields, field) != NULL) {
        return FAULT_LENGTH_REPEATED;
    }
    struct slice value = field->value;
    if (value.length <= LENGTH_DIGITS_MAX && slice_to_number(value, length)) {
        return FAULT_NONE;
    }
    return slice_find(value, ',') < value.length ? FAULT_LENGTH_REPEATED : FAULT_LENGTH_SYNTAX;
}

/* The fault of one transfer coding, which may have parameters (section 7): "chunked" takes none. */
static enum http_fault judge_coding(struct slice coding)
{
    struct slice name = slice_trim(slice_make(coding.data, slice_find(coding, ';')));
    if (!token_is_valid(name)) {
        return FAULT_CODING_SYNTAX;
    }
    if (!slice_equal_ignoring_case(name, SLICE("chunked"))) {
        return FAULT_CODING_UNKNOWN;
    }
    return name.length == coding.length ? FAULT_NONE : FAULT_CODING_SYNTAX;
}

/* Finds the name for what is wrong with codings that are not "chunked" alone: a malformed one
 * before an unknown one, and chunked too often last. */
static enum http_fault find_coding_fault(const struct fields *fields)
{
    enum http_fault found = FAULT_CODING_SYNTAX;
    for (const struct field *field = fields_find(fields, FIELD_TRANSFER_ENCODING); field != NULL;
         field = fields_find_next(fields, field)) {
        struct slice rest = field->value;
        struct slice coding;
        while (token_list_next(&rest, &coding)) {
            enum http_fault fault = judge_coding(coding);
            if (fault == FAULT_CODING_SYNTAX) {
                return fault;
            }
            if (fault == FAULT_CODING_UNKNOWN) {
                found = fault;
            }
        }
    }
    return found;
}

/* Section 6.1: exactly "chunked", on one line, with nothing around it that a laxer or a stricter
 * recipient could read as another coding or as none. Coding names ignore case (section 7). */
static enum http_fault read_coding(const struct fields *fields, unsigned version_minor)
{
    /* Section 6.1: an HTTP/1.0 message with Transfer-Encoding has faulty framing. */
    if (version_minor == 0) {
        return FAULT_CODING_VERSION;
    }
    /* Section 6.3 rule 3: both fields ought to be handled as an error. */
    if (fields_has(fields, FIELD_CONTENT_LENGTH)) {
        return FAULT_LENGTH_AND_CODING;
    }
    const struct field *field = fields_find(fields, FIELD_TRANSFER_ENCODING);
    bool is_chunked = slice_equal_ignoring_case(field->value, SLICE("chunked")) &&
                      fields_find_next(fields, field) == NULL;
    return is_chunked ? FAULT_NONE : find_coding_fault(fields);
}

/* What both directions share; `without` is the framing when neither field is there. */
static enum http_fault read_framing(const struct fields *fields, unsigned version_minor,
                                    enum framing_kind without, struct framing *framing)
{
    struct framing found = {.kind = without};
    enum http_fault fault = FAULT_NONE;
    if (fields_has(fields, FIELD_TRANSFER_ENCODING)) {
        found.kind = FRAMING_CHUNKED;
        fault = read_coding(fields, version_minor);
    } else if (fields_has(fields, FIELD_CONTENT_LENGTH)) {
        found.kind = FRAMING_LENGTH;
        fault = read_length(fields, &found.length);
    }
    if (fault == FAULT_NONE) {
        *framing = found;
    }
    return fault;
}

enum http_fault framing_twin(const struct fields *fields)
{
    if (LIKELY(!guarded_has_odd(fields, GUARDED_FRAMING))) {
        return FAULT_NONE;
    }
    return guarded_has_odd(fields, GUARDED_BIT(CONTENT_LENGTH)) ? FAULT_LENGTH_TWIN
                                                                : FAULT_CODING_TWIN;
}

enum http_fault framing_of_request(const struct fields *fields, unsigned version_minor,
                                   struct framing *framing)
{
    enum http_fault fault = framing_twin(fields);
    if (fault != FAULT_NONE) {
        return fault;
    }
    /* Section 6.3 rule 7: a request without either field has no content. */
    return read_framing(fields, version_minor, FRAMING_NONE, framing);
}

enum http_fault framing_of_response(const struct fields *fields, unsigned version_minor,
                                    unsigned status, enum method method, struct framing *framing)
{
    bool has_foreign_length = method == METHOD_HEAD || status == 304;
    bool is_bare = status < 200 || status == 204;
    if (!is_bare && !has_foreign_length) {
        /* Section 6.3 rule 8: what has no length lasts until the connection closes. */
        return read_framing(fields, version_minor, FRAMING_UNTIL_CLOSE, framing);
    }
    /* Section 6.3 rule 1: the empty line ends it. The Content-Length of a response to HEAD or of a
     * 304 speaks of another response, and is passed on (RFC 9110 section 8.6). */
    if (!is_bare && fields_has(fields, FIELD_CONTENT_LENGTH)) {
        uint64_t length;
        enum http_fault fault = read_length(fields, &length);
        if (fault != FAULT_NONE) {
            return fault;
        }
    }
    *framing = (struct framing){.kind = FRAMING_NONE};
    return FAULT_NONE;
}
