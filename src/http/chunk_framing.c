#include "verbgate/http/chunk_framing.h"

#include "verbgate/http/token.h"

/* What the grammar tells apart among bytes. */
enum byte_class {
    CLASS_CONTROL, /* no place takes one; HTAB is a blank */
    CLASS_CR,
    CLASS_LF,
    CLASS_BLANK,
    CLASS_SEMICOLON,
    CLASS_EQUALS,
    CLASS_QUOTE,
    CLASS_BACKSLASH,
    CLASS_DIGIT, /* hexadecimal */
    CLASS_TOKEN, /* any other token character */
    CLASS_OTHER, /* visible, or obs-text */
    CLASS_COUNT,
};

/* clang-format off */
#define ON_TOKEN(next) [CLASS_DIGIT] = (next), [CLASS_TOKEN] = (next)

/* What stands for itself in a quoted string (RFC 9110 section 5.6.4). */
#define ON_QUOTABLE(next) ON_TOKEN(next), [CLASS_BLANK] = (next), [CLASS_SEMICOLON] = (next), \
                          [CLASS_EQUALS] = (next), [CLASS_OTHER] = (next)

/* What a field line may have, save blanks. */
#define ON_VISIBLE(next) ON_TOKEN(next), [CLASS_SEMICOLON] = (next), [CLASS_EQUALS] = (next), \
                         [CLASS_QUOTE] = (next), [CLASS_BACKSLASH] = (next), [CLASS_OTHER] = (next)

/* The grammar of RFC 9112 section 7.1. A byte that is not in a row leads to CHUNK_BAD. */
static const unsigned char transitions[][CLASS_COUNT] = {
    [CHUNK_SIZE_START] = {[CLASS_DIGIT] = CHUNK_SIZE},
    [CHUNK_SIZE] = {[CLASS_DIGIT] = CHUNK_SIZE, [CLASS_BLANK] = CHUNK_SIZE_BLANK,
                    [CLASS_SEMICOLON] = CHUNK_NAME_START, [CLASS_CR] = CHUNK_LINE_LF},
    [CHUNK_SIZE_BLANK] = {[CLASS_BLANK] = CHUNK_SIZE_BLANK, [CLASS_SEMICOLON] = CHUNK_NAME_START,
                          [CLASS_CR] = CHUNK_LINE_LF}, /* of padding only: see is_refused */
    [CHUNK_EXTENSION_BLANK] = {[CLASS_BLANK] = CHUNK_EXTENSION_BLANK,
                               [CLASS_SEMICOLON] = CHUNK_NAME_START},
    [CHUNK_NAME_START] = {ON_TOKEN(CHUNK_NAME), [CLASS_BLANK] = CHUNK_NAME_START},
    [CHUNK_NAME] = {ON_TOKEN(CHUNK_NAME), [CLASS_BLANK] = CHUNK_NAME_BLANK,
                    [CLASS_EQUALS] = CHUNK_VALUE_START, [CLASS_SEMICOLON] = CHUNK_NAME_START,
                    [CLASS_CR] = CHUNK_LINE_LF},
    [CHUNK_NAME_BLANK] = {[CLASS_BLANK] = CHUNK_NAME_BLANK, [CLASS_EQUALS] = CHUNK_VALUE_START,
                          [CLASS_SEMICOLON] = CHUNK_NAME_START},
    [CHUNK_VALUE_START] = {ON_TOKEN(CHUNK_VALUE), [CLASS_BLANK] = CHUNK_VALUE_START,
                           [CLASS_QUOTE] = CHUNK_QUOTED},
    [CHUNK_VALUE] = {ON_TOKEN(CHUNK_VALUE), [CLASS_BLANK] = CHUNK_EXTENSION_BLANK,
                     [CLASS_SEMICOLON] = CHUNK_NAME_START, [CLASS_CR] = CHUNK_LINE_LF},
    [CHUNK_QUOTED] = {ON_QUOTABLE(CHUNK_QUOTED), [CLASS_BACKSLASH] = CHUNK_QUOTED_PAIR,
                      [CLASS_QUOTE] = CHUNK_QUOTED_END},
    [CHUNK_QUOTED_PAIR] = {ON_QUOTABLE(CHUNK_QUOTED), [CLASS_BACKSLASH] = CHUNK_QUOTED,
                           [CLASS_QUOTE] = CHUNK_QUOTED},
    [CHUNK_QUOTED_END] = {[CLASS_BLANK] = CHUNK_EXTENSION_BLANK,
                          [CLASS_SEMICOLON] = CHUNK_NAME_START, [CLASS_CR] = CHUNK_LINE_LF},
    [CHUNK_LINE_LF] = {[CLASS_LF] = CHUNK_CONTENT}, /* or CHUNK_TRAILER_START: see walk */
    [CHUNK_CONTENT_CR] = {[CLASS_CR] = CHUNK_CONTENT_LF},
    [CHUNK_CONTENT_LF] = {[CLASS_LF] = CHUNK_SIZE_START},
    [CHUNK_TRAILER_START] = {ON_VISIBLE(CHUNK_TRAILER), [CLASS_CR] = CHUNK_END_LF},
    [CHUNK_TRAILER] = {ON_VISIBLE(CHUNK_TRAILER), [CLASS_BLANK] = CHUNK_TRAILER,
                       [CLASS_CR] = CHUNK_TRAILER_LF},
    [CHUNK_TRAILER_LF] = {[CLASS_LF] = CHUNK_TRAILER_START},
    [CHUNK_END_LF] = {[CLASS_LF] = CHUNK_COMPLETE},
};
/* clang-format on */

void chunk_framing_start(struct chunk_framing *framing, bool takes_padding)
{
    *framing = (struct chunk_framing){.state = CHUNK_SIZE_START, .takes_padding = takes_padding};
}

/* The bytes that chunk lines are made of; classify knows the others. */
static const unsigned char classes[256] = {
    ['\r'] = CLASS_CR,       ['\n'] = CLASS_LF,    ['\t'] = CLASS_BLANK, [' '] = CLASS_BLANK,
    [';'] = CLASS_SEMICOLON, ['='] = CLASS_EQUALS, ['"'] = CLASS_QUOTE,  ['\\'] = CLASS_BACKSLASH,
    ['0'] = CLASS_DIGIT,     ['1'] = CLASS_DIGIT,  ['2'] = CLASS_DIGIT,  ['3'] = CLASS_DIGIT,
    ['4'] = CLASS_DIGIT,     ['5'] = CLASS_DIGIT,  ['6'] = CLASS_DIGIT,  ['7'] = CLASS_DIGIT,
    ['8'] = CLASS_DIGIT,     ['9'] = CLASS_DIGIT,  ['A'] = CLASS_DIGIT,  ['B'] = CLASS_DIGIT,
    ['C'] = CLASS_DIGIT,     ['D'] = CLASS_DIGIT,  ['E'] = CLASS_DIGIT,  ['F'] = CLASS_DIGIT,
    ['a'] = CLASS_DIGIT,     ['b'] = CLASS_DIGIT,  ['c'] = CLASS_DIGIT,  ['d'] = CLASS_DIGIT,
    ['e'] = CLASS_DIGIT,     ['f'] = CLASS_DIGIT,
};

/* The value of a hex digit. */
static unsigned digit_value(char c)
{
    return c <= '9' ? (unsigned)(c - '0') : (unsigned)(ascii_lower(c) - 'a') + 10;
}

static enum byte_class classify(char c)
{
    enum byte_class found = classes[(unsigned char)c];
    if (found != CLASS_CONTROL) {
        return found;
    }
    if (token_is_character(c)) {
        return CLASS_TOKEN;
    }
    return (unsigned char)c < 0x20 || c == 0x7f ? CLASS_CONTROL : CLASS_OTHER;
}

static bool is_extension(enum chunk_state state)
{
    return state >= CHUNK_SIZE_BLANK && state <= CHUNK_QUOTED_END;
}

/* What is wrong with `c` in this state. */
static enum http_fault fault_of(enum chunk_state state, char c)
{
    if (state < CHUNK_TRAILER_START) {
        return FAULT_CHUNK_SYNTAX;
    }
    if (c == '\n' || state == CHUNK_TRAILER_LF || state == CHUNK_END_LF) {
        return FAULT_FIELD_LINE_END;
    }
    return c == ' ' || c == '\t' ? FAULT_FIELD_FOLDED : FAULT_FIELD_SYNTAX;
}

/* Takes a digit of the size; false when there is one too many, or the size has grown beyond what
 * every recipient can count. */
static bool add_digit(struct chunk_framing *framing, char c)
{
    framing->left = framing->left << 4 | digit_value(c);
    framing->size_digits++;
    return framing->size_digits <= CHUNK_SIZE_DIGITS_MAX && framing->left >> CHUNK_SIZE_BITS == 0;
}

/* Whether `c` may not stand where it does. */
static bool is_refused(struct chunk_framing *framing, enum chunk_state state, enum chunk_state next,
                       char c)
{
    bool is_padding = state == CHUNK_SIZE_BLANK && next == CHUNK_LINE_LF;
    return next == CHUNK_BAD || (next == CHUNK_SIZE && !add_digit(framing, c)) ||
           (is_padding && !framing->takes_padding);
}

/* Reads extension bytes, then framing bytes, up to the next extension, content, the end of the
 * message, a fault, or the end of `data`. */
static enum http_fault walk(struct chunk_framing *framing, const char *data, size_t length,
                            struct chunk_run *run)
{
    enum chunk_state state = framing->state;
    enum http_fault fault = FAULT_NONE;
    size_t extension = 0;
    size_t at = 0;
    while (at < length && state != CHUNK_CONTENT && state != CHUNK_COMPLETE) {
        enum chunk_state next = transitions[state][classify(data[at])];
        if (is_refused(framing, state, next, data[at])) {
            fault = fault_of(state, data[at]);
            break;
        }
        if (is_extension(next)) {
            if (at > extension) {
                break;
            }
            extension++;
        }
        state = next == CHUNK_CONTENT && framing->left == 0 ? CHUNK_TRAILER_START : next;
        at++;
    }
    framing->state = state;
    framing->overhead += at;
    *run = (struct chunk_run){.extension = extension, .framing = at - extension};
    return fault;
}

/* Content pays for framing. */
static void pass_content(struct chunk_framing *framing, size_t length)
{
    framing->left -= length;
    if (framing->left == 0) {
        framing->state = CHUNK_CONTENT_CR;
        framing->size_digits = 0;
    }
    if (length > framing->overhead / CHUNK_OVERHEAD_PAID) {
        framing->overhead = 0;
    } else {
        framing->overhead -= length * CHUNK_OVERHEAD_PAID;
    }
}

enum http_fault chunk_framing_next(struct chunk_framing *framing, const char *data, size_t length,
                                   struct chunk_run *run)
{
    size_t room = CHUNK_OVERHEAD_MAX - framing->overhead;
    enum http_fault fault = walk(framing, data, length < room ? length : room, run);
    if (fault != FAULT_NONE) {
        return fault;
    }
    size_t at = run->extension + run->framing;
    if (framing->state == CHUNK_CONTENT) {
        run->content = framing->left < length - at ? (size_t)framing->left : length - at;
        pass_content(framing, run->content);
    } else if (at == room && at < length && framing->state != CHUNK_COMPLETE) {
        return FAULT_CHUNK_OVERHEAD;
    }
    return FAULT_NONE;
}
