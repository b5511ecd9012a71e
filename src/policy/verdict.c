#include "verbgate/policy/verdict.h"

#include "verbgate/base/json.h"
#include "verbgate/http/reply.h"
#include "verbgate/policy/decide.h"
#include "verbgate/policy/host_name.h"

#include <assert.h>

static const struct {
    enum verdict_kind kind;
    unsigned status;
    const char *error;
    const char *name;
} rules[VERDICT_RULE_COUNT] = {
#define X(identifier, kind, status, error, name) {VERDICT_##kind, status, error, name},
    VERDICT_RULES(X)
#undef X
};

enum verdict_kind verdict_rule_kind(enum verdict_rule rule)
{
    assert(rule < VERDICT_RULE_COUNT);
    return rules[rule].kind;
}

unsigned verdict_rule_status(enum verdict_rule rule)
{
    assert(rule < VERDICT_RULE_COUNT);
    return rules[rule].status;
}

const char *verdict_rule_name(enum verdict_rule rule)
{
    assert(rule < VERDICT_RULE_COUNT);
    return rules[rule].name;
}

const char *verdict_rule_error(enum verdict_rule rule)
{
    assert(rule < VERDICT_RULE_COUNT);
    return rules[rule].error;
}

/* The choice that a rule's refusal falls under; REFUSAL_COUNT: none. */
static enum refusal refusal_of(enum verdict_rule rule)
{
    switch (rule) {
    case VERDICT_METHOD_CONNECT_RULE:
    case VERDICT_METHOD_NOWHERE_RULE:
    case VERDICT_METHOD_UPSTREAM_RULE:
        return REFUSAL_UNIMPLEMENTED;
    case VERDICT_METHOD_GENERAL_RULE:
    case VERDICT_METHOD_ROUTE_RULE:
    case VERDICT_MAX_FORWARDS_RULE:
        return REFUSAL_NOT_ALLOWED;
    case VERDICT_VERSION_MAJOR_RULE:
    case VERDICT_VERSION_UPSTREAM_RULE:
        return REFUSAL_VERSION;
    case VERDICT_NO_ROUTE_RULE:
        return REFUSAL_NO_ROUTE;
    case VERDICT_BODY_TOO_LARGE_RULE:
        return REFUSAL_TOO_LARGE;
    default:
        return REFUSAL_COUNT;
    }
}

unsigned verdict_status_under(const struct policy_answers *answers, enum verdict_rule rule,
                              enum method method)
{
    enum refusal refusal = refusal_of(rule);
    unsigned status = refusal == REFUSAL_COUNT ? 0 : answers->status[refusal];
    bool is_general = method == METHOD_GET || method == METHOD_HEAD;
    return status == 0 || (status == 501 && is_general) ? verdict_rule_status(rule) : status;
}

bool verdict_is_overridden(const struct verdict *verdict)
{
    return verdict->status != verdict_rule_status(verdict->rule);
}

const char *verdict_proxy_error(const struct verdict *verdict)
{
    if (!verdict_is_overridden(verdict)) {
        return verdict_rule_error(verdict->rule);
    }
    switch (verdict->status) {
    case 404:
        return verdict_rule_error(VERDICT_NO_ROUTE_RULE);
    case 400:
        return "http_request_error";
    default:
        return "http_request_denied";
    }
}

const struct policy_settings *verdict_settings(const struct policy *policy,
                                               const struct verdict *verdict)
{
    return verdict->status == 404 ? &policy->gateway.settings : verdict->settings;
}

bool verdict_is_cacheable(const struct verdict *verdict)
{
    switch (refusal_of(verdict->rule)) {
    case REFUSAL_UNIMPLEMENTED:
    case REFUSAL_NOT_ALLOWED:
    case REFUSAL_NO_ROUTE:
        return verdict->status == 404 || verdict->status == 405 || verdict->status == 501;
    default:
        return false;
    }
}

enum { METHOD_SHOWN_MAX = 32 };

/* Sentences that are also told in place of others. */
#define NOTHING_SERVED "Nothing is served under this host and path."
#define NOT_ALLOWED    " is not allowed for this resource."

void verdict_report(struct verdict *verdict, enum verdict_rule rule, struct rule_source source)
{
    if (verdict->is_reported) {
        return;
    }
    verdict->is_reported = true;
    verdict->reported.rule = rule;
    verdict->reported.status =
        verdict_status_under(&verdict->settings->answers, rule, verdict->method);
    verdict->reported.source = source;
}

/* The refusal that report-only kept back. */
static struct verdict kept_back(const struct verdict *verdict)
{
    struct verdict refusal = *verdict;
    refusal.kind = VERDICT_REFUSE;
    refusal.rule = verdict->reported.rule;
    refusal.status = verdict->reported.status;
    refusal.source = verdict->reported.source;
    refusal.is_reported = false;
    refusal.limits.max_body = verdict->reported_max_body;
    return refusal;
}

static void write_version(struct writer *writer, const struct policy *policy,
                          const struct verdict *verdict, const struct decide_request *request)
{
    unsigned taken = verdict->upstream == NULL ? policy->versions : verdict->upstream->versions;
    writer_literal(writer, "HTTP/");
    writer_number(writer, request->version_major);
    writer_byte(writer, '.');
    writer_number(writer, request->version_minor);
    writer_literal(writer, " is not supported here; use HTTP/1.");
    writer_byte(writer, (taken & POLICY_VERSION_1_1) != 0 ? '1' : '0');
    writer_byte(writer, '.');
}

/* " Implemented: GET, HEAD." with `label` for the first word. */
static void write_methods(struct writer *writer, const struct policy *policy, const char *label,
                          const struct method_set *set)
{
    writer_byte(writer, ' ');
    writer_string(writer, label);
    writer_literal(writer, ": ");
    size_t before = writer->length;
    method_set_write(writer, set, &policy->extensions);
    if (set->any) {
        writer_string(writer, writer->length > before ? " and other tokens" : "other tokens");
    } else if (writer->length == before) {
        writer_literal(writer, "none");
    }
    writer_byte(writer, '.');
}

static void write_suggestion(struct writer *writer, const struct policy *policy,
                             const struct verdict *verdict, struct slice method)
{
    if (verdict->suggestion == METHOD_UNKNOWN) {
        return;
    }
    struct slice name = method_extensions_name(&policy->extensions, verdict->suggestion);
    writer_literal(writer, " Did you mean ");
    writer_put(writer, name);
    writer_byte(writer, '?');
    if (slice_equal_ignoring_case(name, method)) {
        writer_literal(writer, " Methods are case-sensitive."); /* RFC 9110 section 9.1 */
    }
}

static const struct method_set *takes_of(const struct verdict *verdict)
{
    return verdict->route == NULL ? &verdict->upstream->takes : &verdict->route->takes;
}

/* The sentences about a method: it is named, then what became of it, then what is there instead. */
static void write_about_method(struct writer *writer, const struct policy *policy,
                               const struct verdict *verdict, struct slice method)
{
    reply_write_shown(writer, method, METHOD_SHOWN_MAX);
    switch (verdict->rule) {
    case VERDICT_METHOD_CONNECT_RULE:
        writer_literal(writer, " is not implemented by this server: it opens no tunnels.");
        break;
    case VERDICT_METHOD_NOWHERE_RULE:
        writer_literal(writer, " is not implemented by this server.");
        write_methods(writer, policy, "Implemented", &policy->implemented);
        write_suggestion(writer, policy, verdict, method);
        break;
    case VERDICT_METHOD_UPSTREAM_RULE:
        writer_literal(writer, " is not implemented by the server behind this address.");
        write_methods(writer, policy, "Implemented", takes_of(verdict));
        write_suggestion(writer, policy, verdict, method);
        break;
    case VERDICT_METHOD_GENERAL_RULE:
    case VERDICT_METHOD_ROUTE_RULE:
        writer_literal(writer, NOT_ALLOWED);
        write_methods(writer, policy, "Allowed", &verdict->allow);
        break;
    case VERDICT_MAX_FORWARDS_RULE:
        writer_literal(writer, " with Max-Forwards: 0 ends here, where it is not answered.");
        write_methods(writer, policy, "Allowed", &verdict->allow);
        break;
    case VERDICT_OPTIONS_SERVER_RULE:
        writer_literal(writer, " is answered for the whole server.");
        write_methods(writer, policy, "Implemented", &verdict->allow);
        break;
    case VERDICT_OPTIONS_HERE_RULE:
        writer_literal(writer, " with Max-Forwards: 0 is answered here.");
        write_methods(writer, policy, "Allowed", &verdict->allow);
        break;
    case VERDICT_OPTIONS_ANSWER_RULE:
        writer_literal(writer, " is answered here.");
        write_methods(writer, policy, "Allowed", &verdict->allow);
        break;
    case VERDICT_CORS_PREFLIGHT_RULE:
        writer_string(writer, verdict->is_granted ? " is a preflight, and is granted."
                                                  : " is a preflight, and is not granted.");
        write_methods(writer, policy, "Allowed", &verdict->allow);
        break;
    case VERDICT_WEBHOOK_HANDSHAKE_RULE:
        writer_string(writer, verdict->is_granted
                                  ? " is a webhook's handshake, and its sender may deliver."
                                  : " is a webhook's handshake, and its sender may not deliver.");
        write_methods(writer, policy, "Allowed", &verdict->allow);
        break;
    default: /* VERDICT_FORWARD_RULE: the others say nothing about the method */
        writer_string(writer, verdict->asks_get ? " is forwarded as GET." : " is forwarded.");
        break;
    }
}

static void write_too_large(struct writer *writer, const struct verdict *verdict)
{
    writer_literal(writer, "The content is larger than the ");
    writer_number(writer, verdict->limits.max_body);
    writer_literal(writer, " bytes that are allowed here.");
}

static void write_unsafe(struct writer *writer, const struct decide_request *request)
{
    if (request->target->path.length > DECIDE_PATH_MAX) {
        writer_literal(writer, "The path can be read in more than one way and is too long to judge "
                               "them all.");
        return;
    }
    writer_literal(writer,
                   "The path has a '%', a backslash or an encoded byte that servers read in "
                   "different ways (path-readings).");
}

static void write_unsafe_host(struct writer *writer, const struct decide_request *request)
{
    const char *problem = host_name_problem(request->host);
    writer_literal(writer, "Servers read the host in different ways: ");
    if (problem != NULL) {
        writer_string(writer, problem);
        writer_byte(writer, '.');
    } else if (request->host.length == 0) {
        writer_literal(writer, "there is none, and the path may name one (path-readings).");
    } else {
        writer_literal(writer, "the path may name another than Host does (path-readings).");
    }
}

static void write_sentence(struct writer *writer, const struct policy *policy,
                           const struct verdict *verdict, const struct decide_request *request)
{
    switch (verdict->rule) {
    case VERDICT_VERSION_MAJOR_RULE:
    case VERDICT_VERSION_UPSTREAM_RULE:
        write_version(writer, policy, verdict, request);
        break;
    case VERDICT_NO_ROUTE_RULE:
        writer_literal(writer, NOTHING_SERVED);
        break;
    case VERDICT_HOST_UNSAFE_RULE:
        write_unsafe_host(writer, request);
        break;
    case VERDICT_PATH_UNSAFE_RULE:
        write_unsafe(writer, request);
        break;
    case VERDICT_PATH_AMBIGUOUS_RULE:
        writer_literal(writer, "The path can be read in more than one way, and the readings lead "
                               "to different servers.");
        verdict_write_folding(writer, verdict);
        break;
    case VERDICT_METHOD_OVERRIDE_RULE:
        writer_literal(writer,
                       "A field that asks for another method than the request line, such as "
                       "X-HTTP-Method-Override, is not taken here (override-fields = refuse).");
        break;
    case VERDICT_ODD_NAME_RULE:
        writer_literal(writer,
                       "A field name that servers take for another one, such as X_Forwarded_For, "
                       "is not taken here (odd-names = refuse).");
        break;
    case VERDICT_BODY_TOO_LARGE_RULE:
        write_too_large(writer, verdict);
        break;
    default:
        write_about_method(writer, policy, verdict, request->method);
        verdict_write_folding(writer, verdict);
        break;
    }
}

void verdict_write_told(struct writer *writer, const struct policy *policy,
                        const struct verdict *verdict, const struct decide_request *request)
{
    if (!verdict_is_overridden(verdict)) {
        verdict_write_sentence(writer, policy, verdict, request);
        return;
    }
    switch (verdict->status) {
    case 404:
        writer_literal(writer, NOTHING_SERVED);
        break;
    case 405:
        reply_write_shown(writer, request->method, METHOD_SHOWN_MAX);
        writer_literal(writer, NOT_ALLOWED);
        write_methods(writer, policy, "Allowed", &verdict->allow);
        if (verdict->suggestion != METHOD_UNKNOWN &&
            method_set_has(&verdict->allow, verdict->suggestion)) {
            write_suggestion(writer, policy, verdict, request->method);
        }
        break;
    case 501:
        reply_write_shown(writer, request->method, METHOD_SHOWN_MAX);
        writer_literal(writer, " is not implemented here.");
        break;
    case 421:
        writer_literal(writer, "This server does not answer for this host and path.");
        break;
    case 400:
        writer_literal(writer, "This request is not accepted here.");
        break;
    default:
        writer_literal(writer, "This request is refused here.");
        break;
    }
}

void verdict_write_sentence(struct writer *writer, const struct policy *policy,
                            const struct verdict *verdict, const struct decide_request *request)
{
    if (!verdict->is_reported) {
        write_sentence(writer, policy, verdict, request);
        return;
    }
    struct verdict refusal = kept_back(verdict);
    writer_literal(writer, "would be refused with ");
    writer_number(writer, refusal.status);
    writer_literal(writer, ": ");
    write_sentence(writer, policy, &refusal, request);
}

/* The section whose line decided: an upstream's for what the upstream can do, else the route's. */
static bool is_about_upstream(const struct verdict *verdict)
{
    switch (verdict->rule) {
    case VERDICT_VERSION_UPSTREAM_RULE:
    case VERDICT_METHOD_NOWHERE_RULE:
    case VERDICT_METHOD_UPSTREAM_RULE:
    case VERDICT_METHOD_GENERAL_RULE:
        return true;
    default:
        return verdict->route == NULL;
    }
}

void verdict_write_rule(struct writer *writer, const struct verdict *verdict)
{
    writer_string(writer, verdict_rule_name(verdict->rule));
    if (verdict->upstream != NULL) {
        bool is_upstream = is_about_upstream(verdict);
        writer_string(writer, is_upstream ? ": upstream \"" : ": route \"");
        writer_put(writer, is_upstream ? verdict->upstream->name : verdict->route->name);
        writer_byte(writer, '"');
    }
    if (verdict->source.line > 0) {
        writer_literal(writer, " (");
        writer_string(writer, verdict->source.file);
        writer_byte(writer, ':');
        writer_number(writer, verdict->source.line);
        writer_byte(writer, ')');
    }
}

void verdict_write_reported(struct writer *writer, const struct verdict *verdict)
{
    struct verdict refusal = kept_back(verdict);
    verdict_write_rule(writer, &refusal);
}

void verdict_write_source_json(struct writer *writer, const struct rule_source *source)
{
    if (source->line == 0) {
        writer_literal(writer, "null");
        return;
    }
    writer_literal(writer, "{\"file\":");
    json_write_text(writer, slice_of(source->file));
    writer_literal(writer, ",\"line\":");
    writer_number(writer, source->line);
    writer_byte(writer, '}');
}
