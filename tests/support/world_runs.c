/*
 * Leaders and runs, merged users, what is kept, and what is done by hand, over rows in memory: see
 * plan_store_pg_run.c, plan_store_pg_users.c, plan_store_pg_people.c, hand_pg.c, report_audit.c.
 */
#include <string.h>

#include "common/drv/ledger_memory_p.h"
#include "tests/support/world_p.h"

static struct world_rows *rows_of(struct plan_store *s)
{
    return ((struct world_plan *)s)->r;
}

/* ---- who leads ---- */

static int op_lead(struct plan_store *s, bool *ret, struct err *err)
{
    struct world_plan *p = (struct world_plan *)s;
    struct world_rows *r = p->r;
    (void)err;
    if (!r->leader) {
        r->leader = s;
        p->epoch = ++r->plan_epoch;
    }
    *ret = r->leader == s;
    return 0;
}

/* ---- runs ---- */

static int op_request(struct plan_store *s,
                      const char *trigger,
                      const struct guid *person_key,
                      bool urgent,
                      int64_t *ret_id,
                      struct err *err)
{
    struct world_rows *r = rows_of(s);
    struct world_asked run = {.one_user = person_key != NULL, .urgent = urgent};
    (void)trigger, (void)err;
    if (person_key)
        run.key = *person_key;
    vec_push(&r->asked, run);
    *ret_id = (int64_t)r->asked.n;
    return 0;
}

static int
op_next(struct plan_store *s, struct arena *a, struct plan_run *ret, bool *found, struct err *err)
{
    struct world_rows *r = rows_of(s);
    (void)a;
    *found = false;
    if (world_plan_leads(s, err) < 0)
        return -1;
    for (size_t i = 0; i < r->asked.n; i++) {
        struct world_asked *run = &r->asked.v[i];
        if (run->state == WORLD_RUNNING) /* left by a former leader */
            run->state = WORLD_FAILED;
        if (run->state != WORLD_ASKED || *found)
            continue;
        run->state = WORLD_RUNNING;
        *ret = (struct plan_run){.id = (int64_t)i + 1,
                                 .trigger = "cli",
                                 .one_user = run->one_user,
                                 .urgent = run->urgent,
                                 .person_key = run->key};
        *found = true;
    }
    return 0;
}

static int op_progress(struct plan_store *s,
                       int64_t run,
                       const char *phase,
                       int64_t done,
                       int64_t total,
                       struct err *err)
{
    (void)run, (void)phase, (void)done, (void)total;
    return world_plan_leads(s, err);
}

static int op_finish(struct plan_store *s,
                     int64_t run,
                     bool success,
                     const char *message,
                     const char *counts_json,
                     struct err *err)
{
    (void)message, (void)counts_json;
    if (world_plan_leads(s, err) < 0)
        return -1;
    rows_of(s)->asked.v[run - 1].state = success ? WORLD_DONE : WORLD_FAILED;
    return 0;
}

/* ---- the rest of a leader's work ---- */

static int op_oldest_dirty(struct plan_store *s, int64_t *ret_age_ms, struct err *err)
{
    (void)s, (void)err;
    *ret_age_ms = 0;
    return 0;
}

static int op_sweep(struct plan_store *s, uint32_t journal_days, struct err *err)
{
    (void)journal_days;
    return world_plan_leads(s, err);
}

/* ---- merged users ---- */

static int
op_merge(struct plan_store *s, const struct guid *from, const struct guid *to, struct err *err)
{
    struct world_rows *r = rows_of(s);
    if (world_plan_leads(s, err) < 0)
        return -1;
    int user = church_soul_of(to);
    struct world_subscriber *old = &r->subscriber[church_soul_of(from)];
    struct world_subscriber *sub = &r->subscriber[user];
    if (!sub->there) {
        *sub = *old;
        sub->row.id = user + 1;
        sub->row.person_key = *to;
        sub->row.version = 1;
        sub->row.mailbox = 0;
        sub->row.state = "ok";
        sub->lost_at = 0;
    }
    if (old->row.mailbox)
        ledger_memory_mailbox(r->rows, old->row.mailbox)->planned = false;
    old->row.state = "merged";
    old->row.mailbox = old->lost_at = 0;
    return 0;
}

/* ---- what is kept ---- */

static bool among(int64_t id, const int64_t *ids, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (ids[i] == id)
            return true;
    return false;
}

static int by_mailbox_and_key(const void *x, const void *y)
{
    const struct plan_kept *a = x, *b = y;
    if (a->mailbox != b->mailbox)
        return a->mailbox < b->mailbox ? -1 : 1;
    return guid_cmp(&a->key, &b->key);
}

static int op_kept(struct plan_store *s,
                   struct arena *a,
                   const int64_t *ids,
                   size_t n_ids,
                   struct plan_kept **ret,
                   size_t *n,
                   struct err *err)
{
    struct world_rows *r = rows_of(s);
    const struct ledger_memory_link *l;
    (void)err;
    *ret = arena_alloc(a, (WORLD_BOXES * WORLD_PEOPLE_MAX + 1) * sizeof(**ret));
    *n = 0;
    for (size_t m = 1; m <= r->n_mailboxes; m++)
        for (size_t k = 0; (l = ledger_memory_link_at(r->rows, (int64_t)m, k)); k++)
            if (l->state == LINK_KEPT && among(r->person[l->person].rock_id, ids, n_ids))
                (*ret)[(*n)++] = (struct plan_kept){(int64_t)m, *memory_key(r->rows, l->person)};
    qsort(*ret, *n, sizeof(**ret), by_mailbox_and_key);
    return 0;
}

void world_plan_add_runs(struct plan_store_ops *o)
{
    o->lead = op_lead;
    o->run_request = op_request;
    o->run_next = op_next;
    o->run_progress = op_progress;
    o->run_finish = op_finish;
    o->oldest_dirty_ms = op_oldest_dirty;
    o->sweep = op_sweep;
    o->subscriber_merge = op_merge;
    o->kept = op_kept;
}

/* ---- Clear and Remove ---- */

static void clear_link(struct world_rows *r, struct ledger_memory_link *l, int64_t gen)
{
    struct world_row *x = &r->row[l->mailbox][l->person];
    *x = (struct world_row){0};
    l->want.set = l->held = l->dead = false;
    l->state = LINK_ACTIVE;
    l->urgent = true;
    l->retry_at = 0;
    l->attempts = 0;
    l->gen = gen;
}

bool world_rows_clear(struct world_rows *r, int64_t mailbox)
{
    struct ledger_memory_mailbox *m = ledger_memory_mailbox(r->rows, mailbox);
    struct ledger_memory_link *l;
    bool blank = false;
    for (size_t i = 0; i < CHURCH_USERS; i++) {
        struct world_subscriber *sub = &r->subscriber[i];
        if (!sub->there || sub->row.mailbox != mailbox)
            continue;
        sub->row.version++;
        sub->row.prefs = (struct prefs){.groups = sub->groups};
        blank = true;
    }
    m->gen++;
    for (size_t k = 0; (l = ledger_memory_link_at(r->rows, mailbox, k)); k++)
        clear_link(r, l, m->gen);
    m->planned = false;
    m->clear = true;
    r->mailbox[mailbox].clear_offer = 0;
    return blank;
}

/* ---- what was hidden, what is to be listed again ---- */

uint32_t world_rows_unhide(struct world_rows *r, int64_t mailbox)
{
    struct ledger_memory_link *l;
    uint32_t souls = 0;
    for (size_t k = 0; (l = ledger_memory_link_at(r->rows, mailbox, k)); k++) {
        if (l->state != LINK_HIDDEN)
            continue;
        l->state = LINK_ACTIVE;
        l->urgent = true;
        l->retry_at = 0;
        l->attempts = 0;
        r->row[mailbox][l->person].offer = 0;
        souls |= 1u << church_soul_of(memory_key(r->rows, l->person));
    }
    return souls;
}

void world_rows_audit(struct world_rows *r, int64_t mailbox)
{
    struct ledger_memory_link *l, *one = NULL;
    ledger_memory_mailbox(r->rows, mailbox)->verified = 0;
    for (size_t k = 0; (l = ledger_memory_link_at(r->rows, mailbox, k)); k++)
        if (l->state == LINK_ACTIVE && (!one || (l->have.set && !one->have.set)))
            one = l;
    if (!one)
        return;
    one->look_at = clock_wall(r->clock);
    one->retry_at = 0;
}
