#include "verbgate/policy/access_format.h"

static const struct slice names[ACCESS_VARIABLE_COUNT] = {
#define X(identifier, name) [ACCESS_##identifier] = {name, sizeof(name) - 1},
    ACCESS_VARIABLES(X)
#undef X
};

const char access_format_names[] =
#define X(identifier, name) name " "
    ACCESS_VARIABLES(X)
#undef X
    ;

const char access_format_common[] = "$client - - [$time] \"$request\" $status $sent_bytes";
const char access_format_combined[] = "$client - - [$time] \"$request\" $status $sent_bytes"
                                      " \"$referer\" \"$user_agent\"";

static bool is_name_character(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

static enum access_variable find_variable(struct slice name)
{
    enum access_variable variable = ACCESS_TEXT + 1;
    while (variable < ACCESS_VARIABLE_COUNT && !slice_equal(names[variable], name)) {
        variable++;
    }
    return variable;
}

/* The piece that `rest` begins with; *length is what it takes of it. */
static const char *read_piece(struct slice rest, struct access_piece *piece, size_t *length)
{
    if (rest.data[0] != '$') {
        *length = slice_find(rest, '$');
        *piece = (struct access_piece){ACCESS_TEXT, slice_make(rest.data, *length)};
        return NULL;
    }
    if (rest.length > 1 && rest.data[1] == '$') {
        *length = 2;
        *piece = (struct access_piece){ACCESS_TEXT, slice_make(rest.data, 1)};
        return NULL;
    }
    *length = 1;
    while (*length < rest.length && is_name_character(rest.data[*length])) {
        ++*length;
    }
    if (*length == 1) {
        return "no name follows a $ (a dollar itself is written $$)";
    }
    enum access_variable variable = find_variable(slice_make(rest.data + 1, *length - 1));
    if (variable == ACCESS_VARIABLE_COUNT) {
        return "there is no such variable";
    }
    *piece = (struct access_piece){variable, {NULL, 0}};
    return NULL;
}

const char *access_format_read(struct slice text, struct access_piece pieces[ACCESS_PIECES_MAX],
                               unsigned *count, struct slice *part)
{
    *part = text;
    if (text.length > ACCESS_FORMAT_TEXT_MAX) {
        return "it is longer than 1024 bytes";
    }
    unsigned used = 0;
    struct slice rest = text;
    while (rest.length > 0) {
        struct access_piece piece;
        size_t length = 0;
        const char *problem = read_piece(rest, &piece, &length);
        if (problem == NULL && used == ACCESS_PIECES_MAX) {
            problem = "it has more than 64 variables and texts between them";
        }
        if (problem != NULL) {
            *part = slice_make(rest.data, length);
            return problem;
        }
        pieces[used++] = piece;
        rest = slice_after(rest, length);
    }
    *count = used;
    return NULL;
}
