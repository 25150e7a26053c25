#include "worker/servers.h"

#include <string.h>

#include "common/base/metrics.h"
#include "common/base/str.h"
#include "common/base/text.h"

enum { SERVERS_MAX = 256, LABELS_MAX = 32, HOST_MAX = 300 };

static const char other[] = "other";

/* Scheme and path off: "https://Mail.Church.example:443/EWS" -> "mail.church.example". */
static void host_of(const char *url, struct str *out)
{
    const char *p = strstr(url, "://");
    bool tls = strncasecmp(url, "https:", 6) == 0;
    p = p ? p + 3 : url;
    size_t n = strcspn(p, "/?#");
    if (tls && n > 4 && !strncmp(p + n - 4, ":443", 4))
        n -= 4;
    for (size_t i = 0; i < n; i++)
        str_putc(out, p[i] >= 'A' && p[i] <= 'Z' ? (char)(p[i] - 'A' + 'a') : p[i]);
}

static struct server *server_new(struct servers *s, const char *host)
{
    struct server *v = xalloc(sizeof(*v));
    const char *label = s->all.n < LABELS_MAX ? host : other;
    v->host = xstrdup(host);
    breaker_init(&v->breaker);
    v->open = metrics_series(s->open, label, NULL);
    v->in_flight = metrics_series(s->in_flight, label, NULL);
    vec_push(&s->all, v);
    map_put(s->by_host, host, strlen(host), v);
    return v;
}

struct server *servers_of(struct servers *s, const char *url)
{
    autovalue(str_release) struct str host = STR_INIT(HOST_MAX);
    host_of(url ? url : "", &host);
    struct server *v = map_get(s->by_host, host.p, host.n);
    if (v)
        return v;
    if (s->all.n < SERVERS_MAX)
        return server_new(s, host.p);
    v = map_get(s->by_host, other, strlen(other));
    return v ? v : server_new(s, other);
}

bool servers_stopped(const struct servers *s, bool all)
{
    size_t stopped = 0;
    vec_foreach (v, &s->all)
        stopped += (*v)->breaker.stopped;
    return stopped > 0 && (!all || stopped == s->all.n);
}

void servers_release(struct servers *s)
{
    vec_foreach (v, &s->all) {
        for (int line = 0; line < LINES; line++)
            vec_release(&(*v)->senders[line].q);
        free((*v)->host);
        free(*v);
    }
    vec_release(&s->all);
    map_free(s->by_host);
}

void servers_observe(const struct servers *s)
{
    vec_foreach (v, &s->all) {
        metric_set((*v)->open, 0);
        metric_set((*v)->in_flight, 0);
    }
    vec_foreach (v, &s->all) {
        metric_add((*v)->open, (*v)->breaker.state != BREAKER_CLOSED);
        metric_add((*v)->in_flight, (double)(*v)->sending);
    }
}
