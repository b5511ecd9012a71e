#include "verbgate/policy/cors.h"

#include "verbgate/http/token.h"
#include "verbgate/policy/policy.h"

/* A longer list of requested fields is never granted: browsers send the few that a script set. */
enum { REQUESTED_HEADERS_MAX = 2048 };

/* Splits "https://example.com:8443" after "://". False when there is no scheme. */
static bool split_scheme(struct slice origin, struct slice *scheme, struct slice *authority)
{
    size_t colon = slice_find(origin, ':');
    *scheme = slice_make(origin.data, colon);
    struct slice rest = slice_after(origin, colon);
    if (colon == 0 || !slice_starts_with(rest, SLICE("://"))) {
        return false;
    }
    *authority = slice_after(rest, 3);
    return true;
}

/* RFC 3986 section 3.1, in lower case, as browsers write it. */
static bool is_scheme(struct slice scheme)
{
    for (size_t i = 0; i < scheme.length; i++) {
        char c = scheme.data[i];
        bool is_letter = c >= 'a' && c <= 'z';
        bool is_other = (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
        if (!is_letter && (i == 0 || !is_other)) {
            return false;
        }
    }
    return true;
}

/* The port behind a host, with its colon; empty when there is none. */
static struct slice port_of(struct slice authority)
{
    size_t start =
        authority.length > 0 && authority.data[0] == '[' ? slice_find(authority, ']') : 0;
    struct slice rest = slice_after(authority, start);
    return slice_after(rest, slice_find(rest, ':'));
}

static const char *port_problem(struct slice scheme, struct slice port)
{
    uint64_t number = 0;
    if (port.length == 0) {
        return NULL;
    }
    if (!slice_to_number(slice_after(port, 1), &number) || number == 0 || number > 65535 ||
        port.data[1] == '0') {
        return "the port is not a number from 1 to 65535";
    }
    if ((slice_equal(scheme, SLICE("https")) && number == 443) ||
        (slice_equal(scheme, SLICE("http")) && number == 80)) {
        return "browsers leave out the scheme's own port: leave it out here too";
    }
    return NULL;
}

const char *cors_origin_problem(struct slice pattern)
{
    struct slice scheme;
    struct slice authority;
    if (slice_equal(pattern, SLICE("null"))) {
        return NULL;
    }
    if (pattern.length > CORS_ORIGIN_MAX) {
        return "the origin is longer than 320 bytes";
    }
    if (!split_scheme(pattern, &scheme, &authority)) {
        return "an origin begins with its scheme: https://example.com";
    }
    if (!is_scheme(scheme)) {
        return "write the scheme in lower-case letters";
    }
    if (slice_find(authority, '/') < authority.length) {
        return "an origin has no path, and no '/' at its end";
    }
    struct slice port = port_of(authority);
    struct slice host = slice_make(authority.data, authority.length - port.length);
    if (host.length == 0 || slice_equal(host, SLICE("*"))) {
        return "an origin has a host, or *. and a host";
    }
    const char *problem = policy_host_problem(host);
    return problem != NULL ? problem : port_problem(scheme, port);
}

/* One or more whole labels: letters, digits, '-' and '_' between dots. */
static bool are_labels(struct slice text)
{
    bool is_start = true;
    for (size_t i = 0; i < text.length; i++) {
        char c = text.data[i];
        bool is_plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
        if (!is_plain && (c != '.' || is_start)) {
            return false;
        }
        is_start = c == '.';
    }
    return !is_start;
}

static bool matches(struct slice pattern, struct slice origin)
{
    size_t star = slice_find(pattern, '*');
    if (star == pattern.length) {
        return slice_equal(pattern, origin);
    }
    struct slice scheme = slice_make(pattern.data, star);
    struct slice suffix = slice_after(pattern, star + 1); /* ".example.com:8443" */
    if (!slice_starts_with(origin, scheme) || origin.length <= scheme.length + suffix.length) {
        return false;
    }
    size_t end = origin.length - suffix.length;
    return slice_equal(slice_after(origin, end), suffix) &&
           are_labels(slice_make(origin.data + star, end - star));
}

bool cors_takes_origin(const struct cors_rules *rules, struct slice origin)
{
    if (origin.length == 0 || origin.length > CORS_ORIGIN_MAX) {
        return false;
    }
    for (unsigned i = 0; i < rules->origin_count; i++) {
        if (matches(rules->origins[i], origin)) {
            return true;
        }
    }
    return rules->takes_any_origin;
}

/* The Fetch standard: "*" covers every name but Authorization, which has to be listed. With
 * credentials the wildcard does not exist, and the names are listed that were asked for. */
static bool takes_header(const struct cors_rules *rules, struct slice name)
{
    bool is_covered =
        rules->takes_any_header &&
        (rules->takes_credentials || !slice_equal_ignoring_case(name, SLICE("authorization")));
    return token_is_valid(name) && (is_covered || token_list_has(rules->headers, name));
}

static bool takes_headers(const struct cors_rules *rules, struct slice names)
{
    bool is_echoed = rules->takes_any_header && rules->takes_credentials;
    struct slice name;
    if (names.length > (is_echoed ? CORS_LIST_MAX : REQUESTED_HEADERS_MAX)) {
        return false;
    }
    while (token_list_next(&names, &name)) {
        if (!takes_header(rules, name)) {
            return false;
        }
    }
    return true;
}

bool cors_grants(const struct cors_rules *rules, const struct method_set *allow, enum method method,
                 const struct options_fields *request)
{
    return cors_takes_origin(rules, request->origin) && method_set_has(allow, method) &&
           request->request_method.length <= METHOD_TOKEN_MAX &&
           token_is_valid(request->request_method) &&
           takes_headers(rules, request->request_headers);
}

static void put_line(struct writer *writer, struct slice name_colon, struct slice value)
{
    writer_put(writer, name_colon);
    writer_put(writer, value);
    writer_literal(writer, "\r\n");
}

/* Whether every origin gets the same answer, so that it need not vary. */
static bool is_same_for_all(const struct cors_rules *rules)
{
    return rules->takes_any_origin && !rules->takes_credentials;
}

static void put_origin(struct writer *writer, const struct cors_rules *rules, struct slice origin)
{
    put_line(writer, SLICE("Access-Control-Allow-Origin: "),
             is_same_for_all(rules) ? SLICE("*") : origin);
    if (rules->takes_credentials) {
        writer_literal(writer, "Access-Control-Allow-Credentials: true\r\n");
    }
}

/* All methods, so that one preflight serves them all; only the one that was asked for, where they
 * are too many, or where it stands under another name (in another case) or none. */
static void put_methods(struct writer *writer, const struct method_set *allow,
                        const struct method_extensions *extensions, struct slice method)
{
    char text[CORS_LIST_MAX];
    struct writer list = writer_make(text, sizeof text);
    method_set_write(&list, allow, extensions);
    bool is_listed = method_extensions_find(extensions, method) != METHOD_UNKNOWN;
    put_line(writer, SLICE("Access-Control-Allow-Methods: "),
             list.overflow || !is_listed ? method : writer_slice(&list));
}

static void put_headers(struct writer *writer, const struct cors_rules *rules,
                        struct slice requested)
{
    bool is_star = rules->takes_any_header && !rules->takes_credentials;
    bool is_echoed = rules->takes_any_header && rules->takes_credentials;
    struct slice names = is_echoed ? requested : rules->headers;
    if (!is_star && names.length == 0) {
        return;
    }
    writer_literal(writer, "Access-Control-Allow-Headers: ");
    if (is_star) {
        writer_string(writer, names.length > 0 ? "*, " : "*");
    }
    put_line(writer, names, SLICE(""));
}

void cors_write_preflight(struct writer *writer, const struct cors_rules *rules, bool is_granted,
                          const struct method_set *allow,
                          const struct method_extensions *extensions,
                          const struct options_fields *request)
{
    if (is_granted) {
        put_origin(writer, rules, request->origin);
        put_methods(writer, allow, extensions, request->request_method);
        put_headers(writer, rules, request->request_headers);
        writer_literal(writer, "Access-Control-Max-Age: ");
        writer_number(writer, rules->max_age_s);
        writer_literal(writer, "\r\n");
    }
    writer_literal(writer, "Vary: Origin, Access-Control-Request-Method, "
                           "Access-Control-Request-Headers\r\n");
}

/* The Fetch standard, "CORS protocol and HTTP caches": an answer that is the same for all origins is
 * sent to all requests; any other varies, also where it was not given. */
void cors_write_actual(struct writer *writer, const struct cors_rules *rules, struct slice origin)
{
    bool is_same = is_same_for_all(rules);
    if (is_same || cors_takes_origin(rules, origin)) {
        put_origin(writer, rules, origin);
        if (rules->expose.length > 0) {
            put_line(writer, SLICE("Access-Control-Expose-Headers: "), rules->expose);
        }
    }
    if (!is_same) {
        writer_literal(writer, "Vary: Origin\r\n");
    }
}

/* The entry of the list that an origin equals, or NULL. */
static const struct slice *find_sender(const struct webhook_rules *rules, struct slice origin)
{
    for (unsigned i = 0; i < rules->origin_count; i++) {
        if (slice_equal_ignoring_case(rules->origins[i], origin)) {
            return &rules->origins[i];
        }
    }
    return NULL;
}

bool webhook_takes_origin(const struct webhook_rules *rules, struct slice origin)
{
    return rules->takes_any_origin || find_sender(rules, origin) != NULL;
}

/* CloudEvents webhooks section 4.2: the origin's name or "*", and a rate wherever one was asked for.
 */
void webhook_write(struct writer *writer, const struct webhook_rules *rules,
                   const struct options_fields *request)
{
    const struct slice *sender = find_sender(rules, request->webhook_origin);
    put_line(writer, SLICE("WebHook-Allowed-Origin: "), sender == NULL ? SLICE("*") : *sender);
    if (rules->rate > 0) {
        writer_literal(writer, "WebHook-Allowed-Rate: ");
        writer_number(writer, rules->rate);
        writer_literal(writer, "\r\n");
    } else if (request->webhook_rate.length > 0) {
        writer_literal(writer, "WebHook-Allowed-Rate: *\r\n");
    }
}
