#include "tests/support/plan_store_fake.h"

#include <string.h>

#include "common/base/clock.h"

enum { ARENA_MAX = 64 << 20 };
static const int64_t window_ms = 24 * 3600 * 1000;

static struct plan_store_fake *self(struct plan_store *s)
{
    return ((struct plan_store_fake *)s)->rows;
}

static int64_t now(const struct plan_store_fake *f)
{
    return clock_wall(f->clock);
}

static bool recent(const struct plan_store_fake *f, int64_t at)
{
    return at && at > now(f) - window_ms;
}

/* -1: that call is to fail. */
static int enter(struct plan_store *s, const char *name, bool writes, struct err *err)
{
    struct plan_store_fake *f = self(s);
    f->calls++;
    if (f->fail && strcmp(f->fail, name) == 0) {
        f->fail = NULL;
        return err_set(err, SCOPE_REMOTE, WHEN_LATER, "fake.fail", "%s fails by plan", name);
    }
    if (writes && f->leader && f->leader != s)
        return err_set(err, SCOPE_PROCESS, WHEN_LATER, "plan.deposed", "another one leads");
    f->writes += writes;
    return 0;
}

/* ---- a look inside ---- */

static struct fake_person *person(struct plan_store_fake *f, int64_t id)
{
    return &f->persons.v[id - 1];
}

static int64_t person_id(const struct plan_store_fake *f, const struct guid *key)
{
    for (size_t i = 0; i < f->persons.n; i++)
        if (guid_cmp(&f->persons.v[i].key, key) == 0)
            return (int64_t)i + 1;
    return 0;
}

static struct fake_link *link_of(struct plan_store_fake *f, int64_t mailbox, int64_t id)
{
    vec_foreach (l, &f->links) {
        if (l->mailbox == mailbox && l->person == id)
            return l;
    }
    return NULL;
}

static int64_t mailbox_id(const struct plan_store_fake *f, const char *address)
{
    for (size_t i = 0; i < f->mailboxes.n; i++)
        if (strcasecmp(f->mailboxes.v[i].address, address) == 0)
            return (int64_t)i + 1;
    return 0;
}

struct fake_mailbox *plan_store_fake_mailbox(struct plan_store_fake *f, const char *address)
{
    int64_t id = mailbox_id(f, address);
    return id ? &f->mailboxes.v[id - 1] : NULL;
}

struct fake_link *
plan_store_fake_link(struct plan_store_fake *f, const char *address, const struct guid *key)
{
    return link_of(f, mailbox_id(f, address), person_id(f, key));
}

struct plan_subscriber *plan_store_fake_subscriber(struct plan_store_fake *f,
                                                   const struct guid *key)
{
    vec_foreach (s, &f->subscribers) {
        if (guid_cmp(&s->row.person_key, key) == 0)
            return &s->row;
    }
    return NULL;
}

void plan_store_fake_synced(struct plan_store_fake *f)
{
    vec_foreach (l, &f->links) {
        if (l->state == LINK_ACTIVE && !l->hold)
            l->has_item = l->wanted;
    }
}

/* ---- users and mailboxes ---- */

static int op_subscribers(
    struct plan_store *s, struct arena *a, struct plan_subscriber **ret, size_t *n, struct err *err)
{
    struct plan_store_fake *f = self(s);
    if (enter(s, "subscribers", false, err) < 0)
        return -1;
    *n = f->subscribers.n;
    *ret = arena_alloc(a, (*n + 1) * sizeof(**ret));
    for (size_t i = 0; i < *n; i++) {
        (*ret)[i] = f->subscribers.v[i].row;
        (*ret)[i].lost_recently = recent(f, f->subscribers.v[i].lost_at);
    }
    return 0;
}

static int op_save(struct plan_store *s,
                   const struct guid *key,
                   const char *address,
                   const struct prefs *p,
                   struct err *err)
{
    struct plan_store_fake *f = self(s);
    if (enter(s, "subscriber_save", true, err) < 0)
        return -1;
    struct plan_subscriber *row = plan_store_fake_subscriber(f, key);
    if (!row) {
        struct fake_subscriber made = {.row = {.id = (int64_t)f->subscribers.n + 1,
                                               .person_key = *key,
                                               .address = "",
                                               .state = "ok"}};
        vec_push(&f->subscribers, made);
        row = &f->subscribers.v[f->subscribers.n - 1].row;
    }
    row->prefs = *p;
    row->prefs.groups = arena_memdup(f->a, p->groups, p->n_groups * sizeof(*p->groups));
    row->version++;
    if (address)
        row->address = arena_strdup(f->a, address);
    return 0;
}

static void see(struct plan_store_fake *f, struct plan_subscriber *seen)
{
    struct fake_subscriber *sub = &f->subscribers.v[seen->id - 1];
    bool ok = strcmp(seen->state, "ok") == 0;
    int64_t was = sub->row.mailbox, is = ok ? mailbox_id(f, seen->address) : 0;
    if (ok && !is) {
        vec_push(&f->mailboxes,
                 (struct fake_mailbox){.address = arena_strdup(f->a, seen->address)});
        is = (int64_t)f->mailboxes.n;
    }
    if (was && was != is)
        f->mailboxes.v[was - 1].has_digest = false;
    if (was != is && is)
        f->mailboxes.v[is - 1].has_digest = false;
    if (ok)
        sub->lost_at = 0;
    else if (was)
        sub->lost_at = now(f);
    sub->row.address = arena_strdup(f->a, seen->address);
    sub->row.state = arena_strdup(f->a, seen->state);
    sub->row.eligible = seen->eligible;
    sub->row.mailbox = seen->mailbox = is;
}

static int op_seen(struct plan_store *s, struct plan_subscriber *subs, size_t n, struct err *err)
{
    if (enter(s, "subscribers_seen", true, err) < 0)
        return -1;
    for (size_t i = 0; i < n; i++)
        see(self(s), &subs[i]);
    return 0;
}

static int
op_merge(struct plan_store *s, const struct guid *from, const struct guid *to, struct err *err)
{
    struct plan_store_fake *f = self(s);
    if (enter(s, "subscriber_merge", true, err) < 0)
        return -1;
    struct plan_subscriber *old = plan_store_fake_subscriber(f, from);
    if (!plan_store_fake_subscriber(f, to)) {
        old->person_key = *to;
        return 0;
    }
    old->state = "merged";
    old->mailbox = 0;
    return 0;
}

static int op_mailboxes(
    struct plan_store *s, struct arena *a, struct plan_mailbox **ret, size_t *n, struct err *err)
{
    struct plan_store_fake *f = self(s);
    if (enter(s, "mailboxes", false, err) < 0)
        return -1;
    *n = f->mailboxes.n;
    *ret = arena_alloc(a, (*n + 1) * sizeof(**ret));
    for (size_t i = 0; i < *n; i++) {
        const struct fake_mailbox *m = &f->mailboxes.v[i];
        (*ret)[i] = (struct plan_mailbox){.id = (int64_t)i + 1,
                                          .address = m->address,
                                          .has_digest = m->has_digest,
                                          .digest = m->digest,
                                          .planned_version = m->planned_version};
    }
    vec_foreach (l, &f->links) {
        (*ret)[l->mailbox - 1].synced += l->has_item;
        (*ret)[l->mailbox - 1].fell += recent(f, l->fell_at);
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
    struct plan_store_fake *f = self(s);
    if (enter(s, "persons", false, err) < 0)
        return -1;
    *n = f->persons.n;
    *ret = arena_alloc(a, (*n + 1) * sizeof(**ret));
    for (size_t i = 0; i < *n; i++) {
        const struct fake_person *p = &f->persons.v[i];
        (*ret)[i] =
            (struct plan_person){p->key, (int64_t)i + 1, p->rock_id, p->has_content, p->content};
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
    struct plan_store_fake *f = self(s);
    (void)read_at_ms;
    if (enter(s, "persons_write", true, err) < 0)
        return -1;
    for (size_t i = 0; i < n; i++) {
        w[i].id = person_id(f, &w[i].key);
        if (!w[i].id) {
            vec_push(&f->persons, (struct fake_person){.key = w[i].key});
            w[i].id = (int64_t)f->persons.n;
        }
        *person(f, w[i].id) = (struct fake_person){w[i].key, w[i].rock_id, true, w[i].content};
        vec_push(&f->bodies, (struct fake_body){w[i].content, arena_strdup(f->a, w[i].body)});
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
    struct plan_store_fake *f = self(s);
    if (enter(s, "bodies", false, err) < 0)
        return -1;
    for (size_t i = 0; i < n; i++) {
        ret[i] = NULL;
        vec_foreach (b, &f->bodies) {
            if (memcmp(&b->hash, &hashes[i], sizeof(b->hash)) == 0)
                ret[i] = arena_strdup(a, b->text);
        }
    }
    return 0;
}

static int by_row_key(const void *x, const void *y)
{
    return guid_cmp(&((const struct plan_row *)x)->row.key, &((const struct plan_row *)y)->row.key);
}

static int op_links(struct plan_store *s,
                    struct arena *a,
                    int64_t mailbox,
                    struct plan_row **ret,
                    size_t *n,
                    struct err *err)
{
    struct plan_store_fake *f = self(s);
    if (enter(s, "links", false, err) < 0)
        return -1;
    f->links_read++;
    *ret = arena_alloc(a, (f->links.n + 1) * sizeof(**ret));
    *n = 0;
    vec_foreach (l, &f->links) {
        if (l->mailbox != mailbox)
            continue;
        (*ret)[(*n)++] = (struct plan_row){.row = {.key = person(f, l->person)->key,
                                                   .person = l->person,
                                                   .wanted = l->wanted,
                                                   .want = l->want,
                                                   .has_item = l->has_item || l->intent,
                                                   .state = l->state},
                                           .fell_recently = recent(f, l->fell_at),
                                           .held = l->hold != 0,
                                           .intent = l->intent};
    }
    qsort(*ret, *n, sizeof(**ret), by_row_key);
    return 0;
}

/* ---- guard ---- */

static int op_totals(struct plan_store *s, struct plan_totals *ret, struct err *err)
{
    struct plan_store_fake *f = self(s);
    if (enter(s, "totals", false, err) < 0)
        return -1;
    *ret = (struct plan_totals){0};
    vec_foreach (l, &f->links) {
        ret->synced += l->has_item;
        ret->fell += recent(f, l->fell_at);
    }
    vec_foreach (sub, &f->subscribers) {
        ret->users += strcmp(sub->row.state, "ok") == 0;
        ret->users_lost += recent(f, sub->lost_at);
    }
    return 0;
}

static bool emptied_already(const struct plan_store_fake *f, const char *field, int64_t id)
{
    vec_foreach (e, &f->emptied) {
        if (e->person == id && strcmp(e->field, field) == 0 && recent(f, e->at))
            return true;
    }
    return false;
}

static int op_emptied(struct plan_store *s,
                      const char *field,
                      const int64_t *persons,
                      size_t n,
                      size_t *ret_recent,
                      struct err *err)
{
    struct plan_store_fake *f = self(s);
    if (enter(s, "emptied", true, err) < 0)
        return -1;
    for (size_t i = 0; i < n; i++)
        if (!emptied_already(f, field, persons[i]))
            vec_push(&f->emptied, (struct fake_emptied){field, persons[i], now(f)});
    *ret_recent = 0;
    vec_foreach (e, &f->emptied)
        *ret_recent += strcmp(e->field, field) == 0 && recent(f, e->at);
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
    struct plan_store_fake *f = self(s);
    (void)run;
    if (enter(s, "hold_make", true, err) < 0)
        return -1;
    for (size_t i = 0; i < f->holds.n; i++) {
        const struct fake_hold *h = &f->holds.v[i];
        bool same_field = h->field == field || (h->field && field && !strcmp(h->field, field));
        if (strcmp(h->kind, kind) == 0 && h->mailbox == mailbox && same_field) {
            *ret_id = (int64_t)i + 1;
            return 0;
        }
    }
    vec_push(&f->holds, (struct fake_hold){kind, field, mailbox});
    *ret_id = (int64_t)f->holds.n;
    return 0;
}

/* ---- plans ---- */

static struct fake_link *link_make(struct plan_store_fake *f, int64_t mailbox, int64_t id)
{
    struct fake_link *l = link_of(f, mailbox, id);
    if (l)
        return l;
    vec_push(&f->links, (struct fake_link){.mailbox = mailbox, .person = id, .cats = ""});
    return &f->links.v[f->links.n - 1];
}

static void apply_rekey(struct plan_store_fake *f, const struct plan *p, struct plan_rekey k)
{
    struct fake_link *to = link_make(f, p->mailbox, k.to);
    struct fake_link *from = link_of(f, p->mailbox, k.from);
    if (to->has_item || to->intent || !from || !from->has_item || from->intent)
        return;
    to->has_item = true;
    from->has_item = false;
}

static void
apply_want(struct plan_store_fake *f, const struct plan *p, const struct plan_want *w, int64_t gen)
{
    struct fake_link *l = link_make(f, p->mailbox, w->person);
    l->wanted = true;
    l->want = w->state;
    l->content = w->content;
    l->cats = arena_strdup(f->a, w->cats);
    l->back = w->back;
    l->state = l->state == LINK_HIDDEN ? LINK_HIDDEN : LINK_ACTIVE;
    l->hold = w->hold;
    l->offer = w->hold ? 0 : p->offer;
    l->urgent = p->urgent;
    l->fell_at = 0;
    l->gen = gen;
}

static void
apply_drop(struct plan_store_fake *f, const struct plan *p, const struct plan_drop *d, int64_t gen)
{
    struct fake_link *l = link_of(f, p->mailbox, d->person);
    bool item = l->has_item || l->intent;
    l->wanted = false;
    l->state = d->keep && item ? LINK_KEPT : LINK_ACTIVE;
    l->hold = d->keep || !item ? 0 : d->hold;
    l->offer = l->hold ? 0 : p->offer;
    l->gen = gen;
    if (d->counted && item && !l->fell_at)
        l->fell_at = now(f);
}

static void apply_rows(struct plan_store_fake *f, const struct plan *p, int64_t gen)
{
    for (size_t i = 0; i < p->n_rekeys; i++)
        apply_rekey(f, p, p->rekeys[i]);
    for (size_t i = 0; i < p->n_wants; i++)
        apply_want(f, p, &p->wants[i], gen);
    for (size_t i = 0; i < p->n_drops; i++)
        apply_drop(f, p, &p->drops[i], gen);
}

static int op_apply(struct plan_store *s,
                    const struct plan *p,
                    enum plan_applied *ret,
                    int64_t *ret_gen,
                    struct err *err)
{
    struct plan_store_fake *f = self(s);
    if (enter(s, "apply", true, err) < 0)
        return -1;
    struct fake_mailbox *m = &f->mailboxes.v[p->mailbox - 1];
    f->applies++;
    if (f->stale && p->subscriber)
        f->subscribers.v[p->subscriber - 1].row.version++;
    if (f->busy)
        plan_store_fake_synced(f);
    *ret = PLAN_STALE;
    if ((p->subscriber &&
         f->subscribers.v[p->subscriber - 1].row.version != p->subscriber_version) ||
        p->read_at_ms < m->read_at_ms)
        return 0;
    *ret = PLAN_APPLIED;
    *ret_gen = ++m->gen;
    m->has_digest = !p->void_digest;
    m->digest = p->digest;
    m->planned_version = p->subscriber_version;
    m->read_at_ms = p->read_at_ms;
    apply_rows(f, p, *ret_gen);
    return 0;
}

/* ---- offers ---- */

static int
op_offer_make(struct plan_store *s, const char *queue_id, int64_t *ret_id, struct err *err)
{
    struct plan_store_fake *f = self(s);
    if (enter(s, "offer_make", true, err) < 0)
        return -1;
    vec_push(&f->offers, (struct fake_offer){.queue_id = arena_strdup(f->a, queue_id)});
    *ret_id = (int64_t)f->offers.n;
    return 0;
}

static int op_offer_delivered(
    struct plan_store *s, int64_t offer, const struct queue_end *ends, size_t n, struct err *err)
{
    (void)ends;
    if (enter(s, "offer_delivered", true, err) < 0)
        return -1;
    self(s)->offers.v[offer - 1].delivered = true;
    self(s)->offers.v[offer - 1].ends = n;
    return 0;
}

static int op_redrive(struct plan_store *s,
                      struct arena *a,
                      const char *queue_id,
                      const struct queue_position *pos,
                      size_t n_pos,
                      int64_t offer,
                      uint32_t undelivered_ms,
                      size_t max,
                      struct plan_offered **ret,
                      size_t *n,
                      bool *more,
                      struct err *err)
{
    struct plan_store_fake *f = self(s);
    (void)queue_id, (void)pos, (void)n_pos, (void)offer, (void)undelivered_ms;
    if (enter(s, "redrive", true, err) < 0)
        return -1;
    size_t left = f->due.n - f->redriven;
    *n = left < max ? left : max;
    *ret = arena_memdup(a, f->due.v + f->redriven, *n * sizeof(**ret));
    f->redriven += *n;
    *more = f->redriven < f->due.n;
    return 0;
}

static void op_free(struct plan_store *s)
{
    if (!s)
        return;
    struct plan_store_fake *f = self(s);
    if (&f->base != s) { /* a peer */
        free(s);
        return;
    }
    vec_release(&f->persons);
    vec_release(&f->bodies);
    vec_release(&f->links);
    vec_release(&f->mailboxes);
    vec_release(&f->subscribers);
    vec_release(&f->holds);
    vec_release(&f->offers);
    vec_release(&f->emptied);
    vec_release(&f->due);
    vec_release(&f->runs);
    vec_release(&f->photos);
    vec_release(&f->photo_boxes);
    arena_free(f->a);
    free(f);
}

static struct plan_store_ops ops = {
    .subscribers = op_subscribers,
    .subscriber_save = op_save,
    .subscribers_seen = op_seen,
    .subscriber_merge = op_merge,
    .mailboxes = op_mailboxes,
    .persons = op_persons,
    .persons_write = op_persons_write,
    .bodies = op_bodies,
    .links = op_links,
    .totals = op_totals,
    .emptied = op_emptied,
    .hold_make = op_hold_make,
    .offer_make = op_offer_make,
    .offer_delivered = op_offer_delivered,
    .apply = op_apply,
    .redrive = op_redrive,
    .free = op_free,
};

struct plan_store_fake *plan_store_fake_new(const struct clock *clock)
{
    struct plan_store_fake *f = xalloc(sizeof(*f));
    plan_store_fake_add_run(&ops);
    f->base.ops = &ops;
    f->rows = f;
    f->clock = clock;
    f->a = arena_new("fake plan store", ARENA_MAX);
    return f;
}

struct plan_store *plan_store_fake_port(struct plan_store_fake *f)
{
    return &f->base;
}
