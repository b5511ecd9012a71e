/* What each level may set anew, and inherits where it does not. */
#include "build.h"

#include "options.h"

static uint32_t add_upgrade(struct builder *builder, const struct config_entry *entry,
                            struct slice name)
{
    struct policy *policy = builder->policy;
    const char *problem = upgrades_problem(name);
    uint32_t bit = 0;
    if (problem != NULL) {
        options_refuse(builder, entry, name, problem, NULL);
    } else if (!upgrades_add(&policy->protocols, &policy->arena, name, &bit)) {
        options_refuse(builder, entry, name, "a configuration names at most 32 protocols", NULL);
    }
    return bit;
}

/* "allow", "refuse", or names. */
static uint32_t read_upgrades(struct builder *builder, const struct config_section *section)
{
    const struct config_entry *entry = options_entry(section, "upgrade");
    struct slice rest = options_text(section, "upgrade");
    struct slice word;
    uint32_t upgrades = 0;
    unsigned count = 0;
    bool refuses = false;
    while (options_next_word(&rest, " \t,", &word)) {
        count++;
        if (slice_equal(word, SLICE("refuse"))) {
            refuses = true;
        } else {
            bool is_allow = slice_equal(word, SLICE("allow"));
            upgrades |= add_upgrade(builder, entry, is_allow ? SLICE("websocket") : word);
        }
    }
    if (count == 0 || (refuses && count > 1)) {
        options_refuse(builder, entry, entry->value, "it is allow, refuse, or names of protocols",
                       "for example websocket mqtt");
    }
    return upgrades;
}

static void read_limits(struct builder *builder, const struct config_section *section,
                        struct policy_limits *limits)
{
    if (options_sets(section, "max-body")) {
        limits->max_body = options_number(builder, section, "max-body");
        limits->max_body_source = options_source(options_entry(section, "max-body"));
    }
    if (options_sets(section, "upgrade")) {
        limits->upgrades = read_upgrades(builder, section);
    }
    if (options_sets(section, "expect")) {
        limits->forwards_expect = options_word(builder, section, "expect") == 1;
    }
}

void build_settings(struct builder *builder, const struct config_section *section,
                    const struct policy_settings *inherited, struct policy_settings *settings)
{
    if (inherited != NULL) {
        *settings = *inherited;
    }
    read_limits(builder, section, &settings->limits);
    build_answers(builder, section, &settings->answers);
    build_method_rules(builder, section, &settings->methods);
    build_translation(builder, section, &settings->translation);
}
