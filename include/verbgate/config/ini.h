/*
 * The INI grammar, and nothing of what the keys mean:
 *
 *   [section NAME]        NAME is optional
 *   key = value           the value ends at the line's end or at a comment
 *   include = more.ini     before any section or inside one; seen as a key like any other
 *   ; comment   # comment    at the start of a line, or after white space
 *
 * White space around names and values is dropped. A value in double quotes keeps its white space
 * and comment signs; inside it \" stands for " and \\ for \, and no other escape exists. Lines end
 * in LF or CRLF. There are no continuation lines, and no control characters but the tab.
 */
#ifndef VERBGATE_CONFIG_INI_H
#define VERBGATE_CONFIG_INI_H

#include "verbgate/base/attributes.h"
#include "verbgate/base/slice.h"

enum { INI_LINE_MAX = 8192 };

enum ini_kind { INI_SECTION, INI_PAIR, INI_ERROR, INI_END };

struct ini_item {
    enum ini_kind kind;
    unsigned line;          /* from 1 */
    struct slice line_text; /* the whole line, for messages */
    struct slice section;   /* INI_SECTION: the kind ("upstream") */
    struct slice name;      /* INI_SECTION: the name, or empty; INI_PAIR: the key */
    struct slice value;     /* INI_PAIR: without its quotes, a view of the line */
    bool is_quoted;
    bool has_escapes;        /* \" or \\ occurs: the reader has to copy the value without them */
    unsigned section_column; /* from 1, in bytes, as all columns */
    unsigned name_column;    /* of an empty section name: where it would stand */
    unsigned value_column;   /* of the opening quote, if there is one */
    unsigned value_width;    /* with the quotes */
    const char *error;       /* INI_ERROR: static text; parsing goes on with the next line */
    unsigned error_column;
};

struct ini_reader {
    struct slice rest;
    unsigned line;
};

/* Starts reading `text`, which must outlive the items. A UTF-8 byte order mark is skipped. */
void ini_start(struct ini_reader *reader, struct slice text);

/* The next section, pair or error; INI_END at the end, again and again. */
void ini_next(struct ini_reader *reader, struct ini_item *item);

#endif
