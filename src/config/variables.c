#include "variables.h"

enum { NAME_MAX_BYTES = 128 };

/* The offset of the next "${", or text.length. */
static size_t find_opening(struct slice text)
{
    for (size_t i = 0; i + 1 < text.length; i++) {
        if (text.data[i] == '$' && text.data[i + 1] == '{') {
            return i;
        }
    }
    return text.length;
}

bool variables_occur(struct slice text)
{
    return find_opening(text) < text.length;
}

static bool is_name(struct slice name)
{
    for (size_t i = 0; i < name.length; i++) {
        char c = name.data[i];
        bool is_letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
        if (!is_letter && !(i > 0 && c >= '0' && c <= '9')) {
            return false;
        }
    }
    return name.length > 0 && name.length <= NAME_MAX_BYTES;
}

static bool has_control(struct slice text)
{
    for (size_t i = 0; i < text.length; i++) {
        if ((unsigned char)text.data[i] < 0x20 || text.data[i] == 0x7f) {
            return true;
        }
    }
    return false;
}

static struct slice look_up(const struct config_environment *environment, struct slice name)
{
    char text[NAME_MAX_BYTES + 1];
    memcpy(text, name.data, name.length);
    text[name.length] = '\0';
    return slice_of(environment->get_variable(environment->context, text));
}

/* `inner` is what stands between the braces. Returns NULL or a sentence. */
static const char *expand_one(struct slice inner, const struct config_environment *environment,
                              struct writer *writer, struct variables_problem *problem)
{
    size_t name_end = 0;
    while (name_end < inner.length && inner.data[name_end] != ':') {
        name_end++;
    }
    struct slice fallback = slice_after(inner, name_end);
    bool has_fallback = slice_starts_with(fallback, SLICE(":-"));
    struct slice candidate = slice_make(inner.data, name_end);
    if (!is_name(candidate) || (fallback.length > 0 && !has_fallback)) {
        return "a variable is written ${NAME} or ${NAME:-default}";
    }
    if (variables_occur(fallback)) {
        return "a default cannot hold another variable";
    }
    problem->name = candidate;
    struct slice value = look_up(environment, candidate);
    if (has_fallback && value.length == 0) {
        value = slice_after(fallback, 2);
    } else if (value.data == NULL) {
        problem->is_unset = true;
        return "is not set and has no default";
    }
    if (has_control(value)) {
        return "has a control character, such as a line feed, in its value";
    }
    writer_put(writer, value);
    return NULL;
}

static bool fail(struct variables_problem *problem, const char *sentence, struct slice part)
{
    problem->sentence = sentence;
    problem->part = part;
    return false;
}

bool variables_expand(struct slice text, const struct config_environment *environment,
                      struct writer *writer, struct variables_problem *problem)
{
    *problem = (struct variables_problem){.name = {NULL, 0}};
    while (text.length > 0) {
        size_t opening = find_opening(text);
        bool is_literal = opening > 0 && opening < text.length && text.data[opening - 1] == '$';
        writer_put(writer, slice_make(text.data, is_literal ? opening - 1 : opening));
        text = slice_after(text, opening);
        if (is_literal) {
            writer_literal(writer, "${");
            text = slice_after(text, 2);
            continue;
        }
        if (text.length == 0) {
            break;
        }
        problem->name = slice_make(NULL, 0);
        size_t closing = slice_find(text, '}');
        if (closing == text.length) {
            return fail(problem, "the closing '}' of ${ is missing", text);
        }
        const char *sentence =
            expand_one(slice_make(text.data + 2, closing - 2), environment, writer, problem);
        if (sentence != NULL) {
            return fail(problem, sentence, slice_make(text.data, closing + 1));
        }
        text = slice_after(text, closing + 1);
    }
    if (writer->overflow) {
        problem->name = slice_make(NULL, 0);
        return fail(problem, "with its variables filled in, the value is too long", text);
    }
    return true;
}
