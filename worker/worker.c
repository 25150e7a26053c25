/*
 * Life cycle of a worker: start, heartbeat, drain.
 */
#include "worker/worker.h"

#include <stdio.h>
#include <string.h>

#include "common/base/conf.h"
#include "common/base/guid.h"
#include "common/base/log.h"
#include "common/base/str.h"

#include "worker/dispatch_p.h"
#include "worker/mailbox_p.h"
#include "worker/worker_p.h"

enum { DRAIN_RECORD_MS = 1500 };

int64_t worker_now(const struct worker *w)
{
    return clock_now(loop_clock(w->p.loop));
}

uint32_t worker_random(struct worker *w) /* splitmix64: jitter needs no secrecy */
{
    uint64_t z = w->rnd += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return (uint32_t)(z >> 32);
}

void worker_probe(const struct worker *w, const char *point)
{
    if (w->p.probe)
        w->p.probe(point, w->p.probe_user);
}

void worker_settings_from(const struct conf *c, struct worker_settings *s)
{
    *s = (struct worker_settings){
        .connections = (uint32_t)conf_int(c, "exchange.connections"),
        .endpoint_cap = (uint32_t)conf_int(c, "exchange.endpoint_cap"),
        .lease_ttl_ms = (uint32_t)conf_int(c, "worker.lease"),
        .server_deadline_ms = (uint32_t)conf_int(c, "exchange.server_deadline"),
        .hold_ms = (uint32_t)conf_int(c, "worker.hold"),
        .batch_start = (uint32_t)conf_int(c, "batch.start"),
        .batch_min = (uint32_t)conf_int(c, "batch.min"),
        .batch_target_ms = (uint32_t)conf_int(c, "batch.target"),
        .settle_gap_ms = (uint32_t)conf_int(c, "worker.settle_gap"),
        .look_again_ms = (uint32_t)conf_int(c, "worker.look_again"),
        .recreate = !strcmp(conf_str(c, "on_user_delete"), "recreate"),
        .legacy_quiet_ms = (uint32_t)conf_int(c, "legacy.quiet"),
        .pending_max = (uint32_t)conf_int(c, "worker.pending_messages"),
        .beat_ms = (uint32_t)conf_int(c, "worker.heartbeat"),
        .drain_ms = (uint32_t)conf_int(c, "worker.drain"),
        .retry = retry_default_policy,
    };
    s->lease_margin_ms = s->lease_ttl_ms / 5;
    const char *legacy = conf_str(c, "legacy");
    s->legacy = !strcmp(legacy, "adopt")    ? LEGACY_ADOPT
                : !strcmp(legacy, "ignore") ? LEGACY_IGNORE
                                            : LEGACY_WAIT;
}

struct worker *worker_new(const struct worker_parts *parts, const struct worker_settings *s)
{
    struct worker *w = xalloc(sizeof(*w));
    w->p = *parts;
    w->s = *s;
    w->alive = 1;
    w->mailboxes = map_new();
    w->learned = map_new();
    struct guid g;
    char text[GUID_TEXT];
    guid_random(&g);
    snprintf(w->owner, sizeof(w->owner), "worker-%s", guid_format(&g, text));
    memcpy(&w->rnd, g.b, sizeof(w->rnd));
    w->servers.by_host = map_new();
    observe_init(w);
    return w;
}

void worker_free(struct worker *w)
{
    if (!w)
        return;
    loop_cancel(w->beat);
    loop_cancel(w->drain_timer);
    loop_cancel(w->drain_look);
    map_foreach (it, w->mailboxes)
        mailbox_free(it.value);
    map_free(w->mailboxes);
    dispatch_unlearn(w);
    mailbox_renewals_free(w);
    servers_release(&w->servers);
    for (int line = 0; line < LINES; line++)
        vec_release(&w->ready[line].q);
    loop_cancel(w->pump);
    free(w);
}

/* --- heartbeat ------------------------------------------------------------------------- */

static void beat(void *user);

static void beaten(enum ledger_status st, uint32_t alive, const struct err *err, void *user)
{
    struct worker *w = user;
    (void)err;
    if (st == LEDGER_OK && alive)
        w->alive = alive;
    w->beat = loop_after(w->p.loop, w->s.beat_ms, beat, w);
    observe_gauges(w);
    dispatch_pump(w);
}

static void beat(void *user)
{
    struct worker *w = user;
    w->beat = NULL;
    if (!w->draining)
        w->p.ledger->ops->beat(w->p.ledger, w->owner, w->s.beat_ms * 3, beaten, w);
}

int worker_start(struct worker *w, struct err *err)
{
    if (dispatch_subscribe(w, err) < 0)
        return -1;
    w->subscribed = true;
    beat(w);
    return 0;
}

/* --- drain ----------------------------------------------------------------------------- */

bool worker_idle(const struct worker *w)
{
    return map_count(w->mailboxes) == 0;
}

static void drain_check(void *user);

static void drain_end(void *user)
{
    struct worker *w = user;
    w->drain_timer = NULL;
    if (!worker_idle(w))
        log_warn("stopping with mailboxes in hand; their leases run out",
                 kv("mailboxes", map_count(w->mailboxes)));
    loop_fn done = w->drained;
    w->drained = NULL;
    if (done)
        done(w->drained_user);
}

static void drain_cut(void *user)
{
    struct worker *w = user;
    log_warn("requests still out; their outcome is left unknown", kv("requests", w->sending));
    w->drain_timer = loop_after(w->p.loop, DRAIN_RECORD_MS, drain_end, w);
    w->p.store->ops->cancel(w->p.store);
}

static void drain_check(void *user)
{
    struct worker *w = user;
    w->drain_look = NULL;
    if (!w->drained)
        return;
    if (!worker_idle(w)) {
        w->drain_look = loop_after(w->p.loop, 5, drain_check, w);
        return;
    }
    loop_cancel(w->drain_timer);
    drain_end(w);
}

/* Nothing of these mailboxes is out: those with a lease give it back, the others are simply
 * dropped. */
static void drain_resting(struct worker *w)
{
    map_foreach (it, w->mailboxes) {
        struct mailbox *mb = it.value;
        if (mb->state != MB_QUEUED && mb->state != MB_WAITING)
            continue;
        dispatch_forget(mb);
        mb->waits_for_slot = false;
        loop_cancel(mb->timer);
        mb->timer = NULL;
        if (mb->leased) {
            mailbox_release(mb);
            continue;
        }
        w->active -= mb->state == MB_WAITING;
        mailbox_free(mb);
    }
}

void worker_drain(struct worker *w, loop_fn done, void *user)
{
    w->draining = true;
    w->drained = done;
    w->drained_user = user;
    log_info("stopping", kv("mailboxes", map_count(w->mailboxes)), kv("requests", w->sending));
    dispatch_pump(w);
    drain_resting(w);
    w->drain_timer = loop_after(w->p.loop, w->s.drain_ms, drain_cut, w);
    w->drain_look = loop_after(w->p.loop, 0, drain_check, w);
}

void worker_account_resumed(struct worker *w)
{
    if (!servers_stopped(&w->servers, false))
        return;
    vec_foreach (v, &w->servers.all)
        if ((*v)->breaker.stopped)
            breaker_init(&(*v)->breaker);
    metric_set(w->m.stopped, 0);
    log_info("the Exchange account may be used again");
    dispatch_pump(w);
}

bool worker_ready(const struct worker *w, struct str *why)
{
    if (w->draining)
        str_puts(why, "stopping");
    else if (!w->subscribed)
        str_puts(why, "not subscribed to the queue yet");
    else if (!w->p.ledger->ops->healthy(w->p.ledger))
        str_puts(why, "PostgreSQL is out of reach or its schema is not known");
    else if (w->trouble[0])
        str_addf(why, "queue: %s", w->trouble);
    else if (servers_stopped(&w->servers, true))
        str_addf(why, "Exchange account stopped: %s", w->servers.all.v[0]->breaker.why);
    else
        return true;
    return false;
}
