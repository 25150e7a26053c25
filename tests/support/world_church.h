/*
 * world_church: the church of a fault run, and what each mailbox should hold by it. A model of its
 * own: nothing here asks the product's expansion, diff or field map.
 */
#ifndef SYNC_TESTS_SUPPORT_WORLD_CHURCH_H
#define SYNC_TESTS_SUPPORT_WORLD_CHURCH_H

#include <stdbool.h>
#include <stdint.h>

#include "common/core/contact.h"
#include "common/port/directory_source.h"

enum {
    CHURCH_SOULS = 16,
    CHURCH_USERS = 3,
    CHURCH_GROUPS = 2,
    CHURCH_NOBODY = -1,
    CHURCH_ADDRESSES = 2, /* of a user, in turn */
    CHURCH_BOXES = CHURCH_USERS * CHURCH_ADDRESSES,
    CHURCH_NO_BOX = -1
};

/* Pictures have numbers; these are of their own kind. */
enum {
    CHURCH_NO_PICTURE,
    CHURCH_FIRST_PICTURE,
    CHURCH_TWIN = 6,         /* the bytes of the first one under another name */
    CHURCH_UNFIT_PICTURE,    /* no JPEG */
    CHURCH_REFUSED_PICTURE,  /* the model of Exchange never takes it, and says so */
    CHURCH_STUBBORN_PICTURE, /* ... and says: later */
    CHURCH_PICTURES
};

struct church_soul { /* the first CHURCH_USERS of them are users */
    bool gone, deceased, opted_out, eligible, staff;
    int merged_into; /* CHURCH_NOBODY */
    int address;     /* of a user: the nth, from 1; 0: none */
    int phone;       /* 0: none */
    int title;       /* 0: none */
    int picture;     /* CHURCH_NO_PICTURE: none */
    uint32_t follows;
    uint8_t groups;
};

struct church_choice { /* what a user saved last */
    bool saved, inherited, follow, staff;
    uint8_t groups;
};

struct church {
    struct church_soul soul[CHURCH_SOULS];
    struct church_choice choice[CHURCH_USERS];
};

struct guid church_key(int soul);
int church_soul_of(const struct guid *key); /* CHURCH_NOBODY: no such key */
struct guid church_group(int group);
const char *church_address(int box, char out[32]);
int church_box_of(const char *address);
/* Of the user as they are now: CHURCH_NO_BOX: has no address. */
int church_box(const struct church *c, int user);

bool church_there(const struct church *c, int soul);
/* Should that mailbox hold that person? cats: LF-joined, sorted. */
bool church_wants(const struct church *c, int box, int soul, char cats[64]);
/* What the contact says; NULL: nothing. Valid until the next call. */
const char *church_field(const struct church *c, int soul, enum contact_field f);

/* What Rock calls that picture of that person. */
struct photo_ref church_ref(int soul, int picture);
/* The number in a ref. */
int church_ref_picture(const struct photo_ref *ref);
int church_ref_soul(const struct photo_ref *ref);
/* Its bytes; *len 0: it is no picture. Valid as long as the program runs. */
const void *church_jpeg(int picture, size_t *len);
/* Whose bytes these are; CHURCH_NO_PICTURE: nobody's. */
int church_jpeg_number(const void *jpeg, size_t len);

/* The directory as Rock would give it; read_at_ms as asked. */
struct directory *
church_directory(const struct church *c, const struct source_request *rq, int64_t read_at_ms);
struct source_resolved church_resolve(const struct church *c, const struct guid *key);

#endif
