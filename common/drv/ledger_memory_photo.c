/* ledger_memory_photo: what ledger.h says of pictures, over rows in memory. */
#include <string.h>

#include "common/drv/ledger_memory_p.h"

void memory_photos_free(struct ledger_memory_rows *rows)
{
    map_foreach (it, rows->photos)
        free(it.value);
    map_free(rows->photos);
}

struct sha256
ledger_memory_photo(struct ledger_memory_rows *rows, int64_t person, const void *jpeg, size_t len)
{
    struct memory_photo *p = xalloc(sizeof(*p) + len);
    p->len = len;
    if (len) {
        memcpy(p->jpeg, jpeg, len);
        sha256_of(jpeg, len, &p->hash);
    }
    free(map_put_u64(rows->photos, (uint64_t)person, p));
    vec_foreach (mb, &rows->mailboxes) {
        if (!map_get_u64((*mb)->by_person, (uint64_t)person))
            continue;
        (*mb)->row.photo_requested++;
        (*mb)->row.photo_at = 0;
    }
    return p->hash;
}

static bool same_item(const struct ledger_memory_link *l)
{
    return l->photo.item_id && l->item_id && strcmp(l->photo.item_id, l->item_id) == 0;
}

static bool is(bool set, const struct sha256 *hash, const struct memory_photo *p)
{
    return set ? p->len && memcmp(hash, &p->hash, sizeof(*hash)) == 0 : !p->len;
}

/* The item does not hold what the person has, by our knowledge. */
static bool differs(const struct memory_photo *p, const struct ledger_memory_link *l)
{
    const struct ledger_memory_held *h = &l->photo;
    if (!h->item_id || (!h->set && !h->unknown))
        return p->len > 0;
    return h->unknown || !same_item(l) || !is(h->set, &h->hash, p);
}

static bool needs(const struct memory_photo *p, const struct ledger_memory_link *l)
{
    const struct ledger_memory_held *h = &l->photo;
    return p && l->item_id && differs(p, l) &&
           !(same_item(l) && h->left && is(h->left_set, &h->left_for, p));
}

static const struct memory_photo *photo_of(const struct ledger_memory_rows *rows,
                                           const struct ledger_memory_link *l)
{
    return map_get_u64(rows->photos, (uint64_t)l->person);
}

static bool wants_photo(const struct ledger_memory_rows *rows, const struct ledger_memory_link *l)
{
    return l->state == LINK_ACTIVE && l->want.set && !memory_dirty(rows, l) &&
           needs(photo_of(rows, l), l);
}

static int64_t rests_until(const struct memory_mailbox *mb, const struct ledger_memory_link *l)
{
    int64_t retry = same_item(l) ? l->photo.retry_at : 0;
    return retry > mb->row.photo_flight_until ? retry : mb->row.photo_flight_until;
}

bool memory_photo_open(const struct ledger_memory_rows *rows, const struct memory_mailbox *mb)
{
    return mb->row.photo_requested > mb->row.photo_done && mb->row.photo_at <= memory_now(rows);
}

void memory_photo_need(const struct ledger_memory_rows *rows,
                       struct memory_mailbox *mb,
                       const struct ledger_memory_link *l)
{
    if (!l->have.set || memory_dirty(rows, l) || !needs(photo_of(rows, l), l))
        return;
    mb->row.photo_requested++;
    mb->row.photo_at = 0;
}

size_t memory_photos(const struct ledger_memory_rows *rows,
                     const struct memory_mailbox *mb,
                     uint32_t max,
                     size_t max_bytes,
                     struct ledger_photo *ret)
{
    size_t n = 0, bytes = 0;
    vec_foreach (it, &mb->links) {
        const struct ledger_memory_link *l = *it;
        if (n >= max || !wants_photo(rows, l) || rests_until(mb, l) > memory_now(rows))
            continue;
        const struct memory_photo *p = photo_of(rows, l);
        if (n > 0 && bytes + p->len > max_bytes)
            break;
        bytes += p->len;
        ret[n++] = (struct ledger_photo){.person = l->person,
                                         .item_id = l->item_id,
                                         .version = l->version,
                                         .set = p->len > 0,
                                         .hash = p->hash,
                                         .jpeg = p->len ? p->jpeg : NULL,
                                         .len = p->len,
                                         .attempts = l->photo.attempts};
    }
    return n;
}

void memory_photo_fly(struct ledger_memory_rows *rows,
                      struct memory_mailbox *mb,
                      uint32_t deadline_ms,
                      uint32_t ttl_ms,
                      const struct ledger_photo *photos,
                      size_t n)
{
    int64_t now = memory_now(rows);
    if (mb->row.photo_flight_until < now + deadline_ms)
        mb->row.photo_flight_until = now + deadline_ms;
    if (mb->row.lease_until < now + ttl_ms)
        mb->row.lease_until = now + ttl_ms;
    for (size_t i = 0; i < n; i++) {
        struct ledger_memory_link *l = map_get_u64(mb->by_person, (uint64_t)photos[i].person);
        if (!l)
            continue;
        uint32_t attempts = same_item(l) ? l->photo.attempts : 0;
        l->photo =
            (struct ledger_memory_held){.item_id = ledger_memory_text(rows, photos[i].item_id),
                                        .unknown = true,
                                        .attempts = attempts};
    }
}

void memory_photo_record(struct ledger_memory_rows *rows,
                         struct memory_mailbox *mb,
                         const struct ledger_photo_result *r)
{
    struct ledger_memory_link *l = map_get_u64(mb->by_person, (uint64_t)r->person);
    if (!l || !l->photo.item_id || strcmp(l->photo.item_id, r->item_id) != 0)
        return;
    struct ledger_memory_held *h = &l->photo;
    h->left = r->end == PHOTO_LEFT;
    h->left_set = r->set;
    h->left_for = r->hash;
    h->left_code = h->left ? ledger_memory_text(rows, r->code) : NULL;
    if (r->end == PHOTO_HELD) {
        h->unknown = false;
        h->set = r->set;
        h->hash = r->hash;
    }
    h->retry_at = r->end == PHOTO_RESTS ? memory_now(rows) + r->retry_in_ms : 0;
    h->attempts = r->end == PHOTO_RESTS ? h->attempts + 1 : 0;
    if (r->version && same_item(l))
        l->version = ledger_memory_text(rows, r->version);
    if (r->outcome)
        vec_push(&rows->journal,
                 (struct ledger_memory_entry){l->mailbox, l->person, 0, "photo",
                                              ledger_memory_text(rows, r->outcome),
                                              ledger_memory_text(rows, r->code ? r->code : "")});
}

enum ledger_status memory_photo_over(const struct ledger_memory_rows *rows,
                                     struct memory_mailbox *mb,
                                     int64_t requested)
{
    int64_t now = memory_now(rows), until = INT64_MAX;
    size_t n = 0;
    vec_foreach (it, &mb->links) {
        if (!wants_photo(rows, *it))
            continue;
        int64_t rest = rests_until(mb, *it);
        until = rest < until ? rest : until;
        n++;
    }
    if (n > 0 && until <= now)
        return LEDGER_MORE;
    if (n == 0 && requested > mb->row.photo_done)
        mb->row.photo_done = requested;
    mb->row.photo_at = n ? until : 0;
    return LEDGER_OK;
}
