/* Offers, and what is due and on no queue, over rows in memory: see plan_store_pg_offer.c. */
#include <string.h>

#include "common/drv/ledger_memory_p.h"
#include "tests/support/world_p.h"

static struct world_rows *rows_of(struct plan_store *s)
{
    return ((struct world_plan *)s)->r;
}

static int op_make(struct plan_store *s, const char *queue_id, int64_t *ret_id, struct err *err)
{
    struct world_rows *r = rows_of(s);
    if (world_plan_leads(s, err) < 0)
        return -1;
    vec_push(&r->offers, (struct world_offer){.queue_id = ledger_memory_text(r->rows, queue_id),
                                              .made_at = clock_wall(r->clock)});
    *ret_id = (int64_t)r->offers.n;
    return 0;
}

static int op_delivered(
    struct plan_store *s, int64_t offer, const struct queue_end *ends, size_t n, struct err *err)
{
    struct world_rows *r = rows_of(s);
    if (world_plan_leads(s, err) < 0)
        return -1;
    struct world_offer *o = &r->offers.v[offer - 1];
    o->delivered = true;
    o->n = n < ARRAY_LEN(o->end) ? n : ARRAY_LEN(o->end);
    memcpy(o->end, ends, o->n * sizeof(*ends));
    return 0;
}

struct asking { /* a pass of the re-driver */
    struct world_rows *r;
    const char *queue_id;
    const struct queue_position *pos;
    size_t n;
    uint32_t undelivered_ms;
    bool idle;
};

static bool consumed(const struct asking *a, const struct queue_end *e)
{
    for (size_t i = 0; i < a->n; i++)
        if (a->pos[i].topic == e->topic && a->pos[i].partition == e->partition)
            return a->pos[i].committed >= e->end;
    return false;
}

static bool spent(const struct asking *a, int64_t offer)
{
    if (!offer)
        return true;
    const struct world_offer *o = &a->r->offers.v[offer - 1];
    bool old = o->made_at < clock_wall(a->r->clock) - a->undelivered_ms;
    if (strcmp(o->queue_id, a->queue_id) != 0)
        return true;
    if (!o->delivered)
        return old;
    if (a->idle && old)
        return true;
    for (size_t i = 0; i < o->n; i++)
        if (!consumed(a, &o->end[i]))
            return false;
    return true;
}

/* Whoever holds the lease works from the rows; what was never offered does not wait for that. */
static bool may_offer(const struct asking *a,
                      const struct ledger_memory_mailbox *m,
                      const struct ledger_memory_link *l)
{
    int64_t offer = a->r->row[m->id][l->person].offer, at = clock_wall(a->r->clock);
    if (m->parked_until > at || !memory_due(a->r->rows, l) || !spent(a, offer))
        return false;
    return m->lease_until <= at || (!offer && memory_may_write(a->r->rows, l));
}

static bool may_clear(const struct asking *a, const struct ledger_memory_mailbox *m)
{
    int64_t offer = a->r->mailbox[m->id].clear_offer, at = clock_wall(a->r->clock);
    if (!m->clear || m->parked_until > at || !spent(a, offer))
        return false;
    return m->lease_until <= at || !offer;
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
    struct world_rows *r = rows_of(s);
    struct asking ask = {r, queue_id, pos, n_pos, undelivered_ms, true};
    struct ledger_memory_link *l;
    (void)max;
    if (world_plan_leads(s, err) < 0)
        return -1;
    for (size_t i = 0; i < n_pos; i++)
        ask.idle &= pos[i].committed >= pos[i].end;
    *n = 0;
    *more = false;
    *ret = arena_alloc(a, WORLD_BOXES * (WORLD_PEOPLE_MAX + 1) * sizeof(**ret));
    for (size_t b = 1; b <= r->n_mailboxes; b++) {
        const struct ledger_memory_mailbox *m = ledger_memory_mailbox(r->rows, (int64_t)b);
        if (may_clear(&ask, m)) {
            r->mailbox[b].clear_offer = offer;
            (*ret)[(*n)++] = (struct plan_offered){m->id, 0, m->gen, true, true};
        }
        for (size_t k = 0; (l = ledger_memory_link_at(r->rows, m->id, k)); k++) {
            if (!may_offer(&ask, m, l))
                continue;
            r->row[b][l->person].offer = offer;
            (*ret)[(*n)++] =
                (struct plan_offered){m->id, l->person, m->gen, l->urgent, !l->want.set};
        }
    }
    return 0;
}

void world_plan_add_offer(struct plan_store_ops *o)
{
    o->offer_make = op_make;
    o->offer_delivered = op_delivered;
    o->redrive = op_redrive;
}
