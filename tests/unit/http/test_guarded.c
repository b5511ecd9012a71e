/* What is guarded, in every spelling that a server may read as the guarded name. */
#include <criterion/criterion.h>

#include "verbgate/http/guarded.h"

#include <stdio.h>

enum { NAME_MAX = 48 };

struct guarded_name {
    const char *name;
    enum field_id id;
};

/* One or more of each kind that has a '-': only these can be spelled in another way. */
static const struct guarded_name guarded[] = {
    {"content-length", FIELD_CONTENT_LENGTH},
    {"transfer-encoding", FIELD_TRANSFER_ENCODING},
    {"x-http-method", FIELD_X_HTTP_METHOD},
    {"x-http-method-override", FIELD_X_HTTP_METHOD_OVERRIDE},
    {"x-method-override", FIELD_X_METHOD_OVERRIDE},
    {"x-original-url", FIELD_X_ORIGINAL_URL},
    {"x-rewrite-url", FIELD_X_REWRITE_URL},
    {"x-script-name", FIELD_X_SCRIPT_NAME},
    {"script-name", FIELD_SCRIPT_NAME},
    {"path-info", FIELD_PATH_INFO},
    {"client-cert", FIELD_CLIENT_CERT},
    {"client-cert-chain", FIELD_CLIENT_CERT},
    {"client-cert-issuer-of-some-kind", FIELD_CLIENT_CERT},
    {"x-forwarded-a", FIELD_X_FORWARDED},
    {"x-forwarded-for", FIELD_X_FORWARDED_FOR},
    {"x-forwarded-host", FIELD_X_FORWARDED_HOST},
    {"x-forwarded-proto", FIELD_X_FORWARDED_PROTO},
    {"x-forwarded-by", FIELD_X_FORWARDED},
    {"x-forwarded-ssl", FIELD_X_FORWARDED},
    {"x-forwarded-port", FIELD_X_FORWARDED},
    {"x-forwarded-prefix", FIELD_X_FORWARDED},
    {"x-forwarded-server", FIELD_X_FORWARDED},
    {"x-forwarded-scheme", FIELD_X_FORWARDED},
    {"x-forwarded-for-them", FIELD_X_FORWARDED},
    {"x-forwarded-for-reasons", FIELD_X_FORWARDED},
    {"x-forwarded-proto-version", FIELD_X_FORWARDED},
    {"x-forwarded-client-cert", FIELD_X_FORWARDED},
    {"x-forwarded", FIELD_X_FORWARDED},
    {"x-real-ip", FIELD_X_REAL_IP},
    {"x-scheme", FIELD_X_SCHEME},
    {"x-url-scheme", FIELD_X_URL_SCHEME},
    {"x-proxied-https", FIELD_X_PROXIED_HTTPS},
    {"front-end-https", FIELD_FRONT_END_HTTPS},
    {"x-request-id", FIELD_X_REQUEST_ID},
    {"http2-settings", FIELD_HTTP2_SETTINGS},
    {"keep-alive", FIELD_KEEP_ALIVE},
    {"max-forwards", FIELD_MAX_FORWARDS},
    {"proxy-connection", FIELD_PROXY_CONNECTION},
    {"access-control-request-method", FIELD_ACCESS_CONTROL_REQUEST},
    {"access-control-request-headers", FIELD_ACCESS_CONTROL_REQUEST},
    {"webhook-request-origin", FIELD_WEBHOOK_REQUEST},
    {"webhook-request-rate", FIELD_WEBHOOK_REQUEST},
    {"webhook-request-callback", FIELD_WEBHOOK_REQUEST},
};

enum { GUARDED_COUNT = sizeof guarded / sizeof guarded[0] };

/* Every token character that is neither letter nor digit, save '-'. */
static const char fold_characters[] = "!#$%&'*+.^_`|~";

static void expect(struct slice name, enum field_id id, enum field_id folds_into)
{
    cr_expect_eq(fields_id(name), id, "%.*s is %d", SLICE_PRINT(name), (int)fields_id(name));
    cr_expect_eq(fields_fold(name), folds_into, "%.*s folds into %d", SLICE_PRINT(name),
                 (int)fields_fold(name));
}

static void in_capitals(char *name)
{
    for (; *name != '\0'; name++) {
        *name = (char)(*name >= 'a' && *name <= 'z' ? *name - 'a' + 'A' : *name);
    }
}

Test(guarded, every_guarded_name_has_an_id_in_any_case)
{
    for (size_t i = 0; i < GUARDED_COUNT; i++) {
        char name[NAME_MAX];
        snprintf(name, sizeof name, "%s", guarded[i].name);
        expect(slice_of(name), guarded[i].id, FIELD_OTHER);
        in_capitals(name);
        expect(slice_of(name), guarded[i].id, FIELD_OTHER);
        cr_expect((GUARDED_ALL >> guarded[i].id & 1) != 0, "%s", name);
    }
}

/* A member of a family is one, whatever follows. */
static bool is_member(const char *name, enum field_id id)
{
    struct slice known = fields_name(id);
    return strlen(name) > known.length && name[known.length] == '-' &&
           slice_equal_ignoring_case(slice_make(name, known.length), known);
}

Test(guarded, every_spelling_that_a_server_may_fold_is_odd)
{
    for (size_t i = 0; i < GUARDED_COUNT; i++) {
        for (const char *odd = fold_characters; *odd != '\0'; odd++) {
            char every[NAME_MAX];
            snprintf(every, sizeof every, "%s", guarded[i].name);
            for (char *c = strchr(every, '-'); c != NULL; c = strchr(c, '-')) {
                char one[NAME_MAX];
                snprintf(one, sizeof one, "%s", guarded[i].name);
                one[c - every] = *odd;
                expect(slice_of(one), is_member(one, guarded[i].id) ? guarded[i].id : FIELD_OTHER,
                       guarded[i].id);
                *c = *odd;
            }
            expect(slice_of(every), FIELD_OTHER, guarded[i].id);
            in_capitals(every);
            expect(slice_of(every), FIELD_OTHER, guarded[i].id);
        }
    }
}

Test(guarded, a_name_that_no_server_folds_into_a_guarded_one_is_free)
{
    static const char *const names[] = {
        "x_api_key",
        "content_lengths",
        "ontent_length",
        "content-length_",
        "_content-length",
        "content__length",
        "contentlength",
        "x-forwardedfor",
        "x_forwarded4for",
        "xforwarded-for",
        "x-forwardeds-for",
        "client_certs",
        "x-real_ips",
        "accept_encoding",
        "sec_websocket_key",
        "x_request_ids",
        "x_",
        "_",
        "proxy_",
        "host_",
        "access_control",
        "webhook_requests",
        "x_http_methodd",
        "x_mathod_override",
        "x--http-method",
        "transfer-encodin_",
        "client-certificate",
        "x-csrf-token",
        "access-control-ok",
        "warning_text_here",
        "x-frame_options",
        "cookie_",
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        expect(slice_of(names[i]), FIELD_OTHER, FIELD_OTHER);
    }
    /* No token characters, which no parser lets through. */
    static const char *const no_tokens[] = {"content length", "content\x80length", "content/length",
                                            "content\xc3length", "content\rlength"};
    for (size_t i = 0; i < sizeof no_tokens / sizeof no_tokens[0]; i++) {
        expect(slice_of(no_tokens[i]), FIELD_OTHER, FIELD_OTHER);
    }
}

Test(guarded, fields_remember_what_they_may_be_taken_for)
{
    struct field items[4];
    struct fields fields;
    fields_init(&fields, items, 4);
    cr_assert_eq(fields_add(&fields, SLICE("X-Forwarded-For"), SLICE("a")), FAULT_NONE);
    cr_assert_not(guarded_has_odd(&fields, GUARDED_ALL));
    cr_assert(guarded_has_any(&fields, GUARDED_CLAIMS));
    cr_assert_eq(fields_add(&fields, SLICE("X_REQUEST.ID"), SLICE("b")), FAULT_NONE);
    cr_assert_eq(fields_add(&fields, SLICE("User_Agent"), SLICE("c")), FAULT_NONE);
    cr_assert_eq(fields_add(&fields, SLICE("X-Own"), SLICE("d")), FAULT_NONE);
    cr_assert(guarded_has_odd(&fields, GUARDED_BIT(X_REQUEST_ID)));
    cr_assert_not(guarded_has_odd(&fields, GUARDED_CLAIMS | GUARDED_FRAMING));
    cr_assert_eq(guarded_read_as(&items[0]), GUARDED_BIT(X_FORWARDED_FOR));
    cr_assert_eq(guarded_read_as(&items[1]), GUARDED_BIT(X_REQUEST_ID));
    cr_assert_eq(guarded_read_as(&items[3]), GUARDED_BIT(OTHER));
    /* It is no X-Request-ID for us. */
    cr_assert_not(fields_has(&fields, FIELD_X_REQUEST_ID));
    fields_withhold_odd(&fields, GUARDED_BIT(X_REQUEST_ID));
    static const bool is_withheld[] = {false, true, false, false};
    for (unsigned i = 0; i < fields.count; i++) {
        cr_expect_eq(items[i].is_hop_by_hop, is_withheld[i], "field %u", i);
    }
}
