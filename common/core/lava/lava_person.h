/*
 * lava_person: a person of the directory as Rock's Lava shows one.
 *
 * Members have Rock's names (NickName, PhoneNumbers, NumberTypeValue.Value ...) and are made from
 * the directory's struct when they are asked for. What the sync does not read from Rock is not
 * there: lava_check names it.
 *
 * @source reference/rock.md 5 and 12.2
 */
#ifndef SYNC_CORE_LAVA_PERSON_H
#define SYNC_CORE_LAVA_PERSON_H

#include "common/core/lava/lava_value.h"

struct dir_person;

struct lava_person {
    const struct dir_person *person;    /* borrowed; NumberFormatted is shown as it stands there */
    const struct lava_dict *attributes; /* by key, as text: for `| Attribute:'Key'`; NULL: none */
};

/* p must outlive the value. */
struct lava_value lava_person_value(const struct lava_person *p);
/* NULL when v is something else (a person in data from a file is a dictionary). */
const struct lava_person *lava_person_of(const struct lava_value *v);

/* Attribute by key; Rock compares keys without regard to case. nil when it is not there. */
struct lava_value lava_person_attribute(const struct lava_person *p, struct lava_str key);

#endif
