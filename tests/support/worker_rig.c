/* The rig itself: workers, time, the planner's part. The verdict: rig_verdict.c; pictures:
 * rig_photo.c. */
#include "tests/support/worker_rig.h"

#include <stdio.h>
#include <string.h>

#include "common/base/log.h"
#include "common/base/str.h"

#include "common/core/message.h"
#include "common/drv/ledger_memory_p.h"
#include "common/drv/queue_memory.h"
#include "common/net/loop_host.h"
#include "tests/support/worker_rig_p.h"
#include "worker/worker_p.h"

enum { TICK_MS = 1000, TURNS_MAX = 20000, START_MS = 100, LATENCY_MS = 20 };
static const int64_t day_ms = 24 * 3600 * 1000, epoch_ms = 1764000000000;

struct ledger_memory_rows *rig_rows(struct rig *r)
{
    return r->rows;
}

struct memory_store *rig_server(struct rig *r)
{
    return r->store;
}

int64_t rig_now(const struct rig *r)
{
    return clock_wall(&r->clock.clock);
}

struct rig_box *rig_box(struct rig *r, int64_t mailbox)
{
    vec_foreach (b, &r->boxes) {
        if (b->id == mailbox)
            return b;
    }
    return NULL;
}

struct rig *rig_new(const struct rig_options *o)
{
    struct rig *r = xalloc(sizeof(*r));
    log_init("rig", LOG_LVL_ERROR, false);
    if (o)
        r->o = *o;
    r->o.workers = r->o.workers ? r->o.workers : 1;
    r->o.connections = r->o.connections ? r->o.connections : 4;
    r->o.batch = r->o.batch ? r->o.batch : 50;
    r->o.latency_ms = r->o.latency_ms ? r->o.latency_ms : LATENCY_MS;
    clock_fake_init(&r->clock, epoch_ms);
    r->server = loop_new(&r->clock.clock);
    r->rows = ledger_memory_rows_new(&r->clock.clock);
    if (r->o.server) {
        r->port = r->o.server(r->server, r->o.server_user);
    } else {
        const struct memory_options server = {.latency_ms = r->o.latency_ms, .any_mailbox = true};
        r->store = memory_store_new(r->server, &server);
        r->port = memory_store_port(r->store);
    }
    r->queue = queue_memory_new(r->server);
    r->creates = map_new();
    r->located = map_new();
    r->photos = map_new();
    r->redrive = true;
    r->tick_ms = TICK_MS;
    TAILQ_INIT(&r->wires);
    return r;
}

/* ---- workers ---- */

static struct worker_settings settings(const struct rig *r)
{
    return (struct worker_settings){.connections = r->o.connections,
                                    .lease_ttl_ms = RIG_LEASE_MS,
                                    .lease_margin_ms = RIG_LEASE_MS / 5,
                                    .server_deadline_ms = RIG_DEADLINE_MS,
                                    .hold_ms = RIG_HOLD_MS,
                                    .batch_start = r->o.batch,
                                    .batch_min = 1,
                                    .batch_target_ms = 5000,
                                    .settle_gap_ms = 400,
                                    .look_again_ms = RIG_LOOK_AGAIN_MS,
                                    .recreate = r->o.recreate,
                                    .legacy_quiet_ms = r->o.legacy_quiet_ms,
                                    .pending_max = 1000,
                                    .beat_ms = 30000,
                                    .drain_ms = 8000,
                                    .retry = retry_default_policy};
}

static int64_t own_now(const struct clock *c)
{
    return clock_now(((const struct rig_clock *)c)->from);
}

static int64_t own_wall(const struct clock *c)
{
    const struct rig_clock *own = (const struct rig_clock *)c;
    return clock_wall(own->from) + own->skew_ms;
}

static void start(struct rig *r)
{
    struct rig_worker *w = xalloc(sizeof(*w));
    struct err err;
    w->r = r;
    w->clock = (struct rig_clock){{own_now, own_wall}, &r->clock.clock, 0};
    w->loop = loop_new(&w->clock.base);
    w->metrics = metrics_new();
    rig_tap_store_init(w);
    rig_tap_ledger_init(w);
    rig_tap_queue_init(w);
    const struct worker_parts parts = {.loop = w->loop,
                                       .queue = &w->queue.base,
                                       .ledger = &w->ledger.base,
                                       .store = &w->store.base,
                                       .metrics = w->metrics};
    const struct worker_settings s = settings(r);
    w->worker = worker_new(&parts, &s);
    w->worker->rnd = ++r->started; /* its jitter is the same each time */
    if (worker_start(w->worker, &err) < 0)
        abort(); /* queue_memory always takes us */
    vec_push(&r->workers, w);
}

static void bury(struct rig_worker *w)
{
    w->dead = true;
    worker_free(w->worker);
    rig_tap_ledger_end(w);
    rig_tap_store_end(w);
    rig_tap_queue_end(w);
    metrics_free(w->metrics);
    loop_free(w->loop);
    free(w);
}

void rig_die(struct rig_worker *w)
{
    w->dead = true;
}

void rig_freeze(struct rig_worker *w, uint32_t ms)
{
    w->frozen_until = rig_now(w->r) + ms;
}

static void bury_the_dead(struct rig *r)
{
    for (size_t i = 0; i < r->workers.n;) {
        if (!r->workers.v[i]->dead) {
            i++;
            continue;
        }
        bury(r->workers.v[i]);
        vec_remove(&r->workers, i);
    }
}

static void replace(struct rig *r)
{
    size_t staying = 0;
    vec_foreach (w, &r->workers)
        staying += !(*w)->leaving;
    for (; staying < r->o.workers; staying++)
        start(r);
}

void rig_kill(struct rig_worker *w)
{
    struct rig *r = w->r;
    rig_die(w);
    bury_the_dead(r);
}

void rig_workers(struct rig *r, uint32_t n)
{
    r->o.workers = n;
    for (size_t i = n; i < r->workers.n; i++)
        rig_die(r->workers.v[i]);
    bury_the_dead(r);
    replace(r);
}

struct rig_worker *rig_worker(struct rig *r, size_t i)
{
    return i < r->workers.n ? r->workers.v[i] : NULL;
}

struct worker *rig_worker_of(struct rig_worker *w)
{
    return w->worker;
}

void rig_free(struct rig *r)
{
    if (!r)
        return;
    vec_foreach (w, &r->workers)
        bury(*w);
    vec_release(&r->workers);
    contact_store_free(r->port);
    rig_tap_store_free(r);
    queue_free(r->queue);
    ledger_memory_rows_free(r->rows);
    for (size_t t = 0; t < ARRAY_LEN(r->messages); t++)
        for (size_t p = 0; p < ARRAY_LEN(r->messages[t]); p++)
            vec_release(&r->messages[t][p]);
    vec_release(&r->boxes);
    map_free(r->creates);
    map_free(r->located);
    map_free(r->photos);
    loop_free(r->server);
    free(r);
}

/* ---- faults ---- */

void rig_faults(struct rig *r, rig_decide fn, void *user)
{
    r->decide = fn;
    r->decide_user = user;
}

void rig_fault_first(struct rig *r, const char *what, struct rig_fault f)
{
    r->first = what;
    r->first_fault = f;
}

void rig_count_from_here(struct rig *r)
{
    memset(r->calls, 0, sizeof(r->calls));
    map_free(r->creates);
    r->creates = map_new();
    r->writes = 0;
}

uint64_t rig_calls(const struct rig *r, enum rig_port p)
{
    return r->calls[p];
}

struct rig_fault rig_fault_for(struct rig *r, struct rig_call *c)
{
    c->number = ++r->calls[c->port];
    if (r->first && strcmp(r->first, c->what) == 0) {
        r->first = NULL;
        return r->first_fault;
    }
    return r->decide ? r->decide(c, r->decide_user) : (struct rig_fault){.kind = RIG_NONE};
}

/* ---- the planner ---- */

int64_t rig_mailbox(struct rig *r, const char *address)
{
    int64_t id = ledger_memory_mailbox_add(r->rows, address)->id;
    memory_store_add(r->store, address);
    vec_push(&r->boxes, (struct rig_box){.id = id});
    return id;
}

struct guid rig_key(int person)
{
    return (struct guid){{0xc0, [6] = 0x40, [8] = 0x80, [14] = (uint8_t)((person + 1) >> 8),
                          [15] = (uint8_t)(person + 1)}};
}

static void send(struct rig *r, struct task t, bool urgent)
{
    int64_t mailbox = t.mailbox;
    t.at_ms = rig_now(r);
    guid_random(&t.id);
    autovalue(str_release) struct str value = STR_INIT(TASK_MAX_BYTES);
    task_encode(&t, &value);
    char text[24];
    int n = snprintf(text, sizeof(text), "%lld", (long long)mailbox);
    struct err err;
    struct rig_box *box = rig_box(r, mailbox);
    if (box)
        box->outstanding++;
    if (r->queue->ops->publish(r->queue, urgent ? QUEUE_URGENT : QUEUE_TASKS, text, (size_t)n,
                               value.p, value.n, 0, &err))
        abort(); /* it has room for a million */
}

void rig_message(struct rig *r, int64_t mailbox, int person, int64_t gen, bool urgent)
{
    struct guid key = rig_key(person);
    send(r,
         (struct task){.op = TASK_UPSERT,
                       .mailbox = mailbox,
                       .person = ledger_memory_person(r->rows, &key),
                       .gen = gen},
         urgent);
}

void rig_photo_message(struct rig *r, int64_t mailbox)
{
    const struct ledger_memory_mailbox *row = ledger_memory_mailbox(r->rows, mailbox);
    int64_t gen = row ? row->gen : 0;
    send(r, (struct task){.op = TASK_PHOTO, .mailbox = mailbox, .gen = gen}, false);
}

static void send_clear(struct rig *r, int64_t mailbox)
{
    int64_t gen = ledger_memory_mailbox(r->rows, mailbox)->gen;
    send(r, (struct task){.op = TASK_CLEAR, .mailbox = mailbox, .gen = gen}, true);
}

void rig_clear(struct rig *r, int64_t mailbox)
{
    struct ledger_memory_link *l;
    ledger_memory_mailbox(r->rows, mailbox)->clear = true;
    for (size_t i = 0; (l = ledger_memory_link_at(r->rows, mailbox, i)); i++) {
        ledger_memory_want(r->rows, mailbox, l->person, NULL, NULL);
        l->state = LINK_ACTIVE;
        l->held = false;
        l->retry_at = 0;
    }
    send_clear(r, mailbox);
}

void rig_bytes(struct rig *r, const char *text)
{
    struct err err;
    if (r->queue->ops->publish(r->queue, QUEUE_TASKS, "0", 1, text, strlen(text), 0, &err))
        abort();
}

/* What differs between versions: a number, a title that only odd ones have, a category. */
static void body_of(int person, int version, struct str *out)
{
    char name[32], number[32], title[32];
    struct contact c = {{0}};
    snprintf(name, sizeof(name), "Person %d", person);
    snprintf(number, sizeof(number), "+1555%04d%03d", person, version % 1000);
    snprintf(title, sizeof(title), "Title %d", version);
    c.f[CONTACT_FILE_AS] = c.f[CONTACT_DISPLAY_NAME] = c.f[CONTACT_SURNAME] = name;
    c.f[CONTACT_PHONE_MOBILE] = number;
    if (version % 2)
        c.f[CONTACT_JOB_TITLE] = title;
    contact_encode(&c, out);
}

static struct ledger_memory_link *want(struct rig *r, int64_t mailbox, int person, int version)
{
    struct guid key = rig_key(person);
    int64_t id = ledger_memory_person(r->rows, &key);
    autovalue(str_release) struct str body = STR_INIT(CONTACT_MAX_BYTES);
    body_of(person, version, &body);
    struct ledger_memory_link *l =
        ledger_memory_want(r->rows, mailbox, id, version ? body.p : NULL,
                           version % 3 == 1 ? "Staff" : "Following\nStaff");
    l->retry_at = 0;
    l->attempts = 0;
    ledger_memory_mailbox(r->rows, mailbox)->planned = true;
    return l;
}

struct ledger_memory_link *
rig_want(struct rig *r, int64_t mailbox, int person, int version, bool urgent)
{
    struct ledger_memory_link *l = want(r, mailbox, person, version);
    l->urgent |= urgent;
    rig_message(r, mailbox, person, l->gen, urgent);
    return l;
}

void rig_link_only(struct rig *r, int64_t mailbox, int person, int version)
{
    rig_message(r, mailbox, person, want(r, mailbox, person, version)->gen, false);
}

void rig_redrive(struct rig *r, bool on)
{
    r->redrive = on;
}

/* A message for the first row that is due and on no queue; the worker takes its neighbours with it.
 */
static void redrive(struct rig *r, struct rig_box *b)
{
    const struct ledger_memory_mailbox *row = ledger_memory_mailbox(r->rows, b->id);
    int64_t now = rig_now(r);
    if (b->outstanding || row->lease_until > now || row->parked_until > now)
        return;
    const struct ledger_memory_link *l;
    if (row->clear) {
        send_clear(r, b->id);
        return;
    }
    for (size_t i = 0; (l = ledger_memory_link_at(r->rows, b->id, i)); i++) {
        if (!memory_due(r->rows, l))
            continue;
        const struct guid *key = memory_key(r->rows, l->person);
        rig_message(r, b->id, (key->b[14] << 8 | key->b[15]) - 1, row->gen, l->urgent);
        return;
    }
}

static void tick(struct rig *r)
{
    r->next_tick = rig_now(r) + r->tick_ms;
    if (r->on_tick)
        r->on_tick(r->on_tick_user);
    if (!r->redrive)
        return;
    vec_foreach (b, &r->boxes) {
        redrive(r, b);
        rig_photo_redrive(r, b);
    }
}

/* ---- time ---- */

static bool frozen(const struct rig_worker *w)
{
    return w->frozen_until > rig_now(w->r);
}

/* Nothing waits for descriptors here: a loop without due timers has nothing to do. */
static int turn(struct loop *l)
{
    return loop_next_due_ms(l) == 0 ? loop_turn(l, 0) : 0;
}

/* Everything that can happen now. */
static void turn_all(struct rig *r)
{
    int made = 1, turns = 0;
    while (made) {
        made = turn(r->server);
        vec_foreach (w, &r->workers) {
            if (!frozen(*w))
                made += turn((*w)->loop);
        }
        bury_the_dead(r);
        if (++turns > TURNS_MAX) {
            snprintf(r->wrong, sizeof(r->wrong), "the worker never rests: no time passes");
            return;
        }
    }
}

static int64_t sooner(int64_t a, int64_t due)
{
    return due >= 0 && due < a ? due : a;
}

static int64_t next_step(const struct rig *r)
{
    int64_t now = rig_now(r);
    int64_t ms = sooner(r->next_tick - now, loop_next_due_ms(r->server));
    vec_foreach (w, &r->workers)
        ms = sooner(ms, frozen(*w) ? (*w)->frozen_until - now : loop_next_due_ms((*w)->loop));
    if (r->workers.n < r->o.workers)
        ms = sooner(ms, START_MS);
    return ms > 0 ? ms : 0;
}

static void step(struct rig *r, int64_t end)
{
    turn_all(r);
    int64_t ms = next_step(r), left = end - rig_now(r);
    clock_fake_advance(&r->clock, ms < left ? ms : left);
    if (rig_now(r) >= r->next_tick)
        tick(r);
    replace(r);
}

void rig_run(struct rig *r, int64_t ms)
{
    int64_t end = rig_now(r) + ms;
    replace(r);
    while (rig_now(r) < end && !r->wrong[0])
        step(r, end);
    turn_all(r);
}

static bool lives(const struct rig *r, const struct rig_worker *w)
{
    vec_foreach (it, &r->workers) {
        if (*it == w)
            return true;
    }
    return false;
}

static void on_drained(void *user)
{
    *(bool *)user = true;
}

int64_t rig_drain(struct rig *r, struct rig_worker *w)
{
    bool done = false;
    int64_t from = rig_now(r), end = from + 60000;
    w->leaving = true;
    worker_drain(w->worker, on_drained, &done);
    while (!done && lives(r, w) && rig_now(r) < end && !r->wrong[0]) {
        turn_all(r);
        if (!done)
            step(r, end);
    }
    if (lives(r, w))
        rig_kill(w);
    return done ? rig_now(r) - from : -1;
}

/* ---- quiet ---- */

static bool busy_link(const struct rig *r, const struct ledger_memory_link *l)
{
    return l->intent || l->look_at || memory_may_write(r->rows, l);
}

static bool quiet(struct rig *r)
{
    vec_foreach (b, &r->boxes) {
        const struct ledger_memory_link *l;
        const struct ledger_memory_mailbox *row = ledger_memory_mailbox(r->rows, b->id);
        if (b->outstanding || row->clear || row->lease_until > rig_now(r) || rig_photo_open(r, b))
            return false;
        for (size_t i = 0; (l = ledger_memory_link_at(r->rows, b->id, i)); i++)
            if (busy_link(r, l))
                return false;
    }
    vec_foreach (w, &r->workers) {
        if (frozen(*w) || !worker_idle((*w)->worker))
            return false;
    }
    return TAILQ_EMPTY(&r->wires);
}

const char *rig_finish(struct rig *r)
{
    int64_t end = rig_now(r) + day_ms;
    replace(r);
    turn_all(r);
    while (!r->wrong[0] && rig_now(r) < end && !quiet(r))
        step(r, end);
    if (r->wrong[0])
        return r->wrong;
    if (!quiet(r)) {
        snprintf(r->wrong, sizeof(r->wrong), "not done after a day");
        return r->wrong;
    }
    return rig_wrong(r);
}
