#include "verbgate/cli/explanation.h"

#include "verbgate/base/json.h"
#include "verbgate/http/status_line.h"
#include "verbgate/http/token.h"
#include "verbgate/policy/field_guard.h"

static const char *kind_name(const struct question *question)
{
    if (question->fault != FAULT_NONE || question->verdict.kind == VERDICT_REFUSE) {
        return "refuse";
    }
    return question->verdict.kind == VERDICT_FORWARD ? "forward" : "answer";
}

static unsigned status_of(const struct question *question)
{
    return question->fault != FAULT_NONE ? fault_status(question->fault) : question->verdict.status;
}

static void write_because(struct writer *writer, const struct policy *policy,
                          const struct question *question)
{
    if (question->fault != FAULT_NONE) {
        writer_string(writer, fault_sentence(question->fault));
        writer_byte(writer, '.');
        return;
    }
    verdict_write_sentence(writer, policy, &question->verdict, &question->facts.request);
}

static void write_line(struct writer *writer, const char *key, struct slice value)
{
    writer_string(writer, key);
    writer_literal(writer, ": ");
    writer_put(writer, value);
    writer_byte(writer, '\n');
}

static void write_source(struct writer *writer, const struct rule_source *source)
{
    writer_literal(writer, "source: ");
    if (source->line > 0) {
        writer_string(writer, source->file);
        writer_byte(writer, ':');
        writer_number(writer, source->line);
    } else {
        writer_literal(writer, "built in");
    }
    writer_byte(writer, '\n');
}

static void write_rule(struct writer *writer, const struct policy *policy,
                       const struct verdict *verdict)
{
    if (verdict->has_allow) {
        writer_literal(writer, "allow: ");
        method_set_write(writer, &verdict->allow, &policy->extensions);
        writer_byte(writer, '\n');
    }
    if (verdict->upstream != NULL) {
        write_line(writer, "upstream", verdict->upstream->name);
    }
    if (verdict->route != NULL) {
        write_line(writer, "route", verdict->route->name);
    }
    if (verdict_has_reading(verdict)) {
        writer_literal(writer, "reading: ");
        verdict_write_reading(writer, verdict);
        writer_byte(writer, '\n');
    }
    writer_literal(writer, "rule: ");
    verdict_write_rule(writer, verdict);
    writer_byte(writer, '\n');
    write_source(writer, &verdict->source);
}

static void write_status(struct writer *writer, const char *key, unsigned status)
{
    writer_string(writer, key);
    writer_literal(writer, ": ");
    writer_number(writer, status);
    writer_byte(writer, ' ');
    writer_string(writer, status_reason(status));
    writer_byte(writer, '\n');
}

/* What report-only kept from being refused. */
static void write_reported(struct writer *writer, const struct verdict *verdict)
{
    write_status(writer, "would-be", verdict->reported.status);
    writer_literal(writer, "would-be-rule: ");
    verdict_write_reported(writer, verdict);
    writer_byte(writer, '\n');
}

/* `explain` knows no peer: it asks as one that is not trusted. */
static enum field_fate fate_of(const struct policy *policy, const struct question *question,
                               unsigned index)
{
    bool is_forwarded = question->fault == FAULT_NONE && question->verdict.kind == VERDICT_FORWARD;
    return is_forwarded
               ? field_guard_fate(policy, &question->verdict, false, &question->fields.items[index])
               : FIELD_PASSED_FATE;
}

/* What becomes of the fields that go no further. */
static void write_dropped(struct writer *writer, const struct policy *policy,
                          const struct question *question)
{
    for (unsigned i = 0; i < question->fields.count; i++) {
        enum field_fate fate = fate_of(policy, question, i);
        if (fate != FIELD_PASSED_FATE) {
            writer_literal(writer, "dropped: ");
            writer_put(writer, question->fields.items[i].name);
            writer_literal(writer, ": ");
            writer_string(writer, field_fate_reason(fate));
            writer_byte(writer, '\n');
        }
    }
}

void explanation_write_text(struct writer *writer, const struct policy *policy,
                            const struct question *question)
{
    unsigned status = status_of(question);
    write_line(writer, "verdict", slice_of(kind_name(question)));
    if (status == ANSWERS_CLOSE) {
        writer_literal(writer, "status: none, the connection is closed (444 in logs)\n");
    } else if (status != 0) {
        write_status(writer, "status", status);
    }
    if (question->fault == FAULT_NONE && question->verdict.is_reported) {
        write_reported(writer, &question->verdict);
    }
    if (question->fault == FAULT_NONE) {
        write_rule(writer, policy, &question->verdict);
    } else {
        writer_literal(writer, "rule: malformed\nsource: built in\n");
    }
    writer_literal(writer, "because: ");
    write_because(writer, policy, question);
    writer_byte(writer, '\n');
    write_dropped(writer, policy, question);
}

static void json_member(struct writer *writer, const char *key, struct slice value)
{
    json_write_key(writer, key);
    if (value.data == NULL) {
        writer_literal(writer, "null");
    } else {
        json_write_text(writer, value);
    }
}

static void json_allow(struct writer *writer, const struct policy *policy,
                       const struct verdict *verdict)
{
    json_write_key(writer, "allow");
    writer_byte(writer, '[');
    char text[METHOD_SET_TEXT_MAX];
    struct writer names = writer_make(text, sizeof text);
    if (verdict->has_allow) {
        method_set_write(&names, &verdict->allow, &policy->extensions);
    }
    struct slice rest = writer_slice(&names);
    struct slice name;
    while (token_list_next(&rest, &name)) {
        json_write_comma(writer);
        json_write_text(writer, name);
    }
    writer_byte(writer, ']');
}

static struct slice method_onward(const struct question *question)
{
    const struct verdict *verdict = &question->verdict;
    if (verdict->asks_get) {
        return SLICE("GET");
    }
    bool is_sent_as_post = method_set_has(&verdict->translation->send_as_post, verdict->method);
    return is_sent_as_post ? SLICE("POST") : question->line.method;
}

/* What the backend gets, as serialise_request_head writes it. */
static void json_forwarded(struct writer *writer, const struct question *question)
{
    json_write_key(writer, "forwarded");
    if (question->fault != FAULT_NONE || question->verdict.kind != VERDICT_FORWARD) {
        writer_literal(writer, "null");
        return;
    }
    const struct target *target = &question->facts.target;
    writer_byte(writer, '{');
    json_member(writer, "method", method_onward(question));
    static char text[QUESTION_HEAD_MAX + 1];
    struct writer onward = writer_make(text, sizeof text);
    if (target->form == TARGET_ASTERISK) {
        writer_byte(&onward, '*');
    } else {
        writer_string(&onward, target->needs_slash ? "/" : "");
        writer_put(&onward, target->path_query);
    }
    json_member(writer, "target", writer_slice(&onward));
    writer_byte(writer, '}');
}

static void json_reported(struct writer *writer, const struct verdict *verdict)
{
    if (verdict->is_reported) {
        json_write_key(writer, "would_be");
        writer_number(writer, verdict->reported.status);
        json_member(writer, "would_be_rule", slice_of(verdict_rule_name(verdict->reported.rule)));
    }
}

/* Only where there is one, as with would_be. */
static void json_dropped(struct writer *writer, const struct policy *policy,
                         const struct question *question)
{
    bool is_any = false;
    for (unsigned i = 0; i < question->fields.count; i++) {
        enum field_fate fate = fate_of(policy, question, i);
        if (fate == FIELD_PASSED_FATE) {
            continue;
        }
        if (!is_any) {
            json_write_key(writer, "dropped");
            writer_byte(writer, '[');
            is_any = true;
        }
        json_write_comma(writer);
        writer_byte(writer, '{');
        json_member(writer, "field", question->fields.items[i].name);
        json_member(writer, "reason", slice_of(field_fate_label(fate)));
        writer_byte(writer, '}');
    }
    writer_string(writer, is_any ? "]" : "");
}

void explanation_write_json(struct writer *writer, const struct policy *policy,
                            const struct question *question)
{
    static const struct verdict none = {.upstream = NULL};
    bool is_fault = question->fault != FAULT_NONE;
    const struct verdict *verdict = is_fault ? &none : &question->verdict;
    unsigned status = status_of(question);
    writer_byte(writer, '{');
    json_member(writer, "verdict", slice_of(kind_name(question)));
    json_write_key(writer, "status");
    if (status == 0) {
        writer_literal(writer, "null");
    } else {
        writer_number(writer, status);
    }
    json_reported(writer, verdict);
    json_allow(writer, policy, verdict);
    json_member(writer, "rule",
                is_fault ? SLICE("malformed") : slice_of(verdict_rule_name(verdict->rule)));
    json_member(writer, "upstream",
                verdict->upstream == NULL ? slice_of(NULL) : verdict->upstream->name);
    json_member(writer, "route", verdict->route == NULL ? slice_of(NULL) : verdict->route->name);
    if (verdict_has_reading(verdict)) {
        char reading[80];
        struct writer name = writer_make(reading, sizeof reading);
        verdict_write_reading(&name, verdict);
        json_member(writer, "reading", writer_slice(&name));
    }
    json_write_key(writer, "source");
    verdict_write_source_json(writer, &verdict->source);
    char text[VERDICT_SENTENCE_MAX];
    struct writer because = writer_make(text, sizeof text);
    write_because(&because, policy, question);
    json_member(writer, "because", writer_slice(&because));
    json_forwarded(writer, question);
    json_dropped(writer, policy, question);
    writer_literal(writer, "}\n");
}
