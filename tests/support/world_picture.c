/*
 * Pictures in a world: what happens to them, what Rock answers, and what must hold. A picture is
 * known by its bytes alone here; marks and hashes are the product's.
 */
#include <stdio.h>
#include <string.h>

#include "common/base/arena.h"
#include "common/base/digest.h"

#include "tests/support/world_p.h"

/* ---- a producer's calls to its rows ---- */

static struct plan_store *inner(struct plan_store *s)
{
    return ((struct world_tap_plan *)s)->inner;
}

static int ended(struct plan_store *s, int rc, struct err *err)
{
    const struct world_tap_plan *t = (struct world_tap_plan *)s;
    rc = world_tap_leave(s, rc, err);
    t->w->seen[WORLD_SAW_PICTURE_DEATH] += t->w->producer[t->producer].dead;
    return rc;
}

#define TAP(op, ...)                                                                               \
    do {                                                                                           \
        if (world_tap_enter(s, err) < 0)                                                           \
            return -1;                                                                             \
        return ended(s, inner(s)->ops->op(inner(s), __VA_ARGS__), err);                            \
    } while (0)

static int t_seen(
    struct plan_store *s, const struct plan_photo *p, size_t n, int64_t read_at_ms, struct err *err)
{
    TAP(photos_seen, p, n, read_at_ms, err);
}
static int t_off(struct plan_store *s, struct err *err)
{
    TAP(photos_off, err);
}
static int t_wanted(struct plan_store *s,
                    struct arena *a,
                    int64_t after,
                    size_t max,
                    struct plan_photo **ret,
                    size_t *n,
                    struct err *err)
{
    TAP(photos_wanted, a, after, max, ret, n, err);
}
static int t_store(struct plan_store *s, const struct plan_photo_got *g, size_t n, struct err *err)
{
    TAP(photos_store, g, n, err);
}
static int t_raise(struct plan_store *s, size_t max, size_t *ret_n, struct err *err)
{
    TAP(photos_raise, max, ret_n, err);
}
static int t_offer(struct plan_store *s,
                   struct arena *a,
                   size_t max,
                   struct plan_photo_box **ret,
                   size_t *n,
                   struct err *err)
{
    TAP(photos_offer, a, max, ret, n, err);
}
static int t_count(struct plan_store *s, struct plan_photo_counts *ret, struct err *err)
{
    TAP(photos_count, ret, err);
}

void world_tap_photos(struct plan_store_ops *o)
{
    o->photos_seen = t_seen;
    o->photos_off = t_off;
    o->photos_wanted = t_wanted;
    o->photos_store = t_store;
    o->photos_raise = t_raise;
    o->photos_offer = t_offer;
    o->photos_count = t_count;
}

/* ---- Rock ---- */

enum { OUT_OF_REACH = 4, UNREAD_KINDS = 4 }; /* of world.unread */

static enum source_photo_fate fate_of(struct world *w, const struct photo_ref *ref)
{
    static const enum source_photo_fate fates[] = {SOURCE_PHOTO_AWAY, SOURCE_PHOTO_GONE,
                                                   SOURCE_PHOTO_REFUSED};
    size_t len;
    if (!w->calm && w->unread.fate && w->unread.left-- == 0) {
        enum source_photo_fate fate = fates[w->unread.fate - 1];
        w->unread.fate = 0;
        w->seen[WORLD_SAW_PICTURE_UNREAD]++;
        return fate;
    }
    church_jpeg(church_ref_picture(ref), &len);
    return len ? SOURCE_PHOTO_THERE : SOURCE_PHOTO_UNFIT;
}

static bool out_of_reach(struct world *w)
{
    if (w->calm || w->unread.fate != OUT_OF_REACH)
        return false;
    w->unread.fate = 0;
    w->seen[WORLD_SAW_PICTURE_UNREAD]++;
    return true;
}

int world_source_photos(struct directory_source *s,
                        const struct photo_ref *refs,
                        size_t n,
                        struct arena *a,
                        struct source_photo *ret,
                        struct err *err)
{
    struct world *w = ((struct world_source *)s)->w;
    if (out_of_reach(w))
        return err_set(err, SCOPE_REMOTE, WHEN_LATER, "world.unread", "Rock cannot be reached");
    for (size_t i = 0; i < n; i++) {
        size_t len;
        const void *jpeg = church_jpeg(church_ref_picture(&refs[i]), &len);
        ret[i] = (struct source_photo){.fate = fate_of(w, &refs[i])};
        if (ret[i].fate == SOURCE_PHOTO_THERE)
            ret[i] = (struct source_photo){SOURCE_PHOTO_THERE, arena_memdup(a, jpeg, len), len};
        if (ret[i].fate == SOURCE_PHOTO_REFUSED)
            err_set(err, SCOPE_REMOTE, WHEN_LATER, "world.refused", "a right is missing");
        if (ret[i].fate == SOURCE_PHOTO_GONE)
            w->m.missed[church_ref_soul(&refs[i])] = refs[i];
    }
    return 0;
}

/* ---- events ---- */

static void gets_picture(struct world *w, int soul, int picture)
{
    size_t len;
    const void *jpeg = church_jpeg(picture, &len);
    w->church.soul[soul].picture = picture;
    w->m.pictures[soul] |= 1u << church_jpeg_number(jpeg, len);
}

/* A producer reads that setting when it starts. */
static void switch_photos(struct world *w)
{
    w->settings.run.photos = !w->settings.run.photos;
    for (int i = 0; i < WORLD_PRODUCERS; i++)
        world_revive(w, i);
}

void world_picture_event(struct world *w, const struct world_event *e)
{
    if (e->kind == WORLD_PICTURE) {
        gets_picture(w, (int)(e->a % CHURCH_SOULS), (int)(e->b % CHURCH_PICTURES));
    } else if (e->kind == WORLD_PHOTOS) {
        switch_photos(w);
    } else if (e->kind == WORLD_USER_BETWEEN) {
        w->between.left = e->a;
        w->between.number = 1 + (int)(e->b % OWN_PICTURES);
    } else {
        w->unread.left = e->a;
        w->unread.fate = 1 + e->b % UNREAD_KINDS;
    }
}

/* ---- while it happens ---- */

static void on_between(void *user)
{
    struct world *w = user;
    vec_foreach (it, &w->between.box->items) {
        if (strcmp((*it)->id, w->between.item) == 0 && (*it)->place != STORE_IN_TRASH)
            exchange_user_pictures(w->x, *it, w->between.number);
    }
    w->between.number = 0;
    w->between.box = NULL;
}

static void interfere(struct world *w, const struct exchange_box *b, const struct exchange_item *it)
{
    if (w->calm || !w->between.number || w->between.box || w->between.left-- > 0)
        return;
    w->between.box = exchange_box(w->x, b->address);
    memcpy(w->between.item, it->id, sizeof(it->id));
    loop_defer(w->r->server, on_between, w);
}

static enum outcome answer_to(int number)
{
    return number == CHURCH_REFUSED_PICTURE    ? OUT_DEAD
           : number == CHURCH_STUBBORN_PICTURE ? OUT_RETRY_LATER
                                               : OUT_DONE;
}

/* The mark must be that of these bytes, or what an item holds cannot be told. */
static bool marked_right(const struct store_photo *p)
{
    struct sha256 hash;
    char hex[2 * sizeof(hash.b) + 1];
    sha256_of(p->jpeg, p->len, &hash);
    hex_encode(hash.b, sizeof(hash.b), hex);
    return strcmp(hex, p->mark) == 0;
}

enum outcome world_judge_photo(const struct exchange_box *b,
                               const struct exchange_item *it,
                               const struct store_photo *p,
                               void *world)
{
    struct world *w = world;
    int box = church_box_of(b->address), soul = church_soul_of(&it->key);
    if (soul == CHURCH_NOBODY)
        return OUT_DONE;
    int64_t *newest = &w->m.pictured_at[box][soul];
    if (w->r->sent_at < *newest)
        world_bad(w, "mailbox %d, person %d: an older picture came after a newer one", box, soul);
    *newest = w->r->sent_at;
    if (!p->mark)
        return OUT_DONE;
    int number = church_jpeg_number(p->jpeg, p->len);
    if (!marked_right(p))
        world_bad(w, "mailbox %d, person %d: a picture under another one's mark", box, soul);
    if (!number || !(w->m.pictures[soul] >> number & 1))
        world_bad(w, "mailbox %d, person %d: picture %d, which is not theirs", box, soul, number);
    interfere(w, b, it);
    return answer_to(number);
}

/* ---- at rest ---- */

/* Never to be had, or never taken: what is there of ours may be there, or not. */
static bool is_lost(const struct world *w, int soul)
{
    int picture = w->church.soul[soul].picture;
    struct photo_ref ref = church_ref(soul, picture);
    return w->settings.run.photos && picture &&
           (w->m.missed[soul].id == ref.id || answer_to(picture) != OUT_DONE);
}

/* What the user did last stays. */
static const char *hand_wrong(const struct exchange_item *it)
{
    if (!it->own)
        return it->n_photos ? "has a picture that the user took off" : NULL;
    bool there = it->n_photos == 1 && exchange_is_own(&it->photo[0], it->own);
    return there ? NULL : "has not the picture that the user put";
}

/* NULL: none; *len 0: it is no picture. */
static const void *wanted(const struct world *w, int soul, size_t *len)
{
    int picture = w->settings.run.photos ? w->church.soul[soul].picture : CHURCH_NO_PICTURE;
    *len = 0;
    return picture == CHURCH_NO_PICTURE ? NULL : church_jpeg(picture, len);
}

const char *world_picture_wrong(struct world *w, const struct exchange_item *it, int soul)
{
    size_t len;
    const void *jpeg = wanted(w, soul, &len);
    const struct exchange_photo *p = &it->photo[0];
    if (it->n_photos > 1)
        return "has two pictures";
    if (it->hand)
        return hand_wrong(it);
    if (it->n_photos && !p->mark[0])
        return "has a picture that nobody put";
    if (is_lost(w, soul))
        return NULL;
    if (!it->n_photos)
        return len ? "has no picture" : NULL;
    if (!len)
        return "has a picture that is not wanted";
    return p->len == len && memcmp(p->jpeg, jpeg, len) == 0 ? NULL : "has another picture";
}

/* What a row says of an item was so once, and nobody of ours has changed it since. mark "": none of
 * ours. */
static void judge_known(struct world *w, const char *address, const char *item, const char *mark)
{
    vec_foreach (i, &exchange_box(w->x, address)->items) {
        const struct exchange_item *it = *i;
        if (strcmp(it->id, item) != 0 || it->hand)
            continue;
        const char *is = it->n_photos ? it->photo[0].mark : "";
        if (strcmp(is, mark) != 0)
            world_bad(w, "mailbox %d: what the row says of the picture on item %s is not so",
                      church_box_of(address), item);
    }
}

static void judge_memory(struct world *w, int64_t mailbox, const struct ledger_memory_link *l)
{
    const struct ledger_memory_held *h = &l->photo;
    char mark[STORE_PHOTO_MARK + 1] = "";
    if (!h->item_id || h->unknown || !l->item_id || strcmp(h->item_id, l->item_id) != 0)
        return;
    if (h->set)
        hex_encode(h->hash.b, sizeof(h->hash.b), mark);
    judge_known(w, ledger_memory_mailbox(w->rows.rows, mailbox)->address, l->item_id, mark);
}

static void judge_pg(struct world *w)
{
    char address[32], item[24], mark[STORE_PHOTO_MARK + 1];
    for (const char *p = world_pg_pictures(w->pg); p && *p; p += strcspn(p, "\n"), p += *p == '\n')
        if (sscanf(p, "%31s %23s %64s", address, item, mark) == 3)
            judge_known(w, address, item, mark[0] == '-' ? "" : mark);
}

void world_judge_pictures(struct world *w)
{
    const struct ledger_memory_link *l;
    if (w->pg) {
        judge_pg(w);
        return;
    }
    for (size_t m = 1; m <= w->rows.n_mailboxes; m++)
        for (size_t k = 0; (l = ledger_memory_link_at(w->rows.rows, (int64_t)m, k)); k++)
            judge_memory(w, (int64_t)m, l);
}
