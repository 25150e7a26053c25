/*
 * What an operator sees of a worker: metrics and the debug page.
 */
#include "common/base/log.h"
#include "common/base/str.h"

#include "worker/dispatch_p.h"
#include "worker/mailbox_p.h"
#include "worker/worker_p.h"

static const double seconds[] = {0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60};

void observe_init(struct worker *w)
{
    struct metrics *m = w->p.metrics;
    struct worker_series *s = &w->m;
    s->messages = metrics_counter(m, "contact_sync_messages_total", "Task messages taken.");
    s->bad_messages = metrics_counter(m, "contact_sync_bad_messages_total",
                                      "Messages that could not be read and were set aside.");
    s->fenced = metrics_counter(m, "contact_sync_fenced_total",
                                "Times a lease was found gone before something was done under it.");
    s->settled = metrics_counter(m, "contact_sync_settled_total",
                                 "Links whose unknown state was settled by listing keys.");
    s->outcomes = metrics_family(m, METRIC_COUNTER, "contact_sync_items_total",
                                 "Items by operation and outcome.", "op", "outcome", NULL, 0);
    s->photos = metrics_family(m, METRIC_COUNTER, "contact_sync_photos_total",
                               "Pictures of contacts by outcome.", "outcome", NULL, NULL, 0);
    s->calls = metrics_family(m, METRIC_COUNTER, "contact_sync_exchange_calls_total",
                              "Requests to Exchange by kind.", "call", NULL, NULL, 0);
    s->parked = metrics_family(m, METRIC_COUNTER, "contact_sync_parked_total",
                               "Times a mailbox was parked, by reason.", "reason", NULL, NULL, 0);
    s->request_seconds =
        metrics_series(metrics_family(m, METRIC_HISTOGRAM, "contact_sync_exchange_request_seconds",
                                      "Time of a write request to Exchange.", NULL, NULL, seconds,
                                      ARRAY_LEN(seconds)),
                       NULL, NULL);
    s->active = metrics_gauge(m, "contact_sync_mailboxes_active", "Mailboxes in hand.");
    s->queued = metrics_gauge(m, "contact_sync_mailboxes_queued", "Mailboxes waiting for a place.");
    s->photo_active = metrics_gauge(m, "contact_sync_photo_mailboxes_active",
                                    "Mailboxes in hand for their pictures.");
    s->photo_queued = metrics_gauge(m, "contact_sync_photo_mailboxes_queued",
                                    "Mailboxes waiting for a place for their pictures.");
    s->sending = metrics_gauge(m, "contact_sync_requests_in_flight", "Requests out to Exchange.");
    s->pending = metrics_gauge(m, "contact_sync_messages_pending", "Messages taken, not acked.");
    s->stopped = metrics_gauge(m, "contact_sync_account_stopped",
                               "1: the account is stopped, at one server at least.");
    w->servers.open = metrics_family(m, METRIC_GAUGE, "contact_sync_breaker_open",
                                     "1: the server rests.", "server", NULL, NULL, 0);
    w->servers.in_flight = metrics_family(m, METRIC_GAUGE, "contact_sync_server_requests_in_flight",
                                          "Requests out to one server.", "server", NULL, NULL, 0);
}

void observe_outcome(struct worker *w, const char *op, enum outcome o)
{
    metric_add(metrics_series(w->m.outcomes, op, outcome_name(o)), 1);
}

void observe_photo(struct worker *w, const char *outcome)
{
    metric_add(metrics_series(w->m.photos, outcome, NULL), 1);
}

void observe_call(struct worker *w, const char *call, uint32_t took_ms)
{
    metric_add(metrics_series(w->m.calls, call, NULL), 1);
    if (took_ms)
        metric_observe(w->m.request_seconds, took_ms / 1000.0);
}

/* Those that wait for a place with nothing but pictures. */
static size_t photos_queued(const struct worker *w)
{
    size_t n = 0;
    map_foreach (it, w->mailboxes) {
        const struct mailbox *mb = it.value;
        n += mb->state == MB_QUEUED && mb->line == LINE_PHOTOS;
    }
    return n;
}

void observe_gauges(struct worker *w)
{
    size_t photos = photos_queued(w);
    metric_set(w->m.active, (double)w->active);
    metric_set(w->m.queued, (double)(w->by_state[MB_QUEUED] - photos));
    metric_set(w->m.photo_active, (double)w->active_photos);
    metric_set(w->m.photo_queued, (double)photos);
    metric_set(w->m.sending, (double)w->sending);
    metric_set(w->m.pending, (double)w->pending);
    servers_observe(&w->servers);
}

static size_t waiting(const struct server *v)
{
    size_t n = 0;
    for (int line = 0; line < LINES; line++)
        n += line_length(&v->senders[line]);
    return n;
}

/* Hosts are checked names (autodiscover/ad_url.h) or the setting's own. */
static void debug_servers(const struct worker *w, struct str *json)
{
    const char *comma = "";
    vec_foreach (it, &w->servers.all) {
        const struct server *v = *it;
        str_addf(
            json,
            "%s{\"host\":\"%s\",\"breaker\":%d,\"why\":\"%s\",\"sending\":%zu,\"waiting\":%zu}",
            comma, v->host, (int)v->breaker.state, v->breaker.why, v->sending, waiting(v));
        comma = ",";
    }
}

void worker_debug(const struct worker *w, struct str *json)
{
    str_addf(json, "{\"owner\":\"%s\",\"workers_alive\":%u,\"active\":%zu,\"sending\":%zu,",
             w->owner, w->alive, w->active, w->sending);
    str_addf(json, "\"active_photos\":%zu,\"sending_photos\":%zu,", w->active_photos,
             w->sending_photos);
    str_addf(json, "\"pending_messages\":%zu,\"paused\":%s,\"draining\":%s,", w->pending,
             w->paused ? "true" : "false", w->draining ? "true" : "false");
    str_puts(json, "\"servers\":[");
    debug_servers(w, json);
    str_puts(json, "],\"states\":{");
    for (int i = 0; i < MB_STATE_COUNT; i++)
        str_addf(json, "%s\"%s\":%zu", i ? "," : "", mailbox_state_name((enum mailbox_state)i),
                 w->by_state[i]);
    str_puts(json, "},\"mailboxes\":[");
    const char *comma = "";
    size_t shown = 0;
    map_foreach (it, w->mailboxes) {
        const struct mailbox *mb = it.value;
        if (mb->state == MB_QUEUED || shown++ >= 1000)
            continue;
        str_addf(json,
                 "%s{\"id\":%lld,\"state\":\"%s\",\"for_ms\":%lld,\"epoch\":%lld,\"rows\":%zu,"
                 "\"batch\":%u,\"urgent\":%s,\"photos\":%s}",
                 comma, (long long)mb->id, mailbox_state_name(mb->state),
                 (long long)(worker_now(w) - mb->since_ms), (long long)mb->lease.epoch, mb->n_links,
                 mb->aimd.size, mb->urgent ? "true" : "false", mb->photo.turn ? "true" : "false");
        comma = ",";
    }
    str_puts(json, "]}");
}
