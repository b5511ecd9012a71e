/* A configuration as it is in force: defaults and inherited values filled in, as INI text. */
#ifndef VERBGATE_CONFIG_EFFECTIVE_H
#define VERBGATE_CONFIG_EFFECTIVE_H

#include "document.h"
#include "verbgate/base/sink.h"

/* Writes every section with every option of the table, and where each value comes from. The document is
 * indexed and had no error. False when the sink refused a piece. */
MUST_CHECK bool effective_write(const struct config_document *document, const struct sink *sink);

#endif
