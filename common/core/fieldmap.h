/*
 * fieldmap: a person as Rock has them -> a contact as a phone should show them. Design section 11
 * settles each question.
 *
 * Pure. The rules that are settings stand in struct fieldmap_rules; their fingerprint is part of
 * every mailbox's digest.
 */
#ifndef SYNC_CORE_FIELDMAP_H
#define SYNC_CORE_FIELDMAP_H

#include <stdbool.h>

#include "common/core/contact.h"
#include "common/core/directory.h"

struct fieldmap_rules {
    bool unlisted; /* unlisted=include: unlisted numbers go to Mobile and Home too */
    enum { EXT_TEXT, EXT_PAUSE, EXT_OMIT } extension; /* " x114" / ",114" / nothing */
    bool first_last;                                  /* file_as=first_last */
    bool dates;                                       /* birthday and anniversary */
    bool yearless_1604;                               /* yearless_birthday=1604 */
    const char *default_country; /* country code for numbers without one, "1" */
};

/*
 * Fills *ret; strings live in a. Every value is cleaned (text_clean) and cut at its field's
 * maximum.
 *
 * People: GivenName is NickName, else FirstName; FILE_AS is "Surname, GivenName" (first_last:
 * "GivenName Surname"), the existing part when one is blank. A business: COMPANY is LastName, and
 * no name of a person, employer or position. Nothing to be listed under: FILE_AS is the company,
 * else the email, else the first phone. DISPLAY_NAME is the same text as FILE_AS. Phones by Id,
 * those that are left out (unlisted, blank) not counted: Mobile to PHONE_MOBILE, PHONE_OTHER; Home
 * to PHONE_HOME, PHONE_HOME2. Dates with all parts and valid; a year before 1601 (Exchange's first)
 * counts as unknown; an anniversary without year is left out.
 *
 * @business  text for the business number, already rendered; NULL or blank: the contact has none
 */
void fieldmap_contact(const struct dir_person *p,
                      const struct fieldmap_rules *r,
                      const char *business,
                      struct arena *a,
                      struct contact *ret);

/*
 * What a phone's caller id matches: "+", country code, number; else, when that cannot be a number
 * of that country, as Rock formats it (NumberFormatted, else Number). With the extension as the
 * rules say, if it fits. Only ASCII digits are digits.
 *
 * For code 1 a number has 10 digits; for others code + number have 7 to 15 (E.164). A code that the
 * number carries already is not doubled where that is certain: for code 1 (11 digits beginning with
 * 1; no number there begins with 1). Elsewhere lengths vary and a national number may begin with
 * the digits of its own code.
 *
 * @plausible  false when the text is not E.164 (for the lint); may be NULL
 * @return     in a; NULL when there is nothing to dial
 */
const char *fieldmap_phone(const struct dir_phone *ph,
                           const struct fieldmap_rules *r,
                           struct arena *a,
                           bool *plausible);

/* Covers every rule above and the version of this code; part of the digest. */
void fieldmap_fingerprint(const struct fieldmap_rules *r, struct sha256 *ret);

#endif
