/*
 * phone: a number of Rock's as what a phone's caller id matches. Pure.
 *
 * Three parts stay apart until the last step: country code, number, extension. What is certain is
 * mended (marks between digits, a code that the number carries already, a code that is missing);
 * what would be a guess is not: such a number stays as Rock formats it, and the lint names it.
 *
 * What a number of a country can be is known from a table of widths (phone_plans.c), generous on
 * purpose: it tells what no phone will match, not what is in service.
 */
#ifndef SYNC_CORE_PHONE_H
#define SYNC_CORE_PHONE_H

#include <stdbool.h>
#include <stddef.h>

struct arena;
struct dir_phone;

enum phone_extension {
    PHONE_EXT_TEXT,  /* " x114" */
    PHONE_EXT_PAUSE, /* ",114": dialled after a pause */
    PHONE_EXT_OMIT
};

struct phone_rules {
    enum phone_extension extension;
    const char *default_country; /* code of numbers without one; NULL: "1" */
};

/* X(enum suffix, word for machines, what is wrong, what to do): why no phone will match. */
#define PHONE_DOUBTS(X)                                                                            \
    X(NONE, "", "", "")                                                                            \
    X(NO_DIGITS, "no-digits", "there is no digit in the number",                                   \
      "write the number, or delete the row")                                                       \
    X(NO_COUNTRY, "no-country", "no country has this country code",                                \
      "set the number's country code")                                                             \
    X(SHORT, "too-short", "fewer digits than a number of this country has",                        \
      "add the area code, or set the right country code")                                          \
    X(LONG, "too-long", "more digits than a number of this country has",                           \
      "set the right country code, and move an extension to its own field")                        \
    X(ZERO, "leading-zero",                                                                        \
      "no number of this country begins with 0 when it is dialled from abroad",                    \
      "leave out the 0 in front")                                                                  \
    X(AREA, "no-area", "no area of North America begins with 0 or 1",                              \
      "correct the area code, or set the right country code")                                      \
    X(EXTENSION, "extension", "the extension cannot be dialled: it has no digits or does not fit", \
      "write the digits of the extension alone")

enum phone_doubt {
#define X(id, word, what, advice) PHONE_##id,
    PHONE_DOUBTS(X)
#undef X
        PHONE_DOUBT_COUNT
};
const char *phone_doubt_word(enum phone_doubt d);
const char *phone_doubt_what(enum phone_doubt d);
const char *phone_doubt_advice(enum phone_doubt d);

/*
 * "+", country code, number: a number of the country by its width, without the 0 that is dialled
 * inside it. Only ASCII digits are digits. A code that the number carries already is not doubled
 * where that is certain: where the number is too long with it and right without. (For code 1, no
 * number begins with 1.)
 *
 * @ret_doubt  why it is NULL; PHONE_AREA even where it is not
 * @return     in a; NULL when it cannot be a number of that country
 */
const char *phone_e164(const struct dir_phone *ph,
                       const struct phone_rules *r,
                       struct arena *a,
                       enum phone_doubt *ret_doubt);

/*
 * The text of a contact's field: phone_e164, else as Rock formats it (NumberFormatted, else
 * Number), with the extension as the rules say, if it fits.
 *
 * @ret_doubt  may be NULL
 * @return     in a, at most max bytes; NULL when there is nothing to dial
 */
const char *phone_text(const struct dir_phone *ph,
                       const struct phone_rules *r,
                       size_t max,
                       struct arena *a,
                       enum phone_doubt *ret_doubt);

/* The digits of the code that counts: the number's own, else the rules'. In a. */
const char *phone_country(const struct dir_phone *ph, const struct phone_rules *r, struct arena *a);
/* The ASCII digits of s, NULL included; "" when there are none. In a. */
const char *phone_digits(struct arena *a, const char *s);
/* Every digit but the last two as `*`, letters too: what a report may show. In a. */
const char *phone_masked(struct arena *a, const char *s);

struct phone_plan {
    unsigned code;
    unsigned char min, max; /* digits behind the code */
};
/* NULL: no country has this code. code: digits. */
const struct phone_plan *phone_plan_of(const char *code);
bool phone_plan_keeps_zero(const struct phone_plan *plan); /* numbers may begin with 0 */

#endif
