/* The producer's port over the rows that ledger_memory keeps: what plan_store_pg says in SQL. */
#include <string.h>
#include <strings.h>

#include "common/drv/ledger_memory_p.h"
#include "tests/support/world_p.h"

static struct world_rows *rows_of(struct plan_store *s)
{
    return ((struct world_plan *)s)->r;
}

static int64_t now(const struct world_rows *r)
{
    return clock_wall(r->clock);
}

static bool recent(const struct world_rows *r, int64_t at)
{
    return at && at > now(r) - WORLD_DAY_MS;
}

int world_plan_leads(struct plan_store *s, struct err *err)
{
    const struct world_plan *p = (struct world_plan *)s;
    if (p->epoch && p->epoch == p->r->plan_epoch)
        return 0;
    return err_set(err, SCOPE_PROCESS, WHEN_LATER, "plan.deposed", "another producer leads");
}

struct ledger_memory_link *world_link(struct world_rows *r, int64_t mailbox, int64_t person)
{
    struct memory_mailbox *mb = memory_mailbox(r->rows, mailbox);
    return memory_link_add(r->rows, mb, person);
}

/* ---- users and mailboxes ---- */

static int op_subscribers(
    struct plan_store *s, struct arena *a, struct plan_subscriber **ret, size_t *n, struct err *err)
{
    struct world_rows *r = rows_of(s);
    (void)err;
    *n = 0;
    *ret = arena_alloc(a, CHURCH_USERS * sizeof(**ret));
    for (size_t i = 0; i < CHURCH_USERS; i++) {
        const struct world_subscriber *sub = &r->subscriber[i];
        if (!sub->there)
            continue;
        struct plan_subscriber *out = &(*ret)[(*n)++];
        *out = sub->row;
        out->prefs.groups = sub->groups;
        out->lost_recently = recent(r, sub->lost_at);
    }
    return 0;
}

static int op_save(struct plan_store *s,
                   const struct guid *key,
                   const char *address,
                   const struct prefs *p,
                   struct err *err)
{
    struct world_rows *r = rows_of(s);
    int user = church_soul_of(key);
    struct world_subscriber *sub = &r->subscriber[user];
    (void)err, (void)address;
    if (!sub->there)
        sub->row = (struct plan_subscriber){
            .id = user + 1, .person_key = *key, .address = "", .state = "ok"};
    sub->there = true;
    if (strcmp(sub->row.state, "merged") == 0)
        sub->row.state = "ok";
    sub->row.prefs = *p;
    memcpy(sub->groups, p->groups, p->n_groups * sizeof(*p->groups));
    sub->row.version++;
    return 0;
}

static int64_t mailbox_by_address(const struct world_rows *r, const char *address)
{
    for (size_t i = 1; i <= r->n_mailboxes; i++)
        if (strcasecmp(ledger_memory_mailbox(r->rows, (int64_t)i)->address, address) == 0)
            return (int64_t)i;
    return 0;
}

static void void_digest(struct world_rows *r, int64_t mailbox)
{
    if (mailbox)
        ledger_memory_mailbox(r->rows, mailbox)->planned = false;
}

static void see(struct world_rows *r, struct plan_subscriber *seen)
{
    struct world_subscriber *sub = &r->subscriber[seen->id - 1];
    bool ok = strcmp(seen->state, "ok") == 0;
    int64_t was = sub->row.mailbox, is = ok ? mailbox_by_address(r, seen->address) : 0;
    if (ok && !is) {
        is = ledger_memory_mailbox_add(r->rows, seen->address)->id;
        r->n_mailboxes++;
    }
    if (was != is) {
        void_digest(r, was);
        void_digest(r, is);
    }
    if (ok)
        sub->lost_at = 0;
    else if (was)
        sub->lost_at = now(r);
    sub->row.address = ledger_memory_text(r->rows, seen->address);
    sub->row.state = ledger_memory_text(r->rows, seen->state);
    sub->row.eligible = seen->eligible;
    sub->row.mailbox = seen->mailbox = is;
}

static int op_seen(struct plan_store *s, struct plan_subscriber *subs, size_t n, struct err *err)
{
    if (world_plan_leads(s, err) < 0)
        return -1;
    for (size_t i = 0; i < n; i++)
        see(rows_of(s), &subs[i]);
    return 0;
}

static int op_mailboxes(
    struct plan_store *s, struct arena *a, struct plan_mailbox **ret, size_t *n, struct err *err)
{
    struct world_rows *r = rows_of(s);
    (void)err;
    *n = r->n_mailboxes;
    *ret = arena_alloc(a, (*n + 1) * sizeof(**ret));
    for (size_t i = 0; i < *n; i++) {
        const struct ledger_memory_mailbox *m = ledger_memory_mailbox(r->rows, (int64_t)i + 1);
        struct plan_mailbox *out = &(*ret)[i];
        const struct ledger_memory_link *l;
        *out = (struct plan_mailbox){.id = m->id,
                                     .address = m->address,
                                     .has_digest = m->planned,
                                     .digest = r->mailbox[m->id].digest,
                                     .planned_version = r->mailbox[m->id].planned_version};
        for (size_t k = 0; (l = ledger_memory_link_at(r->rows, m->id, k)); k++) {
            out->synced += l->have.set;
            out->fell += recent(r, r->row[m->id][l->person].fell_at);
        }
    }
    return 0;
}

/* ---- people ---- */

static int by_person_key(const void *x, const void *y)
{
    return guid_cmp(&((const struct plan_person *)x)->key, &((const struct plan_person *)y)->key);
}

static int op_persons(
    struct plan_store *s, struct arena *a, struct plan_person **ret, size_t *n, struct err *err)
{
    struct world_rows *r = rows_of(s);
    (void)err;
    *n = r->rows->keys.n;
    *ret = arena_alloc(a, (*n + 1) * sizeof(**ret));
    for (size_t i = 0; i < *n; i++) {
        const struct world_person *p = &r->person[i + 1];
        (*ret)[i] = (struct plan_person){r->rows->keys.v[i], (int64_t)i + 1, p->rock_id,
                                         p->has_content, p->content};
    }
    qsort(*ret, *n, sizeof(**ret), by_person_key);
    return 0;
}

static int op_persons_write(struct plan_store *s,
                            struct plan_person_write *w,
                            size_t n,
                            int64_t read_at_ms,
                            struct err *err)
{
    struct world_rows *r = rows_of(s);
    if (world_plan_leads(s, err) < 0)
        return -1;
    for (size_t i = 0; i < n; i++) {
        w[i].id = ledger_memory_person(r->rows, &w[i].key);
        struct sha256 hash = ledger_memory_content(r->rows, w[i].body);
        struct world_person *p = &r->person[w[i].id];
        if (p->read_at_ms <= read_at_ms)
            *p = (struct world_person){true, hash, w[i].rock_id, read_at_ms};
    }
    return 0;
}

static int op_bodies(struct plan_store *s,
                     struct arena *a,
                     const struct sha256 *hashes,
                     size_t n,
                     const char **ret,
                     struct err *err)
{
    (void)err, (void)a;
    for (size_t i = 0; i < n; i++)
        ret[i] = memory_body(rows_of(s)->rows, &hashes[i]);
    return 0;
}

static int by_row_key(const void *x, const void *y)
{
    return guid_cmp(&((const struct plan_row *)x)->row.key, &((const struct plan_row *)y)->row.key);
}

/* Wanted, and nobody knows what is there: see PLAN_PG_BLIND. */
static bool unseen(const struct world_rows *r, const struct ledger_memory_link *l)
{
    const struct ledger_memory_mailbox *m = ledger_memory_mailbox(r->rows, l->mailbox);
    return l->want.set && !l->have.set && !l->intent && l->state != LINK_HIDDEN && m->folder_id &&
           m->verified != *ledger_memory_generation(r->rows);
}

bool world_may_have(const struct world_rows *r, const struct ledger_memory_link *l)
{
    return l->have.set || l->intent || unseen(r, l);
}

static int op_links(struct plan_store *s,
                    struct arena *a,
                    int64_t mailbox,
                    struct plan_row **ret,
                    size_t *n,
                    struct err *err)
{
    struct world_rows *r = rows_of(s);
    const struct memory_mailbox *mb = memory_mailbox(r->rows, mailbox);
    (void)err;
    *ret = arena_alloc(a, (mb->links.n + 1) * sizeof(**ret));
    *n = 0;
    vec_foreach (it, &mb->links) {
        const struct ledger_memory_link *l = *it;
        (*ret)[(*n)++] =
            (struct plan_row){.row = {.key = *memory_key(r->rows, l->person),
                                      .person = l->person,
                                      .wanted = l->want.set,
                                      .want = memory_want(r->rows, l),
                                      .has_item = world_may_have(r, l),
                                      .state = l->state},
                              .fell_recently = recent(r, r->row[mailbox][l->person].fell_at),
                              .held = l->held,
                              .intent = l->intent};
    }
    qsort(*ret, *n, sizeof(**ret), by_row_key);
    return 0;
}

/* ---- guard ---- */

static int op_totals(struct plan_store *s, struct plan_totals *ret, struct err *err)
{
    struct world_rows *r = rows_of(s);
    const struct ledger_memory_link *l;
    (void)err;
    *ret = (struct plan_totals){0};
    for (size_t m = 1; m <= r->n_mailboxes; m++) {
        for (size_t k = 0; (l = ledger_memory_link_at(r->rows, (int64_t)m, k)); k++) {
            ret->synced += l->have.set;
            ret->fell += recent(r, r->row[m][l->person].fell_at);
        }
    }
    for (size_t i = 0; i < CHURCH_USERS; i++) {
        const struct world_subscriber *sub = &r->subscriber[i];
        ret->users += sub->there && strcmp(sub->row.state, "ok") == 0;
        ret->users_lost += sub->there && recent(r, sub->lost_at);
    }
    return 0;
}

static struct world_emptied *emptied_row(struct world_rows *r, const char *field, int64_t person)
{
    vec_foreach (e, &r->emptied) {
        if (e->person == person && strcmp(e->field, field) == 0)
            return e;
    }
    vec_push(&r->emptied, (struct world_emptied){ledger_memory_text(r->rows, field), person, 0});
    return &r->emptied.v[r->emptied.n - 1];
}

static int op_emptied(struct plan_store *s,
                      const char *field,
                      const int64_t *persons,
                      size_t n,
                      size_t *ret_recent,
                      struct err *err)
{
    struct world_rows *r = rows_of(s);
    if (world_plan_leads(s, err) < 0)
        return -1;
    for (size_t i = 0; i < n; i++)
        emptied_row(r, field, persons[i])->at = now(r);
    *ret_recent = 0;
    vec_foreach (e, &r->emptied)
        *ret_recent += strcmp(e->field, field) == 0 && recent(r, e->at);
    return 0;
}

static int op_hold_make(struct plan_store *s,
                        const char *kind,
                        int64_t mailbox,
                        const char *field,
                        int64_t run,
                        int64_t *ret_id,
                        struct err *err)
{
    struct world_rows *r = rows_of(s);
    (void)run;
    if (world_plan_leads(s, err) < 0)
        return -1;
    const char *f = ledger_memory_text(r->rows, field ? field : "");
    for (size_t i = 0; i < r->holds.n; i++) {
        const struct world_hold *h = &r->holds.v[i];
        if (h->open && h->mailbox == mailbox && !strcmp(h->kind, kind) && !strcmp(h->field, f)) {
            *ret_id = (int64_t)i + 1;
            return 0;
        }
    }
    vec_push(&r->holds, (struct world_hold){ledger_memory_text(r->rows, kind), f, mailbox, true});
    *ret_id = (int64_t)r->holds.n;
    return 0;
}

static void forget_emptied(struct world_rows *r, const char *field)
{
    vec_foreach (e, &r->emptied) {
        if (strcmp(e->field, field) == 0)
            e->at = 0;
    }
}

size_t world_rows_approve(struct world_rows *r)
{
    size_t n = 0;
    struct ledger_memory_link *l;
    for (size_t m = 1; m <= r->n_mailboxes; m++) {
        for (size_t k = 0; (l = ledger_memory_link_at(r->rows, (int64_t)m, k)); k++) {
            struct world_row *x = &r->row[m][l->person];
            if (!x->hold)
                continue;
            x->hold = x->fell_at = 0;
            l->held = false;
            l->urgent = true;
            n++;
        }
    }
    vec_foreach (h, &r->holds) {
        if (h->open)
            forget_emptied(r, h->field);
        h->open = false;
    }
    return n;
}

/* ---- one mailbox's plan ---- */

static void offered(struct world_rows *r, const struct plan *p, struct ledger_memory_link *l)
{
    l->gen = ledger_memory_mailbox(r->rows, p->mailbox)->gen;
    l->run = p->run;
    l->urgent = p->urgent;
    l->retry_at = 0;
    l->attempts = 0;
    r->row[p->mailbox][l->person].offer = p->offer;
}

/* What a worker has listed of it is not so any more. */
static void fence(struct ledger_memory_mailbox *m)
{
    if (!m->lease_until)
        return;
    m->lease_epoch++;
    m->lease_owner = NULL;
    m->lease_until = 0;
}

static void apply_rekey(struct world_rows *r, const struct plan *p, struct plan_rekey k)
{
    static const struct link_side nothing;
    struct ledger_memory_link *from = ledger_memory_link(r->rows, p->mailbox, k.from);
    if (!from || !from->have.set || from->intent || k.from == k.to)
        return;
    struct ledger_memory_link *to = world_link(r, p->mailbox, k.to);
    if (to->have.set || to->intent)
        return;
    to->have = from->have;
    to->have_unknown = from->have_unknown;
    to->item_id = from->item_id;
    to->version = from->version;
    to->lacks = from->lacks;
    if (from->photo.item_id) {
        to->photo = from->photo;
        world_photo_faceless(r, k.to);
    }
    to->dead = from->dead = false;
    to->state = to->state == LINK_HIDDEN ? LINK_ACTIVE : to->state;
    offered(r, p, to);
    from->have = nothing;
    from->want.set = false;
    from->have_unknown = false;
    from->item_id = from->version = NULL;
    from->lacks = 0;
    from->photo = (struct ledger_memory_held){0};
    from->look_at = 0;
    fence(ledger_memory_mailbox(r->rows, p->mailbox));
}

static void apply_want(struct world_rows *r, const struct plan *p, const struct plan_want *w)
{
    struct ledger_memory_link *l = world_link(r, p->mailbox, w->person);
    struct sha256 before = memory_want(r->rows, l);
    offered(r, p, l);
    l->want.set = true;
    l->want.content = w->content;
    l->want.cats = ledger_memory_text(r->rows, w->cats ? w->cats : "");
    l->state = l->state == LINK_HIDDEN ? LINK_HIDDEN : LINK_ACTIVE;
    l->held = w->hold != 0;
    l->dead &= memcmp(&before, &w->state, sizeof(before)) == 0;
    struct world_row *x = &r->row[p->mailbox][w->person];
    x->hold = w->hold;
    x->offer = w->hold ? 0 : p->offer;
    x->fell_at = 0;
}

static void drop_state(struct ledger_memory_link *l, const struct plan_drop *d, bool item)
{
    l->dead &= !l->want.set;
    l->want.set = false;
    if (l->state != LINK_HIDDEN)
        l->state = d->keep && item ? LINK_KEPT : LINK_ACTIVE;
}

static void apply_drop(struct world_rows *r, const struct plan *p, const struct plan_drop *d)
{
    struct ledger_memory_link *l = world_link(r, p->mailbox, d->person);
    struct world_row *x = &r->row[p->mailbox][d->person];
    bool item = world_may_have(r, l), hidden = l->state == LINK_HIDDEN;
    if (unseen(r, l))
        l->look_at = now(r);
    offered(r, p, l);
    drop_state(l, d, item);
    x->hold = d->keep || hidden || !item ? 0 : d->hold;
    x->offer = d->hold && item ? 0 : p->offer;
    l->held = x->hold != 0;
    if (d->counted && item && !x->fell_at)
        x->fell_at = now(r);
}

/* See apply_mailbox in plan_store_pg_apply.c. */
static void apply_pictures(struct world_rows *r, const struct plan *p)
{
    struct memory_mailbox *mb = memory_mailbox(r->rows, p->mailbox);
    int64_t before = mb->row.photo_requested;
    for (size_t i = 0; i < p->n_wants; i++)
        if (p->wants[i].back)
            memory_photo_need(r->rows, mb, world_link(r, p->mailbox, p->wants[i].person));
    if (mb->row.photo_requested > before)
        world_photo_requested(r, p->mailbox);
}

static bool stale(const struct world_rows *r, const struct plan *p)
{
    if (p->read_at_ms < r->mailbox[p->mailbox].read_at_ms)
        return true;
    return p->subscriber && r->subscriber[p->subscriber - 1].row.version != p->subscriber_version;
}

static int op_apply(struct plan_store *s,
                    const struct plan *p,
                    enum plan_applied *ret,
                    int64_t *ret_gen,
                    struct err *err)
{
    struct world_rows *r = rows_of(s);
    if (world_plan_leads(s, err) < 0)
        return -1;
    *ret = PLAN_STALE;
    if (stale(r, p))
        return 0;
    struct ledger_memory_mailbox *m = ledger_memory_mailbox(r->rows, p->mailbox);
    *ret = PLAN_APPLIED;
    *ret_gen = ++m->gen;
    m->planned = !p->void_digest;
    struct world_mailbox *x = &r->mailbox[m->id];
    *x = (struct world_mailbox){p->digest, p->subscriber_version, p->read_at_ms, x->clear_offer,
                                x->photo_offered_at};
    for (size_t i = 0; i < p->n_rekeys; i++)
        apply_rekey(r, p, p->rekeys[i]);
    for (size_t i = 0; i < p->n_wants; i++)
        apply_want(r, p, &p->wants[i]);
    for (size_t i = 0; i < p->n_drops; i++)
        apply_drop(r, p, &p->drops[i]);
    apply_pictures(r, p);
    return 0;
}

/* ---- */

static bool op_healthy(struct plan_store *s)
{
    (void)s;
    return true;
}

static void op_free(struct plan_store *s)
{
    if (s && rows_of(s)->leader == s)
        rows_of(s)->leader = NULL;
    free(s);
}

struct plan_store *world_plan_new(struct world_rows *r)
{
    static struct plan_store_ops ops = {
        .subscribers = op_subscribers,
        .subscriber_save = op_save,
        .subscribers_seen = op_seen,
        .mailboxes = op_mailboxes,
        .persons = op_persons,
        .persons_write = op_persons_write,
        .bodies = op_bodies,
        .links = op_links,
        .totals = op_totals,
        .emptied = op_emptied,
        .hold_make = op_hold_make,
        .apply = op_apply,
        .healthy = op_healthy,
        .free = op_free,
    };
    struct world_plan *p = xalloc(sizeof(*p));
    world_plan_add_offer(&ops);
    world_plan_add_runs(&ops);
    world_plan_add_photos(&ops);
    p->base.ops = &ops;
    p->r = r;
    return &p->base;
}

void world_rows_release(struct world_rows *r)
{
    vec_release(&r->holds);
    vec_release(&r->offers);
    vec_release(&r->emptied);
    vec_release(&r->asked);
}
