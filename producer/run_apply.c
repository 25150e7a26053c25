/*
 * Rows and messages: each mailbox in a transaction of its own, then its messages.
 *
 * A queue that is away costs nothing here: the rows are committed, the re-driver publishes when it
 * is back (design section 8).
 */
#include <stdlib.h>
#include <string.h>

#include "producer/publish.h"
#include "producer/run_p.h"

struct applying {
    struct run *r;
    struct publisher pub;
    bool queue_away;
    struct err queue_err;
    vec(struct plan_want) wants;
    vec(struct plan_drop) drops;
};

/* An update that waits for a yes stays as it was shown, as long as the person's content is the
 * same: a new category must not carry it past the guard. */
static bool
stays_held(const struct mailbox_plan *m, const struct diff_change *ch, const struct person_state *p)
{
    return ch->row && ch->row->wanted && m->rows[ch->row - m->diff_rows].held && !p->body;
}

static void collect_want(struct applying *a, struct mailbox_plan *m, const struct diff_change *ch)
{
    const struct person_state *p = &a->r->people[ch->want->person];
    int64_t hold = ch->row && ch->row->has_item ? p->hold : 0;
    if (stays_held(m, ch, p)) {
        m->put_off = true;
        return;
    }
    bool back = ch->row && ch->row->state == LINK_KEPT;
    vec_push(&a->wants,
             (struct plan_want){p->id, ch->state, p->content, ch->want->cats, hold, back});
    m->held += hold != 0;
}

/*
 * Whether there is an item to be kept, or held, the rows say when the plan is applied: a worker may
 * have made it since they were read. A kept one that is dropped after all goes.
 */
static struct plan_drop
drop_of(const struct run *r, const struct mailbox_plan *m, const struct diff_change *ch)
{
    const struct diff_row *row = ch->row;
    bool leaves = row->state == LINK_KEPT || run_drop_always(r, m, &row->key);
    struct plan_drop d = {.person = row->person,
                          .keep = !r->s->delete_old && !leaves,
                          .counted = run_drop_counts(r, m, row)};
    if (!d.keep && (d.counted || !m->sub))
        d.hold = m->hold;
    return d;
}

static void collect(struct applying *a, struct mailbox_plan *m)
{
    vec_clear(&a->wants);
    vec_clear(&a->drops);
    vec_foreach (ch, &m->changes) {
        if (ch->op == DIFF_WANT) {
            collect_want(a, m, ch);
            continue;
        }
        struct plan_drop d = drop_of(a->r, m, ch);
        m->held += d.hold && ch->row->has_item;
        vec_push(&a->drops, d);
    }
}

static void preview(const struct applying *a, const struct mailbox_plan *m)
{
    const struct run_options *o = a->r->o;
    struct run_preview p = {m->address, m->counts, m->held, m->unchanged};
    if (o->preview)
        o->preview(&p, o->user);
}

static void count(struct run *r, const struct mailbox_plan *m)
{
    r->c->added += m->counts.added;
    r->c->changed += m->counts.changed;
    r->c->dropped += m->counts.dropped;
    r->c->kept += m->counts.kept;
    r->c->held += m->held;
}

static void send(struct applying *a, enum task_op op, int64_t mailbox, int64_t person, int64_t gen)
{
    if (a->queue_away)
        return;
    a->queue_away =
        publisher_send(&a->pub, op, mailbox, person, gen, a->r->o->urgent, &a->queue_err) < 0;
}

static void publish(struct applying *a, const struct mailbox_plan *m, int64_t gen)
{
    vec_foreach (w, &a->wants)
        if (!w->hold)
            send(a, TASK_UPSERT, m->mailbox, w->person, gen);
    vec_foreach (d, &a->drops)
        if (!d->hold && !d->keep)
            send(a, TASK_DELETE, m->mailbox, d->person, gen);
    vec_foreach (k, &m->rekeys)
        send(a, TASK_UPSERT, m->mailbox, k->to, gen);
}

static int offer(struct applying *a, int64_t *ret, struct err *err)
{
    return publisher_offer(&a->pub, ret, err);
}

static int apply_one(struct applying *a, struct mailbox_plan *m, struct err *err)
{
    struct run *r = a->r;
    collect(a, m);
    if (r->o->dry) {
        preview(a, m);
        count(r, m);
        return 0;
    }
    if (m->unchanged)
        return 0;
    vec_foreach (k, &m->rekeys)
        k->to = r->people[k->to].id;
    struct plan p = {.mailbox = m->mailbox,
                     .subscriber = m->sub ? m->sub->id : 0,
                     .subscriber_version = m->sub ? m->sub->version : 0,
                     .run = r->o->run,
                     .read_at_ms = r->d->read_at_ms,
                     .digest = m->digest,
                     .void_digest = m->put_off,
                     .urgent = r->o->urgent,
                     .wants = a->wants.v,
                     .n_wants = a->wants.n,
                     .drops = a->drops.v,
                     .n_drops = a->drops.n,
                     .rekeys = m->rekeys.v,
                     .n_rekeys = m->rekeys.n};
    enum plan_applied applied;
    int64_t gen;
    if ((a->wants.n || a->drops.n || m->rekeys.n) && offer(a, &p.offer, err) < 0)
        return -1;
    if (r->p->store->ops->apply(r->p->store, &p, &applied, &gen, err) < 0)
        return -1;
    if (applied == PLAN_STALE) {
        r->c->stale_mailboxes++;
        return 0;
    }
    count(r, m);
    publish(a, m, gen);
    return 0;
}

static int by_address(const void *x, const void *y)
{
    return strcmp(((const struct mailbox_plan *)x)->address,
                  ((const struct mailbox_plan *)y)->address);
}

int run_apply(struct run *r, struct err *err)
{
    struct applying a = {.r = r,
                         .pub = {.loop = r->p->loop, .store = r->p->store, .queue = r->p->queue}};
    if (r->o->dry && r->plans.n)
        qsort(r->plans.v, r->plans.n, sizeof(*r->plans.v), by_address);
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < r->plans.n; i++) {
        rc = apply_one(&a, &r->plans.v[i], err);
        if (i % 16 == 0)
            run_progress(r, "saving plans", i, r->plans.n);
    }
    r->c->messages = a.pub.total;
    if (rc == 0 && !r->o->dry && !a.queue_away)
        a.queue_away = publisher_confirm(&a.pub, &a.queue_err) < 0;
    r->c->queue_away = a.queue_away;
    publisher_release(&a.pub);
    vec_release(&a.wants);
    vec_release(&a.drops);
    return rc;
}
