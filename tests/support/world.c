/* A world's life: time, producers, coming to rest. */
#include "tests/support/world.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "common/core/message.h"
#include "tests/support/world_p.h"

enum {
    REST_TICK_MS = 20000,
    REST_MS = 24 * 3600 * 1000,
    STEP_MS = 60000,
    REDRIVE_MS = 1000,
    BACK_MS = 10000, /* until the last who waited for the rows has asked again */
    SWEEP_MS = 3600 * 1000,
    CALM_MS = 11 * 60 * 1000, /* beyond what clocks are off */
    PASSES_MAX = 8
};

int64_t world_now(const struct world *w)
{
    return rig_now(w->r);
}

int64_t world_mailbox_of(struct world *w, int box)
{
    char address[32];
    church_address(box, address);
    if (w->pg)
        return world_pg_mailbox(w->pg, address);
    for (size_t m = 1; m <= w->rows.n_mailboxes; m++)
        if (strcasecmp(ledger_memory_mailbox(w->rows.rows, (int64_t)m)->address, address) == 0)
            return (int64_t)m;
    return 0;
}

/* ---- producers ---- */

static void start_producer(struct world *w, int i)
{
    struct world_producer *p = &w->producer[i];
    const struct run_parts parts = {w->r->server, &p->plan.base, &p->source.base, &p->queue.base};
    p->metrics = metrics_new();
    p->it = producer_new(&parts, &w->settings, p->metrics);
}

static void end_producer(struct world *w, int i)
{
    struct world_producer *p = &w->producer[i];
    producer_free(p->it);
    metrics_free(p->metrics);
    if (!w->pg)
        plan_store_free(p->plan.inner);
}

void world_revive(struct world *w, int i)
{
    struct world_producer *p = &w->producer[i];
    end_producer(w, i);
    p->plan.inner = w->pg ? world_pg_plan(w->pg, i) : world_plan_new(&w->rows);
    p->dead = false;
    start_producer(w, i);
}

/* Whoever leads loses the rows' lock, as by a failover; then i asks for it. */
static void world_lead(struct world *w, int i)
{
    struct world_producer *p = &w->producer[i];
    struct plan_store *rows = p->plan.inner;
    bool leads = false;
    struct err err;
    if (rows->ops->lead(rows, &leads, &err) == 0 && leads)
        return;
    if (w->pg)
        world_pg_end_leader(w->pg);
    w->rows.leader = NULL;
    (void)!rows->ops->lead(rows, &leads, &err);
}

static void forget_faults(struct world_producer *p)
{
    p->running = p->read_failed = false;
    p->die_at = p->takeover_at = p->slow_ms = p->stale = 0;
    p->unread = WORLD_READS;
}

static void step(struct world *w, int i)
{
    struct world_producer *p = &w->producer[i];
    w->depth++;
    p->running = true;
    p->calls = 0;
    (void)producer_step(p->it);
    w->depth--;
    forget_faults(p);
    if (p->dead)
        world_revive(w, i);
}

static bool succeeded(struct world *w, int64_t run)
{
    if (w->pg)
        return world_pg_run_done(w->pg, run);
    return w->rows.asked.v[run - 1].state == WORLD_DONE;
}

bool world_produce(struct world *w, int i, int user)
{
    struct world_producer *p = &w->producer[i];
    struct plan_store *rows = p->plan.inner;
    struct guid key = church_key(user < 0 ? 0 : user);
    int64_t run;
    struct err err;
    if (p->running)
        return false;
    if (w->pg)
        world_pg_tell_time(w->pg);
    if (rows->ops->run_request(rows, "cli", user < 0 ? NULL : &key, user >= 0, &run, &err) < 0)
        return false;
    world_lead(w, i);
    step(w, i);
    bool ok = succeeded(w, run);
    w->seen[WORLD_SAW_RUN_FAILED] += !ok;
    return ok;
}

/* Both programs go on, but for one that is in the midst of something. */
static void on_tick(void *user)
{
    struct world *w = user;
    if (w->rows_away_until < world_now(w) - BACK_MS)
        w->r->away_since = 0;
    for (int i = 0; i < WORLD_PRODUCERS; i++)
        if (!w->producer[i].running)
            step(w, i);
    world_watch_clears(w);
}

/* ---- faults ---- */

static bool strikes(struct world *w, enum rig_port port, struct rig_fault *ret)
{
    bool hit = false;
    for (size_t i = 0; i < w->n_armed;) {
        struct world_armed *a = &w->armed[i];
        if (a->port != port || a->left-- > 0) {
            i++;
            continue;
        }
        if (hit) { /* one at a time: the next call then */
            a->left = 0;
            i++;
            continue;
        }
        *ret = a->fault;
        w->seen[port == RIG_STORE ? WORLD_SAW_STORE_FAULT : WORLD_SAW_LEDGER_FAULT]++;
        w->seen[WORLD_SAW_LATE] += ret->kind == RIG_LATE || ret->kind == RIG_STOP_LATE;
        hit = true;
        w->armed[i] = w->armed[--w->n_armed];
    }
    return hit;
}

static bool falls_asleep(struct world *w, const char *call)
{
    bool records = strcmp(call, "record") == 0 || strcmp(call, "photo_record") == 0;
    return w->sleep_ms && records && w->sleep_after-- == 0;
}

struct rig_fault world_fault(const struct rig_call *c, void *world)
{
    struct world *w = world;
    struct rig_fault f = {.kind = RIG_NONE};
    world_watch_clears(w);
    if (w->calm)
        return f;
    if (c->port == RIG_LEDGER && falls_asleep(w, c->what)) {
        f = (struct rig_fault){.kind = RIG_ASLEEP, .delay_ms = w->sleep_ms};
        w->sleep_ms = 0;
        return f;
    }
    if (strikes(w, c->port, &f)) {
        bool picture = strncmp(c->what, "photo", strlen("photo")) == 0;
        w->seen[WORLD_SAW_PICTURE_FAULT] += picture;
        w->seen[WORLD_SAW_PICTURE_LATE] +=
            picture && (f.kind == RIG_LATE || f.kind == RIG_STOP_LATE);
        return f;
    }
    if (c->port == RIG_LEDGER && w->rows_away_until > world_now(w))
        f.kind = RIG_AWAY_BEFORE;
    return f;
}

/* Nobody waits for a picture, so nobody notices that its message is gone: after each run at rest
 * the first one of each mailbox is. */
static bool loses_picture(struct world *w, const struct queue_message *m)
{
    struct task t;
    struct err err;
    if (!w->calm || task_decode(m->value, m->value_len, &t, &err) < 0 || t.op != TASK_PHOTO)
        return false;
    bool first = !(w->lost_pictures >> t.mailbox & 1);
    w->lost_pictures |= 1u << t.mailbox;
    return first;
}

static enum rig_delivery_fault on_delivery(const struct queue_message *m, void *world)
{
    struct world *w = world;
    if (m->at_ms <= w->queue_lost_at || loses_picture(w, m))
        return RIG_LOST;
    if (w->calm || !w->message.how || w->message.left-- > 0)
        return RIG_DELIVERED;
    uint32_t how = w->message.how - 1;
    w->message.how = 0;
    w->seen[WORLD_SAW_MESSAGE_FAULT]++;
    return how == 0 ? RIG_LOST : how == 1 ? RIG_TWICE : RIG_OUT_OF_ORDER;
}

/* ---- coming to rest ---- */

static bool link_busy(const struct world *w, struct ledger_memory_link *l)
{
    return l->intent || l->look_at || memory_may_write(w->rows.rows, l);
}

static bool rows_quiet(struct world *w)
{
    struct ledger_memory_link *l;
    if (w->pg)
        return world_pg_quiet(w->pg);
    for (size_t m = 1; m <= w->rows.n_mailboxes; m++) {
        const struct ledger_memory_mailbox *row = ledger_memory_mailbox(w->rows.rows, (int64_t)m);
        if (row->lease_until > world_now(w) || row->clear)
            return false;
        for (size_t k = 0; (l = ledger_memory_link_at(w->rows.rows, (int64_t)m, k)); k++)
            if (link_busy(w, l))
                return false;
    }
    return true;
}

static bool quiet(struct world *w)
{
    vec_foreach (it, &w->r->workers) {
        if (!worker_idle((*it)->worker))
            return false;
    }
    return TAILQ_EMPTY(&w->r->wires) && rows_quiet(w);
}

/* What was refused for good is tried again, as an operator would have it. */
static size_t replay_dead(struct world *w)
{
    size_t n = 0;
    struct ledger_memory_link *l;
    for (size_t m = 1; m <= w->rows.n_mailboxes; m++) {
        for (size_t k = 0; (l = ledger_memory_link_at(w->rows.rows, (int64_t)m, k)); k++) {
            n += l->dead;
            l->dead = false;
        }
    }
    return n;
}

size_t world_approve(struct world *w)
{
    size_t n = w->pg ? world_pg_approve(w->pg) : world_rows_approve(&w->rows) + replay_dead(w);
    w->seen[WORLD_SAW_APPROVED] += (uint32_t)n;
    return n;
}

static bool held(const struct world *w)
{
    struct ledger_memory_link *l;
    if (w->pg)
        return world_pg_held(w->pg);
    for (size_t m = 1; m <= w->rows.n_mailboxes; m++)
        for (size_t k = 0; (l = ledger_memory_link_at(w->rows.rows, (int64_t)m, k)); k++)
            if (l->held)
                return true;
    return false;
}

static bool rest(struct world *w)
{
    int64_t end = world_now(w) + REST_MS;
    while (!quiet(w) && world_now(w) < end && !w->r->wrong[0])
        rig_run(w->r, STEP_MS);
    return quiet(w) || world_bad(w, "not done after a day");
}

/* Rock may have refused one, which is asked for again after hours. */
static bool rest_pictures(struct world *w)
{
    int64_t end = world_now(w) + REST_MS;
    while (!world_pictured(w) && world_now(w) < end && !w->wrong[0] && !w->r->wrong[0])
        rig_run(w->r, STEP_MS);
    return rest(w);
}

static void calm_down(struct world *w)
{
    w->calm = true;
    w->n_armed = 0;
    w->sleep_ms = 0;
    w->rows_away_until = w->queue_away_until = 0;
    w->r->tick_ms = REST_TICK_MS;
    bool more = true;
    for (int pass = 0; more && pass < PASSES_MAX && !w->wrong[0]; pass++) {
        rig_run(w->r, CALM_MS);
        more = world_approve(w) > 0;
        w->lost_pictures = 0;
        more |= !world_produce(w, 0, -1);
        if (!rest(w))
            return;
        more |= held(w) || !pass;
    }
    if (!more && !rest_pictures(w))
        return;
    if (more)
        world_bad(w, "still something to approve after %d runs", PASSES_MAX);
}

/* ---- life ---- */

static struct contact_store *server_of(struct loop *l, void *user)
{
    struct world *w = user;
    w->x = exchange_new(l, w->s->latency_ms);
    exchange_judged_by(w->x, world_judge, world_judge_photo, w);
    return exchange_port(w->x);
}

static struct ledger *open_pg(struct loop *l, void *user)
{
    return world_pg_ledger(l, ((struct world *)user)->pg);
}

static void open_world(struct world *w, bool pg)
{
    struct rig_options o = {.workers = w->s->workers,
                            .connections = w->s->connections,
                            .batch = w->s->batch,
                            .latency_ms = w->s->latency_ms,
                            .server = server_of,
                            .server_user = w};
    if (pg) {
        o.ledger = open_pg;
        o.ledger_lose = world_pg_lose;
        o.ledger_fence = world_pg_fence;
        o.ledger_user = w;
    }
    w->r = rig_new(&o);
    if (pg)
        w->pg = world_pg_new(&w->r->clock.clock);
    w->r->on_tick = on_tick;
    w->r->on_tick_user = w;
    w->r->on_delivery = on_delivery;
    w->r->on_delivery_user = w;
    rig_redrive(w->r, false);
    rig_faults(w->r, world_fault, w);
    w->rows.rows = pg ? NULL : rig_rows(w->r);
    w->rows.clock = &w->r->clock.clock;
    w->settings = (struct producer_settings){.run = {.delete_old = true,
                                                     .photos = true,
                                                     .expand.categories = true,
                                                     .guard = {.mailbox = {3, 10},
                                                               .total = {5, 5},
                                                               .users = {1, 10},
                                                               .emptied = {2, 5}}},
                                             .redrive_ms = REDRIVE_MS,
                                             .undelivered_ms = WORLD_UNDELIVERED_MS,
                                             .sweep_ms = SWEEP_MS,
                                             .journal_days = 1};
    snprintf(w->queue_id, sizeof(w->queue_id), "queue-0");
    for (int i = 0; i < CHURCH_SOULS; i++)
        w->church.soul[i] = (struct church_soul){.merged_into = CHURCH_NOBODY,
                                                 .eligible = i < CHURCH_USERS,
                                                 .address = i < CHURCH_USERS,
                                                 .phone = i + 1,
                                                 .staff = i % 5 == 0,
                                                 .groups = (uint8_t)(i % 4)};
    for (int i = 0; i < WORLD_PRODUCERS; i++) {
        world_taps_init(w, i);
        start_producer(w, i);
    }
}

static void close_world(struct world *w)
{
    rig_free(w->r);
    for (int i = 0; i < WORLD_PRODUCERS; i++)
        end_producer(w, i);
    world_pg_free(w->pg);
    world_rows_release(&w->rows);
    vec_release(&w->m.losses);
    free(w);
}

const char *world_sight_text(enum world_sight s)
{
    static const char *const texts[] = {
#define X(n, what) what,
        WORLD_SIGHTS(X)
#undef X
    };
    return texts[s];
}

static void count_pictures(struct world *w)
{
    const struct exchange_counts *c = exchange_counts(w->x);
    w->seen[WORLD_SAW_PICTURE_PUT] = c->put;
    w->seen[WORLD_SAW_PICTURE_OFF] = c->off;
    w->seen[WORLD_SAW_PICTURE_OWN] = c->own;
    w->seen[WORLD_SAW_PICTURE_REFUSED] = c->refused;
    w->seen[WORLD_SAW_PICTURE_CROSSED] = c->crossed;
}

void world_run(const struct world_schedule *s, bool pg, struct world_found *ret)
{
    struct world *w = xalloc(sizeof(*w));
    w->s = s;
    open_world(w, pg);
    for (size_t i = 0; i < s->n && !w->wrong[0] && !w->r->wrong[0]; i++)
        world_do(w, &s->v[i]);
    calm_down(w);
    if (w->r->wrong[0])
        world_bad(w, "%s", w->r->wrong);
    if (exchange_wrong(w->x))
        world_bad(w, "%s", exchange_wrong(w->x));
    if (rig_early_acks(w->r))
        world_bad(w, "%zu messages acked before their rows were done", rig_early_acks(w->r));
    if (!w->wrong[0])
        world_verdict(w);
    memcpy(ret->text, w->wrong, sizeof(ret->text));
    w->seen[WORLD_SAW_ZOMBIE] = (uint32_t)w->r->zombies;
    count_pictures(w);
    memcpy(ret->seen, w->seen, sizeof(ret->seen));
    ret->calls = rig_calls(w->r, RIG_STORE) + rig_calls(w->r, RIG_LEDGER);
    close_world(w);
}
