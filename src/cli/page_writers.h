/* The writers of single pages, which cli/pages chooses from. */
#ifndef VERBGATE_CLI_PAGE_WRITERS_H
#define VERBGATE_CLI_PAGE_WRITERS_H

#include "verbgate/base/writer.h"

void manual_write_commands(struct writer *writer); /* verbgate(8) */
void manual_write_options(struct writer *writer);  /* verbgate.ini(5) */
void completion_write_bash(struct writer *writer);
void completion_write_zsh(struct writer *writer);
void completion_write_fish(struct writer *writer);
void markdown_write_commands(struct writer *writer); /* a part of config/commands.md */

/* Calls `write` for every word that `verbgate help` explains: the commands, and each key once. */
void pages_each_topic(struct writer *writer,
                      void (*write)(struct writer *writer, const char *topic));

#endif
