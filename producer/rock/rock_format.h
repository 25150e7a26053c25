/*
 * rock_format: a phone number as Rock formats it, by the church's own list of country codes. Pure.
 *
 * Rock formats a number when it is saved; rows that a bulk import wrote have no NumberFormatted.
 * For those the same rules are applied here: the digits, then each rule of the code in the list's
 * order on what the rule before it made.
 * @source reference/rock.md section 5.2; Rock: PhoneNumber.FormattedNumber
 */
#ifndef SYNC_PRODUCER_ROCK_ROCK_FORMAT_H
#define SYNC_PRODUCER_ROCK_ROCK_FORMAT_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/cleanup.h"

enum { ROCK_FORMATS_MAX = 1000, ROCK_FORMATTED_MAX = 50 /* bytes, as Rock's column */ };

struct rock_format_rule { /* one entry of the list; all borrowed for the call */
    int64_t id, order;
    const char *code;
    const char *match, *format; /* .NET regular expression and replacement; NULL or blank: none */
};

struct rock_formats;

/*
 * Entries without rule are skipped, and so are expressions that cannot be compiled: Rock would not
 * format with them either. At most ROCK_FORMATS_MAX count, in the list's order.
 */
struct rock_formats *rock_formats_new(const struct rock_format_rule *rules, size_t n);
void rock_formats_free(struct rock_formats *f); /* NULL is fine */
size_t rock_formats_count(const struct rock_formats *f);
CLEANUP_DEFINE(struct rock_formats, rock_formats_free);

struct arena;
/*
 * @f       NULL: it is not known how Rock formats
 * @code    as stored; its digits count
 * @number  as stored; its digits count
 * @return  in a; the digits alone where no rule fits, as in Rock; NULL without digits, and when a
 *          rule ends with an error
 */
const char *
rock_format_number(struct rock_formats *f, const char *code, const char *number, struct arena *a);

#endif
