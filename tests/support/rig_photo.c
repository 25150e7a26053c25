/* Pictures in the rig: the planner's part, the re-driver's, the verdict. */
#include <stdio.h>
#include <string.h>

#include "common/drv/ledger_memory_p.h"
#include "tests/support/worker_rig_p.h"

enum { PICTURE_BYTES = 64, OFFER_MS = 60000 };

static size_t picture(int person, int version, char ret[PICTURE_BYTES])
{
    return (size_t)snprintf(ret, PICTURE_BYTES, "\xff\xd8\xff\xe0 picture %d of person %d", version,
                            person);
}

void rig_photo_mark(int person, int version, char ret[STORE_PHOTO_MARK + 1])
{
    char jpeg[PICTURE_BYTES];
    struct sha256 hash;
    sha256_of(jpeg, picture(person, version, jpeg), &hash);
    hex_encode(hash.b, sizeof(hash.b), ret);
}

void rig_photo_only(struct rig *r, int person, int version)
{
    char jpeg[PICTURE_BYTES];
    struct guid key = rig_key(person);
    int64_t id = ledger_memory_person(r->rows, &key);
    ledger_memory_photo(r->rows, id, jpeg, version ? picture(person, version, jpeg) : 0);
    map_put_u64(r->photos, (uint64_t)id, (void *)(uintptr_t)((version << 16 | person) + 1));
}

void rig_photo(struct rig *r, int64_t mailbox, int person, int version)
{
    rig_photo_only(r, person, version);
    rig_photo_message(r, mailbox);
}

void rig_photo_redrive(struct rig *r, struct rig_box *b)
{
    const struct ledger_memory_mailbox *row = ledger_memory_mailbox(r->rows, b->id);
    int64_t now = rig_now(r);
    if (row->photo_requested <= row->photo_done || row->photo_at > now || row->lease_until > now ||
        row->parked_until > now || b->photo_offered_at + OFFER_MS > now)
        return;
    b->photo_offered_at = now;
    rig_photo_message(r, b->id);
}

bool rig_photo_open(const struct rig *r, const struct rig_box *b)
{
    const struct ledger_memory_mailbox *row = ledger_memory_mailbox(r->rows, b->id);
    return row->photo_requested > row->photo_done;
}

/* Of the person with that row; NULL: none is wanted. */
static const char *wanted(const struct rig *r, int64_t person, char ret[STORE_PHOTO_MARK + 1])
{
    uintptr_t p = (uintptr_t)map_get_u64(r->photos, (uint64_t)person);
    if (!p || !((p - 1) >> 16))
        return NULL;
    rig_photo_mark((int)((p - 1) & 0xffff), (int)((p - 1) >> 16), ret);
    return ret;
}

bool rig_photo_right(const struct rig *r,
                     const struct ledger_memory_link *l,
                     const struct memory_item *it)
{
    char text[STORE_PHOTO_MARK + 1];
    const char *mark = it->own_photo || l->photo.left ? NULL : wanted(r, l->person, text);
    if (l->photo.left && !it->own_photo)
        return true;
    return mark ? it->photo && strcmp(mark, it->photo) == 0 : !it->photo;
}
