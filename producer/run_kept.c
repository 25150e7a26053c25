/*
 * Contacts that were kept (Delete Old Contacts is off) although their person fell out. They go all
 * the same once that person opts out (design section 11). No plan wants them and no digest covers
 * them, so neither shows it: those who opted out are looked for among the kept.
 */
#include <stdlib.h>

#include "producer/run_p.h"

static int by_id(const void *x, const void *y)
{
    int64_t a = *(const int64_t *)x, b = *(const int64_t *)y;
    return a < b ? -1 : a > b;
}

/* Those of the snapshot, and those that only the source's own list names. */
static int64_t *opted_out(struct run *r, size_t *ret_n)
{
    const struct directory *d = r->d;
    int64_t *ids = arena_alloc(r->arena, (d->n_people + d->n_opted_out + 1) * sizeof(*ids));
    size_t n = 0;
    for (size_t i = 0; i < d->n_people; i++)
        if (d->people[i].opted_out)
            ids[n++] = d->people[i].rock_id;
    for (size_t i = 0; i < d->n_opted_out; i++)
        ids[n++] = d->opted_out[i];
    if (n)
        qsort(ids, n, sizeof(*ids), by_id);
    *ret_n = n;
    return ids;
}

static void give(struct run *r, const struct plan_kept *kept, size_t n)
{
    for (size_t i = 0, end; i < n; i = end) {
        for (end = i; end < n && kept[end].mailbox == kept[i].mailbox;)
            end++;
        vec_foreach (m, &r->plans) {
            if (m->mailbox != kept[i].mailbox)
                continue;
            m->leaving = kept + i;
            m->n_leaving = end - i;
        }
    }
}

int run_kept_leaving(struct run *r, struct err *err)
{
    struct plan_store *st = r->p->store;
    struct plan_kept *kept;
    size_t n_ids, n;
    if (r->s->delete_old || !st->ops->kept)
        return 0;
    const int64_t *ids = opted_out(r, &n_ids);
    if (!n_ids)
        return 0;
    if (st->ops->kept(st, r->arena, ids, n_ids, &kept, &n, err) < 0)
        return -1;
    give(r, kept, n);
    return 0;
}

static const struct plan_kept *leaves(const struct mailbox_plan *m, const struct guid *key)
{
    for (size_t i = 0; i < m->n_leaving; i++)
        if (guid_cmp(&m->leaving[i].key, key) == 0)
            return &m->leaving[i];
    return NULL;
}

void run_kept_drop(struct mailbox_plan *m)
{
    for (size_t i = 0; m->n_leaving && i < m->n_rows; i++) {
        const struct diff_row *row = &m->diff_rows[i];
        if (row->state != LINK_KEPT || !leaves(m, &row->key))
            continue;
        vec_push(&m->changes, (struct diff_change){.op = DIFF_DROP, .row = row});
        m->counts.dropped++;
    }
}
