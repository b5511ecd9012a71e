/* Where the record of the traffic goes. */
#include "build.h"

#include "options.h"

void build_observe(struct builder *builder, const struct config_section *section)
{
    const struct config_entry *entry = options_entry(section, "observe");
    struct slice text = options_text(section, "observe");
    /* A path has a slash, so that a misspelt "off" is not taken for a file's name. */
    if (entry != NULL && !slice_equal(text, SLICE("off")) && slice_find(text, '/') == text.length) {
        options_refuse(builder, entry, text, "this is not a path: it has no '/'",
                       "a file in the working directory is written ./NAME");
    }
    builder->policy->process.observe = options_copy(builder, text);
    builder->policy->process.observe_source = options_source(entry);
}
