/* Pictures in the model of Exchange. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "common/base/arena.h"

#include "tests/support/world_exchange_p.h"

enum { OWN_BYTES = 9 };

/* ---- users ---- */

static void own_bytes(int number, unsigned char out[OWN_BYTES])
{
    memset(out, number, OWN_BYTES);
    memcpy(out, "\xff\xd8\xff", 3);
}

bool exchange_is_own(const struct exchange_photo *p, int number)
{
    unsigned char bytes[OWN_BYTES];
    own_bytes(number, bytes);
    return !p->mark[0] && p->len == OWN_BYTES && memcmp(p->jpeg, bytes, OWN_BYTES) == 0;
}

void exchange_user_pictures(struct exchange *x, struct exchange_item *it, int number)
{
    it->n_photos = number != 0;
    it->hand = true;
    it->own = number;
    it->photo[0] = (struct exchange_photo){.len = OWN_BYTES};
    own_bytes(number, it->photo[0].jpeg);
    exchange_touch(x, it);
}

/* ---- a call ---- */

static bool holds(const struct exchange_item *it, const char *mark)
{
    for (size_t i = 0; i < it->n_photos; i++)
        if (strcmp(it->photo[i].mark, mark) == 0)
            return true;
    return false;
}

/* Ours, but that one; really: or they are only counted. */
static size_t take_off(struct exchange_item *it, const char *but, bool really)
{
    size_t kept = 0, off = 0;
    for (size_t i = 0; i < it->n_photos; i++) {
        const struct exchange_photo *p = &it->photo[i];
        bool goes = p->mark[0] && (!but || strcmp(p->mark, but) != 0);
        off += goes;
        if (really && !goes)
            it->photo[kept++] = *p;
    }
    if (really)
        it->n_photos = kept;
    return off;
}

static void changed(struct exchange_call *c, struct exchange_item *it, struct store_result *r)
{
    exchange_touch(c->x, it);
    r->version = arena_strdup(c->arena, it->version);
}

static enum outcome
ask(struct exchange_call *c, struct exchange_item *it, const struct store_photo *p)
{
    struct exchange *x = c->x;
    if (!it->ours && !x->wrong[0])
        snprintf(x->wrong, sizeof(x->wrong), "%s: a picture on a foreign item, %s", c->box->address,
                 it->id);
    return x->judge_photo ? x->judge_photo(c->box, it, p, x->judge_user) : OUT_DONE;
}

/* What is there, and off with what is ours and not wanted. */
static void look(struct exchange_call *c, size_t i)
{
    const struct store_photo *p = &c->photos[i];
    struct store_result *r = &c->result[i];
    struct exchange_item *it = exchange_find(c->box, p->item_id);
    *r = (struct store_result){.tag = p->tag, .outcome = OUT_DONE};
    if (!it) {
        exchange_refuse(r, OUT_GONE, "model.gone");
        return;
    }
    bool own = p->mark && holds(it, ""), put = p->mark && !own && !holds(it, p->mark);
    const char *stays = own ? NULL : p->mark;
    if (own) {
        err_set(&r->err, SCOPE_ITEM, WHEN_NEVER, STORE_PHOTO_OWN, "the user's own is there");
        c->x->counts.own++;
    }
    if (!put && !take_off(it, stays, false))
        return;
    enum outcome o = ask(c, it, p);
    if (take_off(it, stays, true)) {
        c->x->counts.off++;
        changed(c, it, r);
    }
    if (put && o != OUT_DONE) {
        exchange_refuse(r, o, "model.photo");
        c->x->counts.refused++;
        return;
    }
    c->looks[i].put = put;
    memcpy(c->looks[i].version, it->version, sizeof(it->version));
}

static void put(struct exchange_call *c, size_t i)
{
    const struct store_photo *p = &c->photos[i];
    struct store_result *r = &c->result[i];
    struct exchange_item *it = exchange_find(c->box, p->item_id);
    if (!it) {
        exchange_refuse(r, OUT_GONE, "model.gone");
        return;
    }
    if (strcmp(it->version, c->looks[i].version) != 0) {
        exchange_refuse(r, OUT_CONFLICT, "model.conflict");
        c->x->counts.crossed++;
        return;
    }
    struct exchange_photo *to = &it->photo[it->n_photos++];
    assert(it->n_photos <= EXCHANGE_PHOTOS && p->len <= sizeof(to->jpeg));
    *to = (struct exchange_photo){.len = p->len};
    snprintf(to->mark, sizeof(to->mark), "%s", p->mark);
    memcpy(to->jpeg, p->jpeg, p->len);
    it->hand = false;
    c->x->counts.put++;
    changed(c, it, r);
}

static void on_hand(void *user)
{
    struct exchange_call *c = user;
    c->hand = NULL;
    for (size_t i = 0; i < c->n; i++)
        if (c->looks[i].put)
            put(c, i);
}

void exchange_photo(struct contact_store *s,
                    const struct store_mailbox *mb,
                    const struct store_photo *photos,
                    size_t n,
                    uint32_t timeout_ms,
                    store_apply_done done,
                    void *user)
{
    struct exchange *x = (struct exchange *)s;
    struct exchange_call *c = exchange_begin(x, user);
    const struct store_limits *most = s->ops->limits(s);
    size_t bytes = 0;
    (void)timeout_ms;
    c->apply_done = done;
    c->box = exchange_box(x, mb->address);
    c->photos = photos;
    c->n = n;
    c->result = arena_alloc(c->arena, n * sizeof(*c->result));
    c->looks = arena_alloc(c->arena, n * sizeof(*c->looks));
    for (size_t i = 0; i < n; i++) {
        bytes += photos[i].len;
        look(c, i);
    }
    if ((n > most->max_photos || bytes > most->max_photo_bytes) && !x->wrong[0])
        snprintf(x->wrong, sizeof(x->wrong), "%s: %zu pictures of %zu bytes in one call",
                 mb->address, n, bytes);
    c->hand = loop_after(x->l, x->latency_ms / 2, on_hand, c);
}

const struct exchange_counts *exchange_counts(const struct exchange *x)
{
    return &x->counts;
}
