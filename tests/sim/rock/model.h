/*
 * model: what each mailbox should hold, worked out from the church's rows alone.
 *
 * The judge of the end-to-end runs: it reads tables, not the REST answers, and shares no code with
 * the product. The rules are the product's promises with every setting at its default; where they
 * leave something open, tests/sim/README-rock.md ("The judge") says what is decided here. Delete
 * Old Contacts is the caller's affair (a kept contact is not listed), photos and business numbers
 * are not judged.
 */
#ifndef SIM_ROCK_MODEL_H
#define SIM_ROCK_MODEL_H

#include "tests/sim/rock/church.h"

#define MODEL_GROUPS_MAX 62 /* chosen groups of one user that are judged */

enum model_field {
    FIELD_FILE_AS,
    FIELD_DISPLAY_NAME,
    FIELD_GIVEN_NAME,
    FIELD_MIDDLE_NAME,
    FIELD_SURNAME,
    FIELD_GENERATION,
    FIELD_TITLE,
    FIELD_COMPANY_NAME,
    FIELD_JOB_TITLE,
    FIELD_EMAIL,
    FIELD_MOBILE_PHONE,
    FIELD_HOME_PHONE,
    FIELD_HOME_PHONE2,
    FIELD_OTHER_TELEPHONE,
    FIELD_HOME_STREET, /* the five of an address stay together, Home before Business */
    FIELD_HOME_CITY,
    FIELD_HOME_STATE,
    FIELD_HOME_POSTAL_CODE,
    FIELD_HOME_COUNTRY,
    FIELD_BUSINESS_STREET,
    FIELD_BUSINESS_CITY,
    FIELD_BUSINESS_STATE,
    FIELD_BUSINESS_POSTAL_CODE,
    FIELD_BUSINESS_COUNTRY,
    FIELD_BIRTHDAY,
    FIELD_WEDDING_ANNIVERSARY,
    FIELD_COUNT
};
extern const char
    *const model_field_names[FIELD_COUNT]; /* "FileAs", ... as in the control API's answer */

struct model_card {
    struct guid key;                /* primary alias Guid */
    const char *value[FIELD_COUNT]; /* NULL: the contact must not have it */
};

struct model_item {
    int32_t person_id;
    struct guid key;
    const char **categories; /* sorted bytewise */
    size_t n_categories;
};

struct model_mailbox {
    const char *address; /* as in Rock, trimmed */
    int32_t person_id;
    struct model_item *items; /* sorted by key */
    size_t n_items;
};

/* An eligible person without a mailbox of their own. */
struct model_skipped {
    int32_t person_id;
    const char *why; /* "no address", "address outside the domain", "address of another user" */
};

struct model {
    struct arena *arena;
    struct model_mailbox *mailboxes; /* by person id */
    size_t n_mailboxes;
    struct model_skipped *skipped;
    size_t n_skipped;
};

/* A user's choices as a caller posts them: by address. */
struct model_pref {
    const char *email;
    struct choice choice; /* person_id is not looked at */
};

/*
 * Works out all mailboxes. prefs NULL: the church's own choices; else only these count, users that
 * are not in it chose nothing. only: judge just this address (any case), NULL = all.
 */
struct model *
model_new(struct church *c, const struct model_pref *prefs, size_t n_prefs, const char *only);
void model_free(struct model *m); /* NULL is fine */
CLEANUP_DEFINE(struct model, model_free);

/* The contact's fields for one living person; text in a. */
void model_card(struct church *c, int32_t person_id, struct arena *a, struct model_card *ret);

/* Text as a contact carries it: NFC, control characters are blanks, trimmed, at most max bytes of
 * whole characters; NULL when nothing is left. */
const char *model_text(struct arena *a, const char *s, size_t max);
/* Comparison key that ignores case. */
const char *model_fold(struct arena *a, const char *s);
/* The number of one row as the contact shows it, NULL when it has no digits. */
const char *model_phone(struct arena *a, const struct phone_number *p);

#endif
