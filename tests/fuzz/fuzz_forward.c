/*
 * Whatever bytes come in: what the gateway would send onward is, read again by the strict reader,
 * exactly one request, with the method, target, end-to-end fields and content of the one that the
 * strict reader finds in the bytes that were taken. Both directions of the comparison matter: a
 * request that the strict reader refuses must not have been accepted either.
 */
#include "fuzz.h"
#include "received.h"
#include "small_policy.h"
#include "strict.h"
#include "verbgate/http/serialise.h"
#include "verbgate/http/token.h"
#include "verbgate/policy/decide.h"
#include "verbgate/policy/field_guard.h"

#include <assert.h>
#include <stdio.h>

enum {
    REQUESTS_MAX = 4,
    OUT_MAX = 2 * RECEIVED_HEAD_MAX + 512, /* the gateway's own bound has more to spare */
    TAIL_MAX = 2 * MESSAGE_TRAILER_BYTES,
};

/* A trusted peer or any other, trailers that pass or are dropped: as two coins fall. */
struct circumstances {
    enum forwarded_mode mode;
    bool passes_trailers;
};

/* Also drops what the policy keeps from the server. */
static bool is_forwarded(struct received_request *request, enum forwarded_mode mode)
{
    struct verdict verdict;
    struct decide_request facts = {
        .method = request->line.method,
        .version_major = request->line.version_major,
        .version_minor = request->line.version_minor,
        .target = &request->target,
        .host = request->host_name,
        .content_length = request->base.framing.length,
        .max_forwards = request->max_forwards,
    };
    const struct policy *policy = small_policy_open();
    decide(policy, &facts, &verdict);
    if (verdict.kind != VERDICT_FORWARD) {
        return false;
    }
    unsigned dropped[FIELD_FATE_COUNT] = {0};
    field_guard_apply(policy, &verdict, mode == FORWARDED_APPEND, &request->base.fields, dropped);
    return true;
}

/* As exchange_upgrade_onward does, for a route that allows upgrades. */
static struct slice upgrade_of(const struct received_request *request)
{
    const struct received *base = &request->base;
    const struct field *field = fields_find(&base->fields, FIELD_UPGRADE);
    bool is_wanted =
        base->connection.wants_upgrade && fields_count(&base->fields, FIELD_UPGRADE) == 1;
    static const struct upgrade_protocols protocols = {{{"websocket", 9}, {"mqtt", 4}}, 2};
    struct slice offer =
        is_wanted ? upgrades_offer(&protocols, 3, field->value) : slice_make(NULL, 0);
    assert(!token_list_has(offer, SLICE("h2c")));
    return offer;
}

static void write_head(struct writer *out, const struct received_request *request,
                       const struct circumstances *circumstances,
                       const struct field_spellings *spellings)
{
    const struct received *base = &request->base;
    bool has_host = request->received_host.data != NULL;
    struct request_head head = {
        .method = request->line.method,
        .target = &request->target,
        .fields = &base->fields,
        .framing = base->framing,
        .received_minor = request->line.version_minor,
        .host = has_host ? request->received_host : SLICE("backend.example:9000"),
        .received_host = request->received_host,
        .client_ip = SLICE("192.0.2.1"),
        .via_name = SLICE("verbgate"),
        .forwarded = circumstances->mode,
        .passes_trailers = circumstances->passes_trailers,
        .drop_expect = true,
        .takes_trailers = base->connection.takes_trailers,
        .upgrade = upgrade_of(request),
        .max_forwards = request->max_forwards > 0 ? request->max_forwards - 1 : -1,
        .spellings = spellings,
    };
    serialise_request_head(out, &head);
    assert(!out->overflow);
}

/* With a list of spellings the head is the same but for the case of the listed names. */
static void check_spelled(const struct received_request *request, struct slice plain,
                          const struct circumstances *circumstances)
{
    static const struct slice names[] = {{"hOST", 4}, {"X-a", 3}, {"VIA", 3}, {"aCCEPT", 6}};
    static const struct field_spellings spellings = {names, sizeof names / sizeof names[0]};
    static char text[OUT_MAX];
    struct writer spelled = writer_make(text, OUT_MAX);
    write_head(&spelled, request, circumstances, &spellings);
    assert(slice_equal_ignoring_case(writer_slice(&spelled), plain));
    bool is_name = false;
    for (size_t i = 0; i < plain.length; i++) {
        assert(is_name || text[i] == plain.data[i]);
        is_name = plain.data[i] == '\n' || (is_name && plain.data[i] != ':');
    }
}

/* As relay_send does for one piece that is the last. */
static void write_content(struct writer *out, const struct received *base, bool passes_trailers)
{
    struct slice content = slice_make(base->content.data, base->content.length);
    bool is_chunked = base->framing.kind == FRAMING_CHUNKED;
    if (is_chunked && content.length > 0) {
        serialise_chunk_head(out, content.length);
    }
    writer_put(out, content);
    if (is_chunked) {
        char text[TAIL_MAX];
        struct writer tail = writer_make(text, sizeof text);
        if (content.length > 0) {
            writer_literal(&tail, "\r\n");
        }
        serialise_last_chunk(&tail, passes_trailers ? &base->trailers : NULL);
        assert(!tail.overflow);
        writer_put(out, writer_slice(&tail));
    }
}

static bool is_one_of(struct slice name, const char *const *names)
{
    while (*names != NULL && !strict_is_name(name, *names)) {
        names++;
    }
    return *names != NULL;
}

/* To a server that folds names, as CGI does. */
static bool is_override(struct slice name)
{
    return strict_is_folded(name, "x-http-method-override") ||
           strict_is_folded(name, "x-http-method") || strict_is_folded(name, "x-method-override");
}

static bool starts_like(struct slice name, const char *prefix)
{
    size_t length = strlen(prefix);
    return name.length >= length && strict_is_folded(slice_make(name.data, length), prefix);
}

/* Whether a server may take the name for one that the gateway guards, whatever it is for us. */
static bool is_guarded_when_folded(struct slice name)
{
    static const char *const guarded[] = {
        "content-length",         "transfer-encoding", "x-original-url",
        "x-rewrite-url",          "client-cert",       "x-real-ip",
        "x-request-id",           "keep-alive",        "max-forwards",
        "http2-settings",         "proxy-connection",  "x-forwarded",
        "access-control-request", "webhook-request",   NULL,
    };
    for (unsigned i = 0; guarded[i] != NULL; i++) {
        if (strict_is_folded(name, guarded[i])) {
            return true;
        }
    }
    return starts_like(name, "x-forwarded-") || starts_like(name, "client-cert-") ||
           starts_like(name, "access-control-request-") || starts_like(name, "webhook-request-");
}

/* Guarded, and not spelled with letters, digits and '-' alone. */
static bool is_odd(struct slice name)
{
    for (size_t i = 0; i < name.length; i++) {
        char c = (char)(name.data[i] | 0x20);
        bool is_plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || name.data[i] == '-';
        if (!is_plain) {
            return is_guarded_when_folded(name);
        }
    }
    return false;
}

/* Kept when a trusted peer sent them. */
static bool is_claim(struct slice name)
{
    static const char *const claims[] = {"forwarded", "x-forwarded", "x-real-ip", "client-cert",
                                         NULL};
    return is_one_of(name, claims) || starts_like(name, "x-forwarded-") ||
           starts_like(name, "client-cert-");
}

/* Whether a received field must be sent as it is. */
static bool is_expected(const struct strict_message *in, const struct strict_field *field,
                        bool has_max_forwards, const struct circumstances *circumstances)
{
    static const char *const rewritten[] = {
        "host", "content-length", "expect", "x-forwarded-for", "proxy", NULL,
    };
    static const char *const targets[] = {"x-original-url", "x-rewrite-url", NULL};
    if (strict_is_hop_by_hop(&in->fields, field) || is_one_of(field->name, rewritten) ||
        is_override(field->name) || is_odd(field->name)) {
        return false;
    }
    if (is_one_of(field->name, targets)) {
        return !small_policy_open()->judges_paths;
    }
    if (is_claim(field->name)) {
        return circumstances->mode == FORWARDED_APPEND;
    }
    if (strict_is_name(field->name, "max-forwards")) {
        return !has_max_forwards;
    }
    return !strict_is_name(field->name, "trailer") ||
           (in->is_chunked && circumstances->passes_trailers);
}

/* Host, then what came in its order, then what the gateway adds. */
static void check_fields(const struct strict_message *in, const struct strict_message *out,
                         bool has_max_forwards, const struct circumstances *circumstances)
{
    static const char *const added[] = {
        "upgrade", "max-forwards", "x-forwarded-for", "x-forwarded-proto", "x-forwarded-host",
        "via",     "te",           "connection",      "content-length",    "transfer-encoding",
        NULL,
    };
    unsigned at = 1;
    assert(strict_is_name(out->fields.items[0].name, "host"));
    for (unsigned i = 0; i < in->fields.count; i++) {
        if (is_expected(in, &in->fields.items[i], has_max_forwards, circumstances)) {
            assert(at < out->fields.count);
            assert(strict_field_equal(&out->fields.items[at], &in->fields.items[i]));
            at++;
        }
    }
    for (; at < out->fields.count; at++) {
        assert(is_one_of(out->fields.items[at].name, added));
    }
    assert(strict_count(&out->fields, "x-forwarded-for") == 1);
    if (circumstances->mode == FORWARDED_REPLACE) {
        assert(strict_count(&out->fields, "x-forwarded-proto") == 1);
        assert(strict_count(&out->fields, "x-forwarded-host") <= 1);
    }
    assert(strict_count(&out->fields, "connection") <= 1);
    unsigned options = strict_count(&out->fields, "te") + strict_count(&out->fields, "upgrade");
    assert((options > 0) == (strict_count(&out->fields, "connection") == 1));
    assert(strict_count(&out->fields, "te") <= 1 && strict_count(&out->fields, "upgrade") <= 1);
}

/* The trailer fields sent are among those received, in their order, and none decides anything. */
static void check_trailers(const struct strict_message *in, const struct strict_message *out,
                           bool passes_trailers)
{
    static const char *const refused[] = {
        "content-length",
        "transfer-encoding",
        "host",
        "authorization",
        "content-type",
        "content-range",
        "content-encoding",
        "cookie",
        "set-cookie",
        "cache-control",
        "connection",
        "expect",
        "max-forwards",
        "te",
        "trailer",
        "upgrade",
        "via",
        "proxy",
        "www-authenticate",
        "if-none-match",
        NULL,
    };
    unsigned at = 0;
    assert(passes_trailers || out->trailers.count == 0);
    for (unsigned i = 0; i < out->trailers.count; i++) {
        struct slice name = out->trailers.items[i].name;
        for (unsigned j = 0; refused[j] != NULL; j++) {
            assert(!strict_is_folded(name, refused[j]));
        }
        assert(!is_guarded_when_folded(name) && !is_override(name) && !is_claim(name));
        while (at < in->trailers.count &&
               !strict_field_equal(&in->trailers.items[at], &out->trailers.items[i])) {
            at++;
        }
        assert(at++ < in->trailers.count);
    }
}

/* RFC 9112 section 3.2.1, 3.2.2 and 3.2.4: the origin form of what came, by its bytes alone. */
static void check_target(struct slice in, struct slice out, bool is_options)
{
    if (in.data[0] != '/' && !slice_equal(in, SLICE("*"))) {
        size_t authority = slice_find(in, ':') + sizeof "://" - 1;
        struct slice rest = slice_after(in, authority);
        while (rest.length > 0 && rest.data[0] != '/' && rest.data[0] != '?') {
            rest = slice_after(rest, 1);
        }
        if (rest.length == 0) {
            assert(slice_equal(out, is_options ? SLICE("*") : SLICE("/")));
            return;
        }
        if (rest.data[0] == '?') {
            assert(out.length > 0 && out.data[0] == '/');
            out = slice_after(out, 1);
        }
        in = rest;
    }
    assert(slice_equal(in, out));
}

static void require(const struct strict_message *message, struct slice bytes, const char *what)
{
    if (message->problem != NULL) {
        fprintf(stderr, "%s: %s\n%.*s\n", what, message->problem, SLICE_PRINT(bytes));
        abort();
    }
}

static void check_forwarded(const struct received_request *request, struct slice taken,
                            struct slice sent, const struct circumstances *circumstances)
{
    static struct strict_message in;
    static struct strict_message out;
    (void)strict_read_request(taken, STRICT_RECEIVED, &in);
    require(&in, taken, "accepted");
    (void)strict_read_request(sent, STRICT_WRITTEN, &out);
    require(&out, sent, "sent");
    bool is_options = slice_equal(in.method, SLICE("OPTIONS"));
    assert(slice_equal(in.method, out.method));
    check_target(in.target, out.target, is_options);
    check_fields(&in, &out, request->max_forwards >= 0, circumstances);
    check_trailers(&in, &out, circumstances->passes_trailers);
    assert(in.is_chunked == out.is_chunked && in.has_length == out.has_length);
    assert(in.content_length == out.content_length);
    assert(memcmp(in.content, out.content, in.content_length) == 0);
}

/* Returns the length of a whole request that was taken, or 0. */
static size_t forward_one(struct slice stream)
{
    static char text[OUT_MAX + FUZZ_INPUT_MAX + TAIL_MAX];
    struct received_request request;
    received_request_read(&request, stream, FEED_PIECES);
    const struct received *base = &request.base;
    bool is_whole = base->status == MESSAGE_DONE && base->has_head;
    /* The length is as good as a coin. */
    const struct circumstances circumstances = {
        .mode = stream.length % 2 == 0 ? FORWARDED_APPEND : FORWARDED_REPLACE,
        .passes_trailers = stream.length % 4 < 2,
    };
    if (is_whole && is_forwarded(&request, circumstances.mode)) {
        struct writer head = writer_make(text, OUT_MAX);
        write_head(&head, &request, &circumstances, NULL);
        check_spelled(&request, writer_slice(&head), &circumstances);
        struct writer out = head;
        out.capacity = sizeof text;
        write_content(&out, base, circumstances.passes_trailers);
        assert(!out.overflow);
        check_forwarded(&request, slice_make(stream.data, base->used), writer_slice(&out),
                        &circumstances);
    }
    size_t used = is_whole && base->connection.is_persistent ? base->used : 0;
    received_finish(&request.base);
    return used;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice stream = slice_make((const char *)data, size);
    size_t used = 1;
    for (int i = 0; i < REQUESTS_MAX && size <= FUZZ_INPUT_MAX && used > 0 && stream.length > 0;
         i++) {
        used = forward_one(stream);
        stream = slice_after(stream, used);
    }
    return 0;
}
