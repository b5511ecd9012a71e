#include "verbgate/cli/quick_policy.h"

static bool has_control(const char *text)
{
    for (; *text != '\0'; text++) {
        if ((unsigned char)*text < 0x20 || *text == 0x7f) {
            return true;
        }
    }
    return false;
}

/* Whether the grammar could read something else in the value than its bytes. */
static bool needs_quotes(struct slice text)
{
    bool is_trimmed = slice_trim(text).length == text.length;
    return text.length == 0 || !is_trimmed || slice_find(text, ';') < text.length ||
           slice_find(text, '#') < text.length || slice_find(text, '"') < text.length;
}

static void write_value(struct writer *writer, struct slice text)
{
    bool is_quoted = needs_quotes(text);
    writer_string(writer, is_quoted ? "\"" : "");
    for (size_t i = 0; i < text.length; i++) {
        char byte = text.data[i];
        bool is_variable = byte == '$' && i + 1 < text.length && text.data[i + 1] == '{';
        bool is_escaped = is_quoted && (byte == '"' || byte == '\\');
        writer_string(writer, is_variable ? "$" : is_escaped ? "\\" : "");
        writer_byte(writer, byte);
    }
    writer_string(writer, is_quoted ? "\"\n" : "\n");
}

static const char *find_problem(const struct quick_policy *quick)
{
    bool is_bad = (quick->listen != NULL && has_control(quick->listen)) ||
                  (quick->implements != NULL && has_control(quick->implements));
    for (unsigned i = 0; i < quick->server_count; i++) {
        is_bad = is_bad || has_control(quick->servers[i]);
    }
    return is_bad ? "a value has a control character, such as a line feed" : NULL;
}

const char *quick_policy_write(struct writer *writer, const struct quick_policy *quick)
{
    const char *problem = find_problem(quick);
    if (problem != NULL) {
        return problem;
    }
    writer_literal(writer, "; Made by verbgate run from its options. verbgate help KEY explains an "
                           "option.\n"
                           "\n"
                           "; Where clients connect.\n"
                           "[listener public]\n"
                           "bind = ");
    write_value(writer, slice_of(quick->listen == NULL ? "127.0.0.1:8080" : quick->listen));
    writer_literal(writer, "\n; The server behind, and what it can do.\n[upstream app]\n");
    for (unsigned i = 0; i < quick->server_count; i++) {
        writer_literal(writer, "server = ");
        write_value(writer, slice_of(quick->servers[i]));
    }
    if (quick->implements != NULL) {
        writer_literal(writer, "; Every other method is answered 501.\nimplements = ");
        write_value(writer, slice_of(quick->implements));
    } else {
        writer_literal(writer, "; Every method is forwarded. To answer 501 for others:\n"
                               ";implements = GET HEAD POST\n");
    }
    writer_literal(writer, "\n; A resource that allows less; other methods are answered 405.\n"
                           ";[route reports]\n"
                           ";path = /reports/*\n"
                           ";allow = GET HEAD\n"
                           "\n"
                           "; With routes, what none of them matches is answered 404.\n"
                           ";[route rest]\n");
    return writer->overflow ? "the options are too long" : NULL;
}
