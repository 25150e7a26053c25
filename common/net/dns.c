#include "common/net/dns.h"

#include <ares.h>
#include <assert.h>
#include <ctype.h>
#include <stdbool.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/time.h>

#include "common/base/vec.h"

#include "common/net/loop.h"

/*
 * c-ares says which sockets it wants to hear of, and when it wants to be called. A socket of its
 * own closes right after it was announced as of no interest, so watches go then.
 */

enum { CLASS_IN = 1, TYPE_SRV = 33, TRIES = 2, MAX_ANSWER = 65535 };

struct dns_query {
    struct dns *d;
    LIST_ENTRY(dns_query) list;
    dns_srv_done done; /* NULL: canceled */
    void *user;
    struct loop_timer *timer;
    struct dns_srv v[DNS_MAX_SRV];
    size_t n;
    bool answered; /* by c-ares: it knows nothing of this question any more */
    bool failed;
    struct err err;
};

struct dns {
    struct loop *l;
    ares_channel channel;
    vec(struct loop_watch *) watches; /* index: descriptor */
    struct loop_timer *timer;         /* c-ares' next time-out */
    LIST_HEAD(, dns_query) queries;
};

/* ---- answers ---- */

/* Copies a host name in lower case without its last dot; false: it is none. */
static bool host_name(const char *from, char *to)
{
    size_t n = strlen(from);
    if (n > 0 && from[n - 1] == '.')
        n--;
    if (n == 0 || n > DNS_MAX_NAME)
        return false;
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)from[i];
        if (!isalnum(c) && c != '-' && c != '.')
            return false;
        to[i] = (char)tolower(c);
    }
    to[n] = '\0';
    return true;
}

static int better(const void *a, const void *b)
{
    const struct dns_srv *x = a, *y = b;
    if (x->priority != y->priority)
        return x->priority < y->priority ? -1 : 1;
    if (x->weight != y->weight)
        return x->weight > y->weight ? -1 : 1;
    return strcmp(x->target, y->target);
}

int dns_srv_parse(const uint8_t *answer, size_t n, struct dns_srv *ret, size_t max)
{
    struct ares_srv_reply *list = NULL;
    size_t k = 0;
    if (n > MAX_ANSWER || ares_parse_srv_reply(answer, (int)n, &list) != ARES_SUCCESS)
        return -1;
    for (const struct ares_srv_reply *r = list; r && k < max; r = r->next) {
        if (!r->host || !host_name(r->host, ret[k].target))
            continue;
        ret[k].port = r->port;
        ret[k].priority = r->priority;
        ret[k].weight = r->weight;
        k++;
    }
    ares_free_data(list);
    qsort(ret, k, sizeof(*ret), better);
    return (int)k;
}

static void fail(struct dns_query *q, const char *code, const char *text)
{
    q->failed = true;
    err_set(&q->err, SCOPE_REMOTE, WHEN_LATER, code, "DNS: %s", text);
}

static void query_free(struct dns_query *q)
{
    LIST_REMOVE(q, list);
    loop_cancel(q->timer);
    free(q);
}

/* The callback may free everything. */
static void deliver(void *user)
{
    struct dns_query *q = user, answer = *q;
    q->timer = NULL;
    q->done = NULL;
    if (q->answered)
        query_free(q);
    answer.done(answer.v, answer.failed ? 0 : answer.n, answer.failed ? &answer.err : NULL,
                answer.user);
}

static void take_answer(struct dns_query *q, const unsigned char *p, int n)
{
    int k = dns_srv_parse(p, n > 0 ? (size_t)n : 0, q->v, DNS_MAX_SRV);
    if (k < 0)
        fail(q, "dns.bad_answer", "the answer cannot be read");
    else
        q->n = (size_t)k;
}

static void take_failure(struct dns_query *q, int status)
{
    switch (status) {
    case ARES_ENODATA:
    case ARES_ENOTFOUND: /* there is no such service */
        break;
    case ARES_ETIMEOUT:
        fail(q, "dns.timeout", "no answer in time");
        break;
    case ARES_EBADRESP:
        fail(q, "dns.bad_answer", "the answer cannot be read");
        break;
    case ARES_EREFUSED:
    case ARES_ECONNREFUSED:
        fail(q, "dns.refused", "no name server gives an answer");
        break;
    default:
        fail(q, "dns.failed", ares_strerror(status));
    }
}

/* May come from inside ares_query. */
static void on_answer(void *user, int status, int timeouts, unsigned char *p, int n)
{
    struct dns_query *q = user;
    (void)timeouts;
    q->answered = true;
    if (!q->done) { /* canceled, timed out, or the channel goes */
        query_free(q);
        return;
    }
    if (status == ARES_SUCCESS)
        take_answer(q, p, n);
    else
        take_failure(q, status);
    loop_cancel(q->timer);
    q->timer = loop_after(q->d->l, 0, deliver, q);
}

/* ---- c-ares on the loop ---- */

static void arm(struct dns *d);

static void on_timer(void *user)
{
    struct dns *d = user;
    d->timer = NULL;
    ares_process_fd(d->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    arm(d);
}

static void arm(struct dns *d)
{
    struct timeval max = {60, 0}, tv, *next = ares_timeout(d->channel, NULL, &tv);
    loop_cancel(d->timer);
    d->timer = NULL;
    if (!next)
        return;
    if (next->tv_sec > max.tv_sec)
        next = &max;
    int64_t ms = (int64_t)next->tv_sec * 1000 + next->tv_usec / 1000 + 1;
    d->timer = loop_after(d->l, ms, on_timer, d);
}

static void on_ready(int fd, int events, void *user)
{
    struct dns *d = user;
    ares_process_fd(d->channel, events & LOOP_READ ? fd : ARES_SOCKET_BAD,
                    events & LOOP_WRITE ? fd : ARES_SOCKET_BAD);
    arm(d);
}

static void on_interest(void *user, ares_socket_t fd, int readable, int writable)
{
    struct dns *d = user;
    int events = (readable ? LOOP_READ : 0) | (writable ? LOOP_WRITE : 0);
    while (d->watches.n <= (size_t)fd)
        vec_push(&d->watches, (struct loop_watch *)NULL);
    struct loop_watch **w = &d->watches.v[fd];
    if (!events) {
        loop_unwatch(*w);
        *w = NULL;
    } else if (*w) {
        loop_watch_events(*w, events);
    } else {
        *w = loop_watch(d->l, fd, events, on_ready, d);
    }
}

/* ---- questions ---- */

static void on_deadline(void *user)
{
    struct dns_query *q = user;
    fail(q, "dns.timeout", "no answer in time");
    deliver(q);
}

struct dns_query *
dns_srv(struct dns *d, const char *name, uint32_t timeout_ms, dns_srv_done done, void *user)
{
    struct dns_query *q = xalloc(sizeof(*q));
    q->d = d;
    q->done = done;
    q->user = user;
    LIST_INSERT_HEAD(&d->queries, q, list);
    q->timer = loop_after(d->l, timeout_ms, on_deadline, q);
    ares_query(d->channel, name, CLASS_IN, TYPE_SRV, on_answer, q);
    arm(d);
    return q;
}

/* c-ares takes no single question back: its answer finds nobody. */
void dns_cancel(struct dns_query *q)
{
    if (!q || !q->done)
        return;
    q->done = NULL;
    loop_cancel(q->timer);
    q->timer = NULL;
    if (q->answered)
        query_free(q);
}

int dns_new(struct loop *l, const char *servers, struct dns **ret, struct err *err)
{
    struct dns *d = xalloc(sizeof(*d));
    struct ares_options o = {.flags = ARES_FLAG_NOSEARCH,
                             .timeout = 2000,
                             .tries = TRIES,
                             .sock_state_cb = on_interest,
                             .sock_state_cb_data = d};
    int mask = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB;
    d->l = l;
    if (ares_library_init(ARES_LIB_INIT_ALL) != ARES_SUCCESS) /* counted */
        out_of_memory("c-ares");
    int rc = ares_init_options(&d->channel, &o, mask);
    if (rc == ARES_SUCCESS && servers && *servers) {
        rc = ares_set_servers_ports_csv(d->channel, servers);
        if (rc != ARES_SUCCESS)
            ares_destroy(d->channel);
    }
    if (rc != ARES_SUCCESS) {
        ares_library_cleanup();
        free(d);
        return err_set(err, SCOPE_PROCESS, WHEN_NEVER, "conf", "name servers (%.80s): %s",
                       servers && *servers ? servers : "the system's", ares_strerror(rc));
    }
    *ret = d;
    return 0;
}

void dns_free(struct dns *d)
{
    struct dns_query *q, *next;
    if (!d)
        return;
    for (q = LIST_FIRST(&d->queries); q; q = next) {
        next = LIST_NEXT(q, list);
        dns_cancel(q);
    }
    ares_destroy(d->channel); /* ends what is open, by on_answer */
    assert(LIST_EMPTY(&d->queries));
    loop_cancel(d->timer);
    vec_foreach (w, &d->watches)
        loop_unwatch(*w);
    vec_release(&d->watches);
    ares_library_cleanup();
    free(d);
}
