/* Pictures over rows in memory: see plan_store_pg_photo.c. */
#include <string.h>

#include "common/drv/ledger_memory_p.h"
#include "tests/support/world_p.h"

enum { OFFER_EVERY_MS = 60000 };

static struct world_rows *rows_of(struct plan_store *s)
{
    return ((struct world_plan *)s)->r;
}

static int64_t now(const struct world_rows *r)
{
    return clock_wall(r->clock);
}

static int64_t people(const struct world_rows *r)
{
    return (int64_t)r->rows->keys.n;
}

static bool same_ref(const struct photo_ref *x, const struct photo_ref *y)
{
    return x->id == y->id && guid_cmp(&x->guid, &y->guid) == 0;
}

/* ---- the picture that workers see ---- */

static void set_picture(struct world_rows *r, int64_t person, const void *jpeg, size_t len)
{
    const struct memory_photo *was = map_get_u64(r->rows->photos, (uint64_t)person);
    struct memory_photo *p = xalloc(sizeof(*p) + len);
    p->len = len;
    if (len) {
        memcpy(p->jpeg, jpeg, len);
        sha256_of(jpeg, len, &p->hash);
    }
    bool same = was && was->len == len && memcmp(&was->hash, &p->hash, sizeof(p->hash)) == 0;
    r->face[person].untold |= !same && (was || len);
    free(map_put_u64(r->rows->photos, (uint64_t)person, p));
}

void world_photo_faceless(struct world_rows *r, int64_t person)
{
    if (r->face[person].there)
        return;
    r->face[person] = (struct world_face){.there = true, .got = true};
    set_picture(r, person, NULL, 0);
}

/* ---- what runs see ---- */

static void see(struct world_rows *r, const struct plan_photo *p, int64_t read_at_ms)
{
    struct world_face *f = &r->face[p->person];
    if (f->there ? same_ref(&f->ref, &p->ref) || f->read_at_ms > read_at_ms : !p->ref.id)
        return;
    *f = (struct world_face){.there = true,
                             .got = !p->ref.id,
                             .untold = f->untold,
                             .ref = p->ref,
                             .read_at_ms = read_at_ms};
    if (f->got || !map_get_u64(r->rows->photos, (uint64_t)p->person))
        set_picture(r, p->person, NULL, 0);
}

static int op_seen(
    struct plan_store *s, const struct plan_photo *v, size_t n, int64_t read_at_ms, struct err *err)
{
    if (world_plan_leads(s, err) < 0)
        return -1;
    for (size_t i = 0; i < n; i++)
        see(rows_of(s), &v[i], read_at_ms);
    return 0;
}

static int op_off(struct plan_store *s, struct err *err)
{
    struct world_rows *r = rows_of(s);
    if (world_plan_leads(s, err) < 0)
        return -1;
    for (int64_t person = 1; person <= people(r); person++) {
        struct world_face *f = &r->face[person];
        if (!f->there)
            continue;
        *f = (struct world_face){
            .there = true, .got = true, .untold = f->untold, .read_at_ms = f->read_at_ms};
        set_picture(r, person, NULL, 0);
    }
    return 0;
}

/* ---- fetching ---- */

static bool linked(const struct world_rows *r, int64_t person)
{
    for (size_t m = 1; m <= r->n_mailboxes; m++) {
        const struct ledger_memory_link *l = ledger_memory_link(r->rows, (int64_t)m, person);
        if (l && l->state == LINK_ACTIVE && l->want.set)
            return true;
    }
    return false;
}

static bool open_face(const struct world_rows *r, int64_t person)
{
    return r->face[person].there && !r->face[person].got && linked(r, person);
}

static int op_wanted(struct plan_store *s,
                     struct arena *a,
                     int64_t after,
                     size_t max,
                     struct plan_photo **ret,
                     size_t *n,
                     struct err *err)
{
    const struct world_rows *r = rows_of(s);
    (void)err;
    *n = 0;
    *ret = arena_alloc(a, max * sizeof(**ret));
    for (int64_t person = after + 1; person <= people(r) && *n < max; person++) {
        const struct world_face *f = &r->face[person];
        if (open_face(r, person) && f->retry_at <= now(r))
            (*ret)[(*n)++] = (struct plan_photo){person, f->ref, f->tries};
    }
    return 0;
}

static void store(struct world_rows *r, const struct plan_photo_got *g)
{
    struct world_face *f = &r->face[g->person];
    if (!f->there || f->got || !same_ref(&f->ref, &g->ref))
        return;
    f->got = g->end != PLAN_PHOTO_AGAIN;
    f->tries = f->got ? 0 : f->tries + 1;
    f->retry_at = f->got ? 0 : now(r) + g->retry_in_ms;
    if (f->got)
        set_picture(r, g->person, g->jpeg, g->end == PLAN_PHOTO_THERE ? g->len : 0);
}

static int op_store(struct plan_store *s, const struct plan_photo_got *g, size_t n, struct err *err)
{
    if (world_plan_leads(s, err) < 0)
        return -1;
    for (size_t i = 0; i < n; i++)
        store(rows_of(s), &g[i]);
    return 0;
}

/* ---- telling the mailboxes ---- */

static int op_raise(struct plan_store *s, size_t max, size_t *ret_n, struct err *err)
{
    struct world_rows *r = rows_of(s);
    bool told[WORLD_BOXES + 1] = {false};
    *ret_n = 0;
    if (world_plan_leads(s, err) < 0)
        return -1;
    for (int64_t person = 1; person <= people(r) && *ret_n < max; person++) {
        if (!r->face[person].untold)
            continue;
        r->face[person].untold = false;
        ++*ret_n;
        for (size_t m = 1; m <= r->n_mailboxes; m++)
            told[m] |= ledger_memory_link(r->rows, (int64_t)m, person) != NULL;
    }
    for (size_t m = 1; m <= r->n_mailboxes; m++)
        if (told[m])
            world_photo_requested(r, (int64_t)m);
    return 0;
}

void world_photo_requested(struct world_rows *r, int64_t mailbox)
{
    struct ledger_memory_mailbox *m = ledger_memory_mailbox(r->rows, mailbox);
    m->photo_requested++;
    m->photo_at = 0;
    r->mailbox[mailbox].photo_offered_at = 0;
}

static bool may_offer(const struct world_rows *r, const struct ledger_memory_mailbox *m)
{
    int64_t at = now(r), offered_at = r->mailbox[m->id].photo_offered_at;
    return m->photo_requested > m->photo_done && m->parked_until <= at && m->lease_until <= at &&
           m->photo_at <= at && (!offered_at || offered_at <= at - OFFER_EVERY_MS);
}

static int op_offer(struct plan_store *s,
                    struct arena *a,
                    size_t max,
                    struct plan_photo_box **ret,
                    size_t *n,
                    struct err *err)
{
    struct world_rows *r = rows_of(s);
    *n = 0;
    if (world_plan_leads(s, err) < 0)
        return -1;
    *ret = arena_alloc(a, (r->n_mailboxes + 1) * sizeof(**ret));
    for (size_t i = 1; i <= r->n_mailboxes && *n < max; i++) {
        const struct ledger_memory_mailbox *m = ledger_memory_mailbox(r->rows, (int64_t)i);
        if (!may_offer(r, m))
            continue;
        r->mailbox[i].photo_offered_at = now(r);
        (*ret)[(*n)++] = (struct plan_photo_box){m->id, m->gen};
    }
    return 0;
}

static int op_count(struct plan_store *s, struct plan_photo_counts *ret, struct err *err)
{
    const struct world_rows *r = rows_of(s);
    (void)err;
    *ret = (struct plan_photo_counts){0};
    for (int64_t person = 1; person <= people(r); person++)
        ret->people += open_face(r, person);
    for (size_t i = 1; i <= r->n_mailboxes; i++) {
        const struct ledger_memory_mailbox *m = ledger_memory_mailbox(r->rows, (int64_t)i);
        ret->mailboxes += m->photo_requested > m->photo_done;
    }
    return 0;
}

void world_plan_add_photos(struct plan_store_ops *o)
{
    o->photos_seen = op_seen;
    o->photos_off = op_off;
    o->photos_wanted = op_wanted;
    o->photos_store = op_store;
    o->photos_raise = op_raise;
    o->photos_offer = op_offer;
    o->photos_count = op_count;
}
