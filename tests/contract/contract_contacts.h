/*
 * contract_contacts: what the cases of the contract create: keys, hashes, a full, a small and an
 * empty contact.
 */
#ifndef SYNC_TESTS_CONTRACT_CONTRACT_CONTACTS_H
#define SYNC_TESTS_CONTRACT_CONTRACT_CONTACTS_H

#include "common/base/guid.h"

#include "common/core/contact.h"

#define HASH  "1:0123456789abcdef:00112233445566778899aabbccddeeff"
#define HASH2 "1:0123456789abcdef:ffeeddccbbaa99887766554433221100"
#define ALL   ((UINT64_C(1) << CONTACT_FIELD_COUNT) - 1)

static inline struct guid key(unsigned i)
{
    struct guid g = {{0x5e, 0x0d, 0x9a, 0x34, 0x7c, 0x21, 0x4b, 0x8f, 0x8a, 0x55}};
    g.b[14] = (uint8_t)(i >> 8);
    g.b[15] = (uint8_t)i;
    return g;
}

static const struct contact full = {{
    [CONTACT_FILE_AS] = "Nakamura, Aiko",
    [CONTACT_DISPLAY_NAME] = "Nakamura, Aiko",
    [CONTACT_GIVEN_NAME] = "Aiko \U0001F600",
    [CONTACT_MIDDLE_NAME] = "<R> & \"S\" 'T'",
    [CONTACT_SURNAME] = "Nakamura",
    [CONTACT_SUFFIX] = "Jr.",
    [CONTACT_TITLE] = "Dr.",
    [CONTACT_COMPANY] = "\u05D0\u05D1 Riverside & Sons",
    [CONTACT_JOB_TITLE] = "Deacon",
    [CONTACT_EMAIL] = "aiko@example.org",
    [CONTACT_PHONE_MOBILE] = "+12175550103",
    [CONTACT_PHONE_HOME] = "+12175550102",
    [CONTACT_PHONE_HOME2] = "+12175550104",
    [CONTACT_PHONE_BUSINESS] = "(217) 555-0101 x114",
    [CONTACT_PHONE_OTHER] = "+12175550105",
    [CONTACT_HOME_STREET] = "12 Mill Lane\nApt 4",
    [CONTACT_HOME_CITY] = "Springfield",
    [CONTACT_HOME_STATE] = "IL",
    [CONTACT_HOME_POSTAL] = "62701",
    [CONTACT_HOME_COUNTRY] = "US",
    [CONTACT_WORK_STREET] = "1 Church Road",
    [CONTACT_WORK_CITY] = "Decatur",
    [CONTACT_WORK_STATE] = "IL",
    [CONTACT_WORK_POSTAL] = "62521",
    [CONTACT_WORK_COUNTRY] = "US",
    [CONTACT_BIRTHDAY] = "1984-03-09",
    [CONTACT_ANNIVERSARY] = "2010-06-19",
}};
static const struct contact none = {{0}};
static const struct contact small = {{[CONTACT_SURNAME] = "Lee", [CONTACT_DISPLAY_NAME] = "Lee"}};

#endif
