/*
 * What each mailbox should hold, against its rows: expansion, digest, diff; who left and why;
 * merges; the guard.
 */
#include <stdlib.h>
#include <string.h>

#include "producer/run_p.h"

/* --- expansion and diff ---------------------------------------------------------------- */

static void per_person(struct run *r)
{
    size_t n = r->d->n_people;
    struct sha256 *contents = arena_alloc(r->arena, (n + 1) * sizeof(*contents));
    int64_t *indexes = arena_alloc(r->arena, (n + 1) * sizeof(*indexes));
    for (size_t i = 0; i < n; i++) {
        contents[i] = r->people[i].content;
        indexes[i] = (int64_t)i;
    }
    r->contents = contents;
    r->indexes = indexes;
}

static int expand(struct run *r, struct mailbox_plan *m, const struct wanted **w, struct err *err)
{
    m->n_wants = 0;
    if (!m->sub)
        return 0;
    return expander_run(r->x, m->user, &m->sub->prefs, w, &m->n_wants, err);
}

/* `person` holds the index into the directory; the row id comes at apply. */
static void keep_wants(struct run *r, struct mailbox_plan *m, const struct wanted *w)
{
    m->wants = arena_alloc(r->arena, (m->n_wants + 1) * sizeof(*m->wants));
    expander_wants(r->x, w, m->n_wants, r->contents, r->indexes, m->wants);
}

static int diff(struct run *r, struct mailbox_plan *m, struct err *err)
{
    struct plan_store *st = r->p->store;
    if (m->mailbox && st->ops->links(st, r->arena, m->mailbox, &m->rows, &m->n_rows, err) < 0)
        return -1;
    struct diff_row *rows = arena_alloc(r->arena, (m->n_rows + 1) * sizeof(*rows));
    for (size_t i = 0; i < m->n_rows; i++)
        rows[i] = m->rows[i].row;
    m->diff_rows = rows;
    diff_mailbox(m->wants, m->n_wants, rows, m->n_rows, r->s->delete_old, &m->changes, &m->counts);
    run_kept_drop(m);
    return 0;
}

static int plan_one(struct run *r, struct mailbox_plan *m, struct err *err)
{
    const struct wanted *w = NULL;
    if (expand(r, m, &w, err) < 0)
        return -1;
    expander_digest(r->x, w, m->n_wants, r->contents, &r->fingerprint, &m->digest);
    r->c->wanted += m->n_wants;
    m->unchanged = !m->n_leaving && m->row && m->row->has_digest &&
                   memcmp(&m->row->digest, &m->digest, sizeof(m->digest)) == 0;
    if (m->unchanged) {
        m->counts.wanted = m->counts.same = m->n_wants;
        r->c->unchanged_mailboxes++;
        return 0;
    }
    keep_wants(r, m, w);
    return diff(r, m, err);
}

int run_plan_mailboxes(struct run *r, struct err *err)
{
    per_person(r);
    for (size_t i = 0; i < r->plans.n; i++) {
        if (plan_one(r, &r->plans.v[i], err) < 0)
            return -1;
        if (i % 16 == 0)
            run_progress(r, "planning mailboxes", i, r->plans.n);
    }
    return 0;
}

/* --- who left, and why ----------------------------------------------------------------- */

static bool is_loss(const struct diff_change *ch)
{
    return ch->op != DIFF_WANT && ch->row && ch->row->wanted;
}

static int by_key(const void *x, const void *y)
{
    return guid_cmp(&((const struct leaver *)x)->key, &((const struct leaver *)y)->key);
}

static void collect_leavers(struct run *r)
{
    vec_foreach (m, &r->plans) {
        vec_foreach (ch, &m->changes) {
            if (is_loss(ch) && directory_find_person(r->d, &ch->row->key) < 0)
                vec_push(&r->leavers, (struct leaver){.key = ch->row->key});
        }
    }
    if (r->leavers.n)
        qsort(r->leavers.v, r->leavers.n, sizeof(*r->leavers.v), by_key);
    size_t n = 0;
    for (size_t i = 0; i < r->leavers.n; i++)
        if (!n || by_key(&r->leavers.v[n - 1], &r->leavers.v[i]))
            r->leavers.v[n++] = r->leavers.v[i];
    r->leavers.n = n;
}

const struct leaver *run_find_leaver(const struct run *r, const struct guid *key)
{
    struct leaver probe = {.key = *key};
    if (!r->leavers.n)
        return NULL;
    return bsearch(&probe, r->leavers.v, r->leavers.n, sizeof(probe), by_key);
}

/* Index into wants, -1 absent. */
static long find_want(const struct mailbox_plan *m, const struct guid *key)
{
    size_t lo = 0, hi = m->n_wants;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        int c = guid_cmp(&m->wants[mid].key, key);
        if (c == 0)
            return (long)mid;
        if (c < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return -1;
}

static const struct plan_row *find_row(const struct mailbox_plan *m, const struct guid *key)
{
    size_t lo = 0, hi = m->n_rows;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        int c = guid_cmp(&m->rows[mid].row.key, key);
        if (c == 0)
            return &m->rows[mid];
        if (c < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return NULL;
}

static bool already_rekeyed(const struct mailbox_plan *m, int64_t to)
{
    vec_foreach (k, &m->rekeys)
        if (k->to == to)
            return true;
    return false;
}

/* The merged person's item becomes the survivor's, unless the survivor has one already or a write
 * is open on either. */
static void rekey(struct run *r,
                  struct mailbox_plan *m,
                  const struct diff_row *from,
                  const struct guid *survivor)
{
    long want = find_want(m, survivor);
    const struct plan_row *old = find_row(m, &from->key);
    const struct plan_row *to = find_row(m, survivor);
    if (want < 0 || !from->has_item || old->intent || (to && (to->row.has_item || to->intent)))
        return;
    int64_t person = m->wants[want].person;
    if (already_rekeyed(m, person))
        return;
    vec_push(&m->rekeys, (struct plan_rekey){from->person, person});
    r->c->rekeyed++;
}

int run_plan_leavers(struct run *r, struct err *err)
{
    collect_leavers(r);
    size_t n = r->leavers.n;
    struct guid *keys = arena_alloc(r->arena, (n + 1) * sizeof(*keys));
    struct source_resolved *fates = arena_alloc(r->arena, (n + 1) * sizeof(*fates));
    for (size_t i = 0; i < n; i++)
        keys[i] = r->leavers.v[i].key;
    run_progress(r, "checking who left", 0, n);
    if (n && r->p->source->ops->resolve(r->p->source, keys, n, fates, err) < 0)
        return err_prefix(err, "people who would leave a mailbox could not be read again");
    for (size_t i = 0; i < n; i++)
        r->leavers.v[i].fate = fates[i];
    vec_foreach (m, &r->plans) {
        vec_foreach (ch, &m->changes) {
            const struct leaver *l = is_loss(ch) ? run_find_leaver(r, &ch->row->key) : NULL;
            if (l && l->fate.fate == SOURCE_MERGED)
                rekey(r, m, ch->row, &l->fate.survivor);
        }
    }
    return 0;
}

/* --- guard ----------------------------------------------------------------------------- */

bool run_drop_always(const struct run *r, const struct mailbox_plan *m, const struct guid *key)
{
    long i = directory_find_person(r->d, key);
    if (i >= 0)
        return r->d->people[i].opted_out;
    const struct leaver *l = run_find_leaver(r, key);
    return l && l->fate.fate == SOURCE_MERGED && find_want(m, &l->fate.survivor) >= 0;
}

bool run_drop_counts(const struct run *r, const struct mailbox_plan *m, const struct diff_row *row)
{
    if (!row->wanted || !m->sub) /* a mailbox nobody has any more is counted by users */
        return false;
    if (!m->row || m->row->planned_version != m->sub->version)
        return false; /* the user saved other choices since: their own doing */
    long i = directory_find_person(r->d, &row->key);
    if (i >= 0)
        return !r->d->people[i].deceased && !r->d->people[i].opted_out;
    const struct leaver *l = run_find_leaver(r, &row->key);
    return l && (l->fate.fate == SOURCE_THERE || l->fate.fate == SOURCE_GONE);
}

static int
hold_make(struct run *r, const char *kind, int64_t mailbox, int64_t *ret, struct err *err)
{
    *ret = -1;
    if (r->o->dry)
        return 0;
    return r->p->store->ops->hold_make(r->p->store, kind, mailbox, NULL, r->o->run, ret, err);
}

static int guard_users(struct run *r, const struct plan_totals *t, struct err *err)
{
    if (!guard_exceeded(&r->s->guard.users, r->users_lost, t->users + r->users_lost))
        return 0;
    int64_t hold;
    if (hold_make(r, "users", 0, &hold, err) < 0)
        return -1;
    vec_foreach (m, &r->plans)
        if (!m->sub)
            m->hold = hold;
    return 0;
}

static int guard_mailbox(struct run *r, struct mailbox_plan *m, struct err *err)
{
    size_t fell = m->row ? m->row->fell : 0, synced = m->row ? m->row->synced : 0;
    if (!guard_exceeded(&r->s->guard.mailbox, m->counted + fell, synced + fell))
        return 0;
    return hold_make(r, "mailbox", m->mailbox, &m->hold, err);
}

int run_plan_guard(struct run *r, struct err *err)
{
    struct plan_totals t;
    if (r->p->store->ops->totals(r->p->store, &t, err) < 0)
        return -1;
    size_t all = 0;
    vec_foreach (m, &r->plans) {
        vec_foreach (ch, &m->changes)
            m->counted += ch->op != DIFF_WANT && ch->row && run_drop_counts(r, m, ch->row);
        all += m->counted;
    }
    if (!r->s->delete_old) /* nothing is deleted: nothing to hold */
        return 0;
    if (guard_users(r, &t, err) < 0)
        return -1;
    int64_t total_hold = 0;
    if (all && guard_exceeded(&r->s->guard.total, all + t.fell, t.synced + t.fell) &&
        hold_make(r, "total", 0, &total_hold, err) < 0)
        return -1;
    vec_foreach (m, &r->plans) {
        if (!m->counted)
            continue;
        if (total_hold)
            m->hold = total_hold;
        else if (guard_mailbox(r, m, err) < 0)
            return -1;
    }
    return 0;
}
