/*
 * phone_lint: which numbers of a person no phone will match, or reach no contact at all. Pure.
 */
#ifndef SYNC_CORE_PHONE_LINT_H
#define SYNC_CORE_PHONE_LINT_H

#include "common/core/directory.h"
#include "common/core/phone.h"

struct phone_finding {
    int64_t person, phone; /* Person.Id, PhoneNumber.Id; phone 0: the business number */
    const char *type;      /* "Mobile" */
    const char *shown;     /* masked; "" where there is nothing to show */
    const char *reason;    /* a word for machines: phone_doubt_word, "third", "business..." */
    const char *what, *advice;
};
typedef void phone_finding_fn(const struct phone_finding *f, void *user);

/*
 * Mobile and Home numbers, as far as they are synced. Texts of the findings live in a.
 *
 * @unlisted  unlisted numbers are synced too
 * @valid     judges what is E.164 more strictly; NULL: nobody
 * @return    how many numbers were looked at
 */
size_t phone_lint_person(const struct dir_person *p,
                         bool unlisted,
                         const struct phone_rules *r,
                         bool (*valid)(const char *e164),
                         struct arena *a,
                         phone_finding_fn *found,
                         void *user);

/*
 * A business number as the template made it.
 *
 * @text    NULL or blank: none, which is fine
 * @failed  the template failed on this person
 */
void phone_lint_business(const struct dir_person *p,
                         const char *text,
                         bool failed,
                         struct arena *a,
                         phone_finding_fn *found,
                         void *user);

#endif
