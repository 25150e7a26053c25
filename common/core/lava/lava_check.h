/*
 * lava_check: what is wrong with a template before anybody is rendered with it.
 *
 * Lava itself forgives almost everything: a misspelt filter returns its input, a member that does
 * not exist is nothing. A setting that a church saves once and that then writes phone numbers into
 * mailboxes must not, so the check says what will not do what it seems to.
 */
#ifndef SYNC_CORE_LAVA_CHECK_H
#define SYNC_CORE_LAVA_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"

struct arena;

enum { LAVA_MAX_FINDINGS = 100 };

enum lava_finding_kind {
    LAVA_ERROR,    /* does not parse: cannot be saved */
    LAVA_SERVER,   /* needs Rock: commands, shortcodes, filters that query. Refused, or left to Rock
                      where the setting says so */
    LAVA_UNSTEADY, /* differs by mailbox or by night: CurrentPerson, the clock, random numbers.
                      Refused where content is saved */
    LAVA_WARNING   /* does nothing: a filter or a member that there is not */
};

struct lava_finding {
    enum lava_finding_kind kind;
    uint32_t line, column; /* from 1; columns in bytes */
    const char *text;
};

struct lava_report {
    const struct lava_finding *findings; /* by position */
    size_t n;
    /* Paths that the template looks at, without doubles: "Person.NickName",
     * "Person.PhoneNumbers[].NumberFormatted", "Person | Attribute:'Employer'". */
    const char *const *paths;
    size_t n_paths;
};

/* The report lives in a. Never fails: what cannot be parsed is a finding. */
void lava_check(const char *text, size_t n, struct arena *a, struct lava_report *ret);
/* The worst kind there is; LAVA_WARNING when there is nothing worse or nothing at all. */
enum lava_finding_kind lava_report_worst(const struct lava_report *r);

#endif
