/* The first half of a load, without what values mean. */
#ifndef VERBGATE_CONFIG_LOAD_DOCUMENT_H
#define VERBGATE_CONFIG_LOAD_DOCUMENT_H

#include "document.h"
#include "verbgate/config/load.h"

/*
 * Reads the file at `path` with its includes into `document`, which is freshly initialised, and indexes it. `text` is the
 * main file's when it is in memory already; NULL: the environment reads it. Errors are added to `diagnostics`; the rest
 * of the document is there all the same. Returns false when nothing can be built of it: the main file cannot be read,
 * memory is short, or there are more errors than are kept.
 */
MUST_CHECK bool load_document(struct config_document *document, const char *path,
                              const struct slice *text,
                              const struct config_environment *environment,
                              struct diagnostics *diagnostics);

#endif
