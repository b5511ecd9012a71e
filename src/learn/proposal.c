#include "verbgate/learn/proposal.h"

#include "proposal_routes.h"
#include "proposal_text.h"
#include "verbgate/http/reply.h"
#include "verbgate/http/token.h"

#include <stdlib.h>

enum { HOSTS_SHOWN = 8, ORIGIN_SHOWN = 200 };

struct proposal {
    struct writer *writer;
    const struct evidence_table *table;
    const struct proposal_options *options;
    struct proposal_row *rows;
    struct proposal_row *by_method; /* the same rows in another order */
    unsigned row_count;
    struct proposal_routes routes;
    unsigned next_route; /* the first of the next upstream */
    bool has_upstreams;  /* more than one */
};

static bool has_upstreams(const struct evidence_table *table)
{
    struct slice first = SLICE("");
    for (unsigned i = 0; i < table->count; i++) {
        struct slice upstream = table->items[i].upstream;
        if (first.length > 0 && upstream.length > 0 && !slice_equal(first, upstream)) {
            return true;
        }
        first = first.length > 0 ? first : upstream;
    }
    return false;
}

/* ---- sets */

static void write_set(struct proposal *proposal, const struct method_set *set)
{
    char text[METHOD_SET_TEXT_MAX];
    struct writer writer = writer_make(text, sizeof text);
    method_set_write(&writer, set, &proposal->routes.extensions);
    struct slice rest = writer_slice(&writer);
    struct slice element;
    while (token_list_next(&rest, &element)) {
        writer_byte(proposal->writer, ' ');
        writer_put(proposal->writer, element);
    }
    writer_byte(proposal->writer, '\n');
}

/* What a section may name, of the backend's own list. */
static void add_named(struct proposal *proposal, struct method_set *set, struct slice allow)
{
    struct slice element;
    while (token_list_next(&allow, &element)) {
        enum method method = token_is_valid(element) && element.length <= EVIDENCE_METHOD_MAX
                                 ? proposal_method(&proposal->routes, element)
                                 : METHOD_UNKNOWN;
        if (method != METHOD_UNKNOWN) {
            method_set_add(set, method);
        }
    }
}

static bool is_of(const struct evidence *evidence, struct slice upstream)
{
    return slice_equal(evidence->upstream, upstream);
}

/* What the routes of one upstream allow together. Upstreams come in the order of the routes. */
static struct method_set unite_routes(struct proposal *proposal, struct slice upstream)
{
    struct method_set set = {.any = false};
    struct proposal_routes *routes = &proposal->routes;
    for (; proposal->next_route < routes->count; proposal->next_route++) {
        const struct proposal_route *route = &routes->items[proposal->next_route];
        if (!is_of(route->rows->evidence, upstream)) {
            break;
        }
        method_set_unite(&set, &route->methods);
    }
    return set;
}

/* `rows` are all of one upstream. */
static struct method_set find_implemented(struct proposal *proposal,
                                          const struct proposal_row *rows, unsigned count)
{
    struct method_set set = unite_routes(proposal, rows->evidence->upstream);
    for (unsigned i = 0; i < count; i++) {
        if (rows[i].evidence->source == EVIDENCE_BACKEND) {
            add_named(proposal, &set, rows[i].evidence->allow);
        }
    }
    return set;
}

/* ---- sections */

static void write_first_lines(struct proposal *proposal)
{
    struct writer *writer = proposal->writer;
    uint64_t count = 0;
    for (unsigned i = 0; i < proposal->table->count; i++) {
        const struct evidence *entry = &proposal->table->items[i];
        count += entry->source == EVIDENCE_DECLARED ? 0 : entry->count;
    }
    writer_literal(writer, "; Proposed by verbgate learn from ");
    reply_write_shown(writer, slice_of(proposal->options->origin), ORIGIN_SHOWN);
    if (count > 0) {
        writer_format(writer, ": %llu requests", (unsigned long long)count);
    }
    if (proposal->table->since != 0) {
        writer_literal(writer, ", recorded since ");
        proposal_write_time(writer, proposal->table->since);
    }
    writer_literal(writer,
                   ".\n; Nothing of it is in force. Read it through before you use it: what was "
                   "never seen is refused.\n");
    if (proposal->table->overflow > 0) {
        writer_format(writer,
                      "; %llu more requests found no room in the record: it may lack something.\n",
                      (unsigned long long)proposal->table->overflow);
    }
    writer_literal(writer, "\n[listener public]\nbind = 127.0.0.1:8080   ; choose your own\n");
}

static bool is_among(const struct slice *items, unsigned count, struct slice item)
{
    while (count > 0 && !slice_equal(items[count - 1], item)) {
        count--;
    }
    return count > 0;
}

static void write_hosts(struct writer *writer, const struct proposal_row *rows, unsigned count)
{
    struct slice shown[HOSTS_SHOWN];
    unsigned shown_count = 0;
    for (unsigned i = 0; i < count && shown_count < HOSTS_SHOWN; i++) {
        struct slice host = rows[i].evidence->host;
        if (host.length > 0 && !is_among(shown, shown_count, host)) {
            shown[shown_count++] = host;
        }
    }
    for (unsigned i = 0; i < shown_count; i++) {
        writer_string(writer, i == 0 ? "; seen for" : "");
        writer_byte(writer, ' ');
        writer_put(writer, shown[i]);
    }
    writer_string(writer, shown_count > 0 ? "\n" : "");
}

static void write_servers(struct proposal *proposal, struct slice upstream)
{
    const struct evidence_table *table = proposal->table;
    bool has_server = false;
    for (unsigned i = 0; i < table->server_count; i++) {
        if (slice_equal(table->servers[i].upstream, upstream)) {
            writer_format(proposal->writer, "server = %.*s\n",
                          SLICE_PRINT(table->servers[i].address));
            has_server = true;
        }
    }
    if (!has_server) {
        writer_literal(proposal->writer, "server = 127.0.0.1:9000   ; put your own here\n");
    }
}

static void write_upstream(struct proposal *proposal, const struct proposal_row *rows,
                           unsigned count)
{
    struct writer *writer = proposal->writer;
    struct slice name = rows->evidence->upstream;
    struct method_set implements = find_implemented(proposal, rows, count);
    writer_format(writer, "\n; upstream %.*s, over all paths:\n", SLICE_PRINT(name));
    proposal_write_evidence(writer, rows, count);
    if (!proposal->has_upstreams) {
        write_hosts(writer, rows, count);
    }
    proposal_write_findings(writer, rows, count);
    if (method_set_is_empty(&implements)) {
        writer_literal(writer, "; No method succeeded often enough: this upstream is left out.\n");
        return;
    }
    writer_format(writer, "[upstream %.*s]\n", SLICE_PRINT(name));
    write_servers(proposal, name);
    writer_literal(writer, "implements =");
    write_set(proposal, &implements);
}

/* The answers of the gateway itself to requests that it sent nowhere. */
static void write_unrouted(struct proposal *proposal, const struct proposal_row *rows,
                           unsigned count)
{
    (void)unite_routes(proposal, rows->evidence->upstream); /* they are not proposed */
    writer_literal(proposal->writer, "\n; requests that went to no upstream:\n");
    proposal_write_evidence(proposal->writer, rows, count);
}

static void write_upstreams(struct proposal *proposal)
{
    for (unsigned i = 0; i < proposal->row_count;) {
        const struct proposal_row *rows = proposal->by_method + i;
        unsigned end = 1;
        while (i + end < proposal->row_count &&
               is_of(rows[end].evidence, rows->evidence->upstream)) {
            end++;
        }
        if (rows->evidence->upstream.length == 0) {
            write_unrouted(proposal, rows, end);
        } else {
            write_upstream(proposal, rows, end);
        }
        i += end;
    }
}

static void write_pattern(struct writer *writer, const struct proposal_row *row)
{
    writer_put(writer, row->prefix);
    writer_string(writer, row->is_exact ? "" : "/*");
}

static void write_route(struct proposal *proposal, const struct proposal_route *route)
{
    struct writer *writer = proposal->writer;
    const struct proposal_row *row = route->rows;
    writer_byte(writer, '\n');
    if (row->is_gathered) {
        writer_literal(writer, "; many different names in this folder\n");
    }
    if (route->same_below > 0) {
        writer_format(writer, "; %u path%s below it take%s the same methods\n", route->same_below,
                      route->same_below == 1 ? "" : "s", route->same_below == 1 ? "s" : "");
    }
    proposal_write_evidence(writer, row, route->row_count);
    writer_format(writer, "[route %.*s]\n", SLICE_PRINT(route->name));
    if (row->host.length > 0) {
        writer_format(writer, "host = %.*s\n", SLICE_PRINT(row->host));
    }
    writer_literal(writer, "path = ");
    write_pattern(writer, row);
    if (proposal->has_upstreams) {
        writer_format(writer, "\nupstream = %.*s", SLICE_PRINT(row->evidence->upstream));
    }
    writer_literal(writer, "\nallow =");
    write_set(proposal, &route->methods);
}

/* A path without a route of its own: why. */
static void write_left_out(struct proposal *proposal, const struct proposal_route *route)
{
    struct writer *writer = proposal->writer;
    if (route->is_covered) {
        return;
    }
    writer_literal(writer, "\n; no route for ");
    write_pattern(writer, route->rows);
    if (route->is_doubled) {
        writer_format(writer, " to upstream %.*s: another upstream had more requests for it\n",
                      SLICE_PRINT(route->rows->evidence->upstream));
    } else {
        writer_literal(writer, ": nothing succeeded there often enough\n");
    }
    proposal_write_evidence(writer, route->rows, route->row_count);
}

/* Returns how many there are. */
static unsigned write_routes(struct proposal *proposal)
{
    unsigned count = 0;
    for (unsigned i = 0; i < proposal->routes.count; i++) {
        const struct proposal_route *route = &proposal->routes.items[i];
        if (route->rows->evidence->upstream.length == 0) {
            continue;
        }
        if (proposal_route_stands(route)) {
            write_route(proposal, route);
            count++;
        } else {
            write_left_out(proposal, route);
        }
    }
    return count;
}

/* A route for whatever no other one matches stands there as a comment: what was never seen is let through only by who
 * wants it. */
static void write_last_route(struct proposal *proposal)
{
    struct writer *writer = proposal->writer;
    struct slice upstream = SLICE("");
    for (unsigned i = 0; i < proposal->routes.count; i++) {
        const struct proposal_route *route = &proposal->routes.items[i];
        const struct proposal_row *row = route->rows;
        if (row->evidence->upstream.length == 0 || !proposal_route_stands(route)) {
            continue;
        }
        if (!row->is_exact && row->prefix.length <= 1 && row->host.length == 0) {
            return; /* it is there already */
        }
        upstream = upstream.length == 0 ? row->evidence->upstream : upstream;
    }
    writer_literal(writer,
                   "\n; All other paths get 404. To let them through, with all that the upstream "
                   "implements:\n; [route all-others]\n; path = /*\n");
    if (proposal->has_upstreams) {
        writer_format(writer, "; upstream = %.*s\n", SLICE_PRINT(upstream));
    }
}

static bool prepare(struct proposal *proposal, uint64_t min_count)
{
    proposal->row_count = proposal->table->count;
    proposal->rows = proposal_rows_make(proposal->table, proposal->has_upstreams);
    proposal->by_method = calloc(proposal->row_count + 1, sizeof *proposal->by_method);
    if (proposal->rows == NULL || proposal->by_method == NULL ||
        !proposal_routes_make(&proposal->routes, proposal->rows, proposal->row_count, min_count)) {
        return false;
    }
    memcpy(proposal->by_method, proposal->rows, proposal->row_count * sizeof proposal->rows[0]);
    proposal_rows_sort_by_method(proposal->by_method, proposal->row_count);
    return true;
}

const char *proposal_write(struct writer *writer, const struct evidence_table *table,
                           const struct proposal_options *options)
{
    struct proposal proposal = {.writer = writer,
                                .table = table,
                                .options = options,
                                .has_upstreams = has_upstreams(table)};
    const char *problem = "out of memory";
    if (prepare(&proposal, options->min_count)) {
        write_first_lines(&proposal);
        write_upstreams(&proposal);
        unsigned count = write_routes(&proposal);
        write_last_route(&proposal);
        proposal_routes_finish(&proposal.routes);
        problem = count == 0 ? "nothing to propose: no request succeeded often enough" : NULL;
        if (writer->overflow) {
            problem = "the proposal would be larger than a policy file may be (4 MiB)";
        }
    }
    free(proposal.rows);
    free(proposal.by_method);
    return problem;
}
