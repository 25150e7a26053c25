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
#include "common/core/phone.h"

struct fieldmap_rules {
    bool unlisted;            /* unlisted=include: unlisted numbers go to Mobile and Home too */
    struct phone_rules phone; /* phone_extension, default_country_code */
    bool first_last;          /* file_as=first_last */
    bool dates;               /* birthday and anniversary */
    bool yearless_1604;       /* yearless_birthday=1604 */
};

/*
 * Fills *ret; strings live in a. Every value is cleaned (text_clean) and cut at its field's
 * maximum.
 *
 * People: GivenName is NickName, else FirstName; FILE_AS is "Surname, GivenName" (first_last:
 * "GivenName Surname"), the existing part when one is blank. A business: COMPANY is LastName, and
 * no name of a person, employer or position. Nothing to be listed under: FILE_AS is the company,
 * else the email, else the first phone. DISPLAY_NAME is the same text as FILE_AS. Phones by Id,
 * those that are left out (unlisted, blank) not counted, as phone_text writes them: Mobile to
 * PHONE_MOBILE, PHONE_OTHER; Home to PHONE_HOME, PHONE_HOME2. Dates with all parts and valid; a
 * year before 1601 (Exchange's first) counts as unknown; an anniversary without year is left out.
 *
 * @business  text for the business number, already rendered; NULL or blank: the contact has none
 */
void fieldmap_contact(const struct dir_person *p,
                      const struct fieldmap_rules *r,
                      const char *business,
                      struct arena *a,
                      struct contact *ret);

/* Covers every rule above and the version of this code; part of the digest. */
void fieldmap_fingerprint(const struct fieldmap_rules *r, struct sha256 *ret);

#endif
