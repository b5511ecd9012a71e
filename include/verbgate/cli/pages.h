/*
 * Files that are made from the tables of commands and of options: man pages, completion for shells, and a part of
 * config/commands.md. `verbgate help --page NAME` prints them; the build installs them.
 */
#ifndef VERBGATE_CLI_PAGES_H
#define VERBGATE_CLI_PAGES_H

#include "verbgate/base/attributes.h"
#include "verbgate/base/writer.h"

/* The names of all pages, separated by spaces. */
#define PAGES_NAMES "man8 man5 bash zsh fish markdown"

/* More than any page needs. */
enum { PAGES_MAX = 512 * 1024 };

/* Writes the page of this name. Returns false, and writes nothing, when there is none. */
MUST_CHECK bool pages_write(struct writer *writer, struct slice name);

#endif
