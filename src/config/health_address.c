#include "document.h"
#include "include.h"
#include "load_document.h"
#include "options.h"
#include "verbgate/config/load.h"

/* What a key of [gateway] names as an address; empty: nothing. */
static struct slice address_at(const struct config_section *section, const char *key)
{
    const struct config_entry *entry = options_entry(section, key);
    return entry == NULL || slice_equal(entry->value, SLICE("off")) ? SLICE("") : entry->value;
}

bool config_find_health(const char *path, const struct config_environment *environment,
                        struct diagnostics *diagnostics, struct writer *address)
{
    struct config_document document;
    document_init(&document);
    if (load_document(&document, path, NULL, environment, diagnostics)) {
        const struct config_section *section = document_gateway(&document);
        struct slice found = address_at(section, "health");
        writer_put(address, found.length > 0 ? found : address_at(section, "admin"));
    }
    diagnostics_sort(diagnostics);
    document_finish(&document);
    return address->length > 0 && !address->overflow;
}
