#include "proposal_text.h"

#include "verbgate/base/clock.h"
#include "verbgate/http/method.h"

enum { STATUSES_SHOWN = 12 };

void proposal_write_time(struct writer *writer, int64_t seconds)
{
    struct clock clock;
    clock_init(&clock);
    clock_set(&clock, (time_t)seconds);
    writer_string(writer, clock.iso_stamp);
}

unsigned proposal_method_run(const struct proposal_row *rows, unsigned count)
{
    unsigned end = 1;
    while (end < count && slice_equal(rows[end].evidence->method, rows[0].evidence->method)) {
        end++;
    }
    return end;
}

/* The rows from the first on with its status and source. */
static unsigned status_run(const struct proposal_row *rows, unsigned count, uint64_t *total)
{
    unsigned end = 0;
    *total = 0;
    for (; end < count && rows[end].evidence->status == rows[0].evidence->status &&
           rows[end].evidence->source == rows[0].evidence->source;
         end++) {
        *total += rows[end].evidence->count;
    }
    return end;
}

static void write_status(struct writer *writer, const struct evidence *evidence, uint64_t total)
{
    if (evidence->source == EVIDENCE_DECLARED) {
        writer_literal(writer, "declared");
        return;
    }
    writer_number(writer, evidence->status);
    if (evidence->source == EVIDENCE_GATEWAY) {
        writer_literal(writer, " by the gateway itself");
    }
    writer_literal(writer, " x");
    writer_number(writer, total);
}

static void write_times(struct writer *writer, const struct proposal_row *rows, unsigned count)
{
    int64_t first = rows[0].evidence->first;
    int64_t last = rows[0].evidence->last;
    for (unsigned i = 1; i < count; i++) {
        const struct evidence *evidence = rows[i].evidence;
        first = evidence->first < first ? evidence->first : first;
        last = evidence->last > last ? evidence->last : last;
    }
    if (last == 0) {
        return;
    }
    writer_literal(writer, " (");
    proposal_write_time(writer, first);
    if (last > first) {
        writer_literal(writer, " to ");
        proposal_write_time(writer, last);
    }
    writer_byte(writer, ')');
}

void proposal_write_evidence(struct writer *writer, const struct proposal_row *rows, unsigned count)
{
    while (count > 0) {
        unsigned run = proposal_method_run(rows, count);
        writer_literal(writer, ";   ");
        writer_put(writer, rows[0].evidence->method);
        writer_literal(writer, ": ");
        unsigned shown = 0;
        for (unsigned i = 0; i < run; shown++) {
            uint64_t total;
            unsigned length = status_run(rows + i, run - i, &total);
            if (shown < STATUSES_SHOWN) {
                writer_string(writer, i == 0 ? "" : ", ");
                write_status(writer, rows[i].evidence, total);
            }
            i += length;
        }
        if (shown > STATUSES_SHOWN) {
            writer_literal(writer, " and others");
        }
        write_times(writer, rows, run);
        writer_byte(writer, '\n');
        rows += run;
        count -= run;
    }
}

/* ---- findings */

/* What the backend did with one method, over all paths. */
struct summary {
    bool has_success;
    unsigned refusal; /* 405 or 501 of the backend */
    struct slice allow;
    unsigned failure; /* another 5xx of the backend */
    unsigned other;   /* another 4xx of the backend, but 404 */
};

static struct summary summarise(const struct proposal_row *rows, unsigned count)
{
    struct summary summary = {.has_success = false};
    for (unsigned i = 0; i < count; i++) {
        const struct evidence *evidence = rows[i].evidence;
        if (proposal_is_success(evidence)) {
            summary.has_success = true;
        } else if (evidence->source != EVIDENCE_BACKEND || evidence->status == 404) {
            continue;
        } else if (evidence->status == 405 || evidence->status == 501) {
            summary.refusal = evidence->status;
            summary.allow = evidence->allow.length > 0 ? evidence->allow : summary.allow;
        } else if (evidence->status >= 500) {
            summary.failure = evidence->status;
        } else {
            summary.other = evidence->status;
        }
    }
    return summary;
}

static void write_head_finding(struct writer *writer, const struct summary *summary)
{
    if (!summary->has_success && (summary->refusal != 0 || summary->failure != 0)) {
        writer_format(writer,
                      "; finding: HEAD never succeeded (%u), though GET implies it (RFC 9110 "
                      "section 9.1): the backend should be mended\n",
                      summary->refusal != 0 ? summary->refusal : summary->failure);
    }
}

static void write_finding(struct writer *writer, struct slice method, const struct summary *summary)
{
    if (summary->has_success) {
        return;
    }
    if (summary->failure != 0) {
        writer_format(writer,
                      "; finding: the backend says %u for %.*s, and nothing better: left out, so "
                      "it is answered before it gets there\n",
                      summary->failure, SLICE_PRINT(method));
    }
    if (summary->refusal != 0) {
        writer_format(writer, "; finding: the backend answers %.*s with %u itself%s%.*s\n",
                      SLICE_PRINT(method), summary->refusal,
                      summary->allow.length > 0 ? ", Allow: " : "", SLICE_PRINT(summary->allow));
    }
    if (summary->other != 0) {
        writer_format(writer,
                      "; finding: %.*s was only answered with %u and the like: add it, if it "
                      "works for others\n",
                      SLICE_PRINT(method), summary->other);
    }
}

/* A policy cannot name it: "get" is no GET, "*" is every method. */
static void write_name_finding(struct writer *writer, struct slice method)
{
    if (!evidence_method_is_plain(method) && !slice_equal(method, EVIDENCE_METHOD_OTHER)) {
        writer_format(writer,
                      "; finding: clients sent the method %.*s, which a policy cannot name: "
                      "left out\n",
                      SLICE_PRINT(method));
    }
    struct slice meant = method_name(method_suggest(method));
    if (method_find(method) == METHOD_UNKNOWN && meant.length > 0 &&
        slice_equal_ignoring_case(method, meant)) {
        writer_format(writer, "; finding: clients sent %.*s, which is not %.*s: left out\n",
                      SLICE_PRINT(method), SLICE_PRINT(meant));
    }
}

void proposal_write_findings(struct writer *writer, const struct proposal_row *rows, unsigned count)
{
    while (count > 0) {
        unsigned run = proposal_method_run(rows, count);
        struct slice method = rows[0].evidence->method;
        struct summary summary = summarise(rows, run);
        if (method_find(method) == METHOD_HEAD) {
            write_head_finding(writer, &summary);
        } else {
            write_finding(writer, method, &summary);
        }
        write_name_finding(writer, method);
        rows += run;
        count -= run;
    }
}
