/* plan_store_fake_run: leadership among the ports of a fake, runs, and what is kept. */
#include <string.h>

#include "common/base/clock.h"

#include "tests/support/plan_store_fake.h"

static struct plan_store_fake *self(struct plan_store *s)
{
    return ((struct plan_store_fake *)s)->rows;
}

static int leads(struct plan_store *s, const char *name, struct err *err)
{
    struct plan_store_fake *f = self(s);
    f->calls++;
    if (f->fail && strcmp(f->fail, name) == 0) {
        f->fail = NULL;
        return err_set(err, SCOPE_REMOTE, WHEN_LATER, "fake.fail", "%s fails by plan", name);
    }
    if (f->leader != s)
        return err_set(err, SCOPE_PROCESS, WHEN_LATER, "plan.deposed", "another one leads");
    return 0;
}

static int op_lead(struct plan_store *s, bool *ret, struct err *err)
{
    struct plan_store_fake *f = self(s);
    (void)err;
    if (!f->leader)
        f->leader = s;
    *ret = f->leader == s;
    return 0;
}

static int op_request(struct plan_store *s,
                      const char *trigger,
                      const struct guid *person_key,
                      bool urgent,
                      int64_t *ret_id,
                      struct err *err)
{
    struct plan_store_fake *f = self(s);
    (void)person_key, (void)urgent, (void)err;
    vec_push(&f->runs, (struct fake_run){.trigger = arena_strdup(f->a, trigger)});
    *ret_id = (int64_t)f->runs.n;
    return 0;
}

static int op_fire(struct plan_store *s, int64_t fire_s, bool *ret_made, struct err *err)
{
    struct plan_store_fake *f = self(s);
    if (leads(s, "run_fire", err) < 0)
        return -1;
    *ret_made = false;
    vec_foreach (r, &f->runs) {
        if (r->fire_s == fire_s)
            return 0;
    }
    vec_push(&f->runs, (struct fake_run){.trigger = "cron", .fire_s = fire_s});
    *ret_made = true;
    return 0;
}

static int
op_next(struct plan_store *s, struct arena *a, struct plan_run *ret, bool *found, struct err *err)
{
    struct plan_store_fake *f = self(s);
    (void)a;
    *found = false;
    if (leads(s, "run_next", err) < 0)
        return -1;
    for (size_t i = 0; i < f->runs.n; i++) {
        struct fake_run *r = &f->runs.v[i];
        if (r->state == FAKE_RUNNING)
            r->state = FAKE_FAILED;
        if (r->state != FAKE_REQUESTED || *found)
            continue;
        r->state = FAKE_RUNNING;
        r->by = s;
        r->started_ms = clock_wall(f->clock);
        *ret = (struct plan_run){.id = (int64_t)i + 1, .trigger = r->trigger};
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
    return leads(s, "run_progress", err);
}

static int op_finish(struct plan_store *s,
                     int64_t run,
                     bool success,
                     const char *message,
                     const char *counts_json,
                     struct err *err)
{
    (void)message, (void)counts_json;
    if (leads(s, "run_finish", err) < 0)
        return -1;
    self(s)->runs.v[run - 1].state = success ? FAKE_SUCCESS : FAKE_FAILED;
    return 0;
}

static int op_oldest_dirty(struct plan_store *s, int64_t *ret_age_ms, struct err *err)
{
    (void)s, (void)err;
    *ret_age_ms = 0;
    return 0;
}

static int op_sweep(struct plan_store *s, uint32_t journal_days, struct err *err)
{
    (void)journal_days;
    return leads(s, "sweep", err);
}

static bool op_healthy(struct plan_store *s)
{
    (void)s;
    return true;
}

static int op_kept(struct plan_store *s,
                   struct arena *a,
                   const int64_t *ids,
                   size_t n_ids,
                   struct plan_kept **ret,
                   size_t *n,
                   struct err *err)
{
    struct plan_store_fake *f = self(s);
    (void)err;
    f->calls++;
    *ret = arena_alloc(a, (f->links.n * n_ids + 1) * sizeof(**ret));
    *n = 0;
    for (int64_t box = 1; box <= (int64_t)f->mailboxes.n; box++) {
        vec_foreach (l, &f->links) {
            const struct fake_person *p = &f->persons.v[l->person - 1];
            for (size_t i = 0; i < n_ids && l->state == LINK_KEPT && l->mailbox == box; i++)
                if (p->rock_id == ids[i])
                    (*ret)[(*n)++] = (struct plan_kept){box, p->key};
        }
    }
    return 0;
}

void plan_store_fake_add_run(struct plan_store_ops *o)
{
    o->lead = op_lead;
    o->run_request = op_request;
    o->run_fire = op_fire;
    o->run_next = op_next;
    o->run_progress = op_progress;
    o->run_finish = op_finish;
    o->oldest_dirty_ms = op_oldest_dirty;
    o->sweep = op_sweep;
    o->healthy = op_healthy;
    o->kept = op_kept;
}

struct fake_peer { /* what self() reads of a port */
    struct plan_store base;
    struct plan_store_fake *rows;
};

struct plan_store *plan_store_fake_peer(struct plan_store_fake *f)
{
    struct fake_peer *p = xalloc(sizeof(*p));
    p->base.ops = f->base.ops;
    p->rows = f;
    return &p->base;
}

void plan_store_fake_kill(struct plan_store_fake *f, const struct plan_store *port)
{
    if (f->leader == port)
        f->leader = NULL;
}
