/* What the rules for methods (policy/method_rules.h) add to heads, and to the log. */
#include "exchange_steps.h"

#include "verbgate/base/log.h"
#include "verbgate/http/reply.h"
#include "verbgate/policy/cors.h"

void exchange_report(struct exchange *exchange)
{
    counter_increment(&exchange->proxy->counters.reported);
    if (!proxy_may_log(exchange->proxy)) {
        return;
    }
    enum { TARGET_SHOWN = 200 };
    char text[VERDICT_SENTENCE_MAX + 1024];
    struct writer writer = writer_make(text, sizeof text);
    verdict_write_sentence(&writer, exchange->snapshot->policy, &exchange->verdict,
                           &exchange->facts.request);
    writer_literal(&writer, " [");
    verdict_write_reported(&writer, &exchange->verdict);
    writer_literal(&writer, "], for ");
    reply_write_shown(&writer, exchange->line.target, TARGET_SHOWN);
    log_info("report-only: %.*s", SLICE_PRINT(writer_slice(&writer)));
}

static void put_cors(struct exchange *exchange, struct writer *writer,
                     const struct cors_rules *cors)
{
    const struct verdict *verdict = &exchange->verdict;
    if (verdict->rule == VERDICT_CORS_PREFLIGHT_RULE) {
        cors_write_preflight(writer, cors, verdict->is_granted, &verdict->allow,
                             &exchange->snapshot->policy->extensions, &exchange->facts.options);
        return;
    }
    exchange_withhold_back(exchange, SLICE("access-control-allow-origin"));
    exchange_withhold_back(exchange, SLICE("access-control-allow-credentials"));
    exchange_withhold_back(exchange, SLICE("access-control-expose-headers"));
    cors_write_actual(writer, cors,
                      method_rules_single_field(&exchange->request_fields, SLICE("origin")));
}

static void put_static(struct exchange *exchange, struct writer *writer,
                       const struct static_fields *fields)
{
    for (unsigned i = 0; i < fields->count; i++) {
        exchange_withhold_back(exchange, fields->names[i]);
    }
    writer_put(writer, fields->lines);
}

void exchange_put_method_fields(struct exchange *exchange, struct writer *writer)
{
    if (!exchange->has_verdict) {
        return;
    }
    const struct verdict *verdict = &exchange->verdict;
    /* A refusal that is hidden behind a 404 has no field that a true one would not have. */
    const struct policy_settings *settings = verdict_settings(exchange->snapshot->policy, verdict);
    const struct method_rules *rules = &settings->methods;
    const struct cors_rules *cors =
        settings == verdict->settings ? verdict->cors : method_rules_cors(rules);
    if (cors != NULL && exchange->has_head) {
        put_cors(exchange, writer, cors);
    }
    if (verdict->rule == VERDICT_WEBHOOK_HANDSHAKE_RULE && verdict->is_granted) {
        webhook_write(writer, rules->webhook, &exchange->facts.options);
    }
    if (rules->fields != NULL) {
        put_static(exchange, writer, rules->fields);
    }
}
