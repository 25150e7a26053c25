/*
 * rock_decode_person: one row of People, with its phone numbers, as a person of the directory.
 * Pure.
 */
#ifndef SYNC_PRODUCER_ROCK_ROCK_DECODE_PERSON_H
#define SYNC_PRODUCER_ROCK_ROCK_DECODE_PERSON_H

#include "producer/rock/rock_decode.h"

struct rock_phone_type {
    int64_t id;
    enum dir_phone_type type;
    const char *name; /* outlives the directory, or lives in its arena */
};

struct rock_formats;

/* What numbers of this server mean; they differ from server to server. */
struct rock_codes {
    const struct rock_phone_type *phone_types; /* ascending ids */
    size_t n_phone_types;
    int64_t business;             /* record type */
    struct rock_formats *formats; /* for numbers that have no NumberFormatted; NULL: none */
    const char *default_country;  /* code of numbers without one; NULL with formats NULL */
};

struct rock_person {
    int64_t id;          /* Person.Id; first, for rock_ids_row */
    int64_t alias;       /* PrimaryAliasId; 0 on rows that old imports wrote */
    int64_t family;      /* PrimaryFamilyId; 0 = none */
    struct dir_person p; /* without key, addresses, employer, position and opt-out */
};

/*
 * Texts and phones go into a. A number that Rock did not format is formatted by codes->formats.
 * Parts of a birthday that no calendar has are unknown; an AgeClassification that we do not know
 * counts as unknown, and the family role decides.
 */
void rock_decode_person(const struct js *row,
                        int64_t id,
                        const struct rock_codes *codes,
                        struct arena *a,
                        struct rock_person *ret);

/* Value of the opt-out attribute: true, yes or 1, in any case. */
bool rock_decode_yes(const char *text);

#endif
