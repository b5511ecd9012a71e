#include "verbgate/policy/method_rules.h"

#include "verbgate/http/token.h"

static unsigned count_fields(const struct fields *fields, struct slice name, struct slice *value)
{
    unsigned count = 0;
    for (unsigned i = 0; i < fields->count; i++) {
        if (slice_equal_ignoring_case(fields->items[i].name, name)) {
            *value = fields->items[i].value;
            count++;
        }
    }
    return count;
}

struct slice method_rules_single_field(const struct fields *fields, struct slice name)
{
    struct slice value = {NULL, 0};
    return count_fields(fields, name, &value) == 1 ? value : slice_make(NULL, 0);
}

struct options_fields method_rules_read_options(const struct fields *fields)
{
    struct options_fields request = {
        .origin = method_rules_single_field(fields, SLICE("origin")),
        .request_method = method_rules_single_field(fields, SLICE("access-control-request-method")),
        .webhook_origin = method_rules_single_field(fields, SLICE("webhook-request-origin")),
        .webhook_rate = method_rules_single_field(fields, SLICE("webhook-request-rate")),
    };
    if (count_fields(fields, SLICE("access-control-request-headers"), &request.request_headers) >
        1) {
        request.origin = request.request_method = slice_make(NULL, 0);
    }
    return request;
}

/* What frames or routes a message, is about one connection, or is the gateway's to say: it would be
 * there twice, or lie. */
static bool is_reserved(struct slice name)
{
    static const struct slice reserved[] = {
#define NAME(text) {text, sizeof(text) - 1}
        NAME("allow"),
        NAME("connection"),
        NAME("content-encoding"),
        NAME("content-length"),
        NAME("content-type"),
        NAME("content-range"),
        NAME("date"),
        NAME("expect"),
        NAME("host"),
        NAME("http2-settings"),
        NAME("keep-alive"),
        NAME("max-forwards"),
        NAME("proxy-status"),
        NAME("te"),
        NAME("proxy-connection"),
        NAME("trailer"),
        NAME("upgrade"),
        NAME("transfer-encoding"),
        NAME("via"),
#undef NAME
    };
    for (size_t i = 0; i < sizeof reserved / sizeof reserved[0]; i++) {
        if (slice_equal_ignoring_case(reserved[i], name)) {
            return true;
        }
    }
    return false;
}

/* RFC 9110 section 5.5: what a field value may hold. */
static bool is_field_content(struct slice value)
{
    for (size_t i = 0; i < value.length; i++) {
        unsigned char byte = (unsigned char)value.data[i];
        if ((byte < 0x20 && byte != '\t') || byte == 0x7f) {
            return false;
        }
    }
    return true;
}

const char *method_rules_field_problem(struct slice name, struct slice value)
{
    struct slice cors = SLICE("access-control-");
    if (!token_is_valid(name)) {
        return "it does not begin with a field name and a colon";
    }
    if (is_reserved(name)) {
        return "the gateway or the backend says this itself, and it must be true";
    }
    if (name.length > cors.length &&
        slice_equal_ignoring_case(slice_make(name.data, cors.length), cors)) {
        return "options = cors and the cors-* options say this";
    }
    if (!is_field_content(value)) {
        return "the value has a control character";
    }
    return NULL;
}
