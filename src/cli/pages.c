#include "verbgate/cli/pages.h"

#include "page_writers.h"
#include "verbgate/cli/command_table.h"
#include "verbgate/config/schema.h"

static const struct {
    const char *name;
    void (*write)(struct writer *writer);
} pages[] = {
    {"man8", manual_write_commands}, {"man5", manual_write_options},
    {"bash", completion_write_bash}, {"zsh", completion_write_zsh},
    {"fish", completion_write_fish}, {"markdown", markdown_write_commands},
};

bool pages_write(struct writer *writer, struct slice name)
{
    for (size_t i = 0; i < sizeof pages / sizeof pages[0]; i++) {
        if (slice_equal(slice_of(pages[i].name), name)) {
            pages[i].write(writer);
            return true;
        }
    }
    return false;
}

static bool is_known(const char *key, size_t before)
{
    for (size_t i = 0; i < before; i++) {
        if (slice_equal(slice_of(schema_option_at(i)->key), slice_of(key))) {
            return true;
        }
    }
    return command_find(slice_of(key)) != NULL;
}

void pages_each_topic(struct writer *writer,
                      void (*write)(struct writer *writer, const char *topic))
{
    const struct command *command;
    for (size_t i = 0; (command = command_at(i)) != NULL; i++) {
        write(writer, command->name);
    }
    const struct schema_option *option;
    for (size_t i = 0; (option = schema_option_at(i)) != NULL; i++) {
        if (!is_known(option->key, i)) {
            write(writer, option->key);
        }
    }
}
