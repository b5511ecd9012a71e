/* What each level may set anew, and inherits where it does not. */
#include "build.h"

#include "options.h"

bool build_sets(const struct builder *builder, const struct config_section *section,
                const char *key)
{
    return section == document_gateway(builder->document) || options_entry(section, key) != NULL;
}

static void read_limits(struct builder *builder, const struct config_section *section,
                        struct policy_limits *limits)
{
    if (build_sets(builder, section, "max-body")) {
        limits->max_body = options_number(builder, section, "max-body");
    }
    if (build_sets(builder, section, "upgrade")) {
        limits->allows_upgrade = options_word(builder, section, "upgrade") == 0;
    }
    if (build_sets(builder, section, "expect")) {
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
}
