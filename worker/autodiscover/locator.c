#include "worker/autodiscover/locator.h"

#include <string.h>
#include <sys/queue.h>

#include "common/base/map.h"
#include "common/base/metrics.h"

#include "common/net/loop.h"
#include "common/port/endpoint_cache.h"

enum {
    MAX_AGE_MS = 7 * 24 * 3600 * 1000,
    REFRESH_AFTER_MS = 3600 * 1000,
    RELOAD_MS = 60 * 1000,    /* another worker may have found a newer one */
    RETRY_MS = 5 * 60 * 1000, /* after a search that failed, while there is a URL */
    CLOSED_MS = 30 * 1000,    /* a domain whose search failed */
    PARALLEL = 8              /* searches in a domain whose server is known */
};

/* Failures that call for another look. @source reference/ews.md sections 4, 11, 12 */
static const struct {
    const char *code;
    bool no_connection; /* the other URL may do */
} doubts[] = {
    {"curl.6", true},
    {"curl.7", true},
    {"http.address", true},
    {"curl.35", false},
    {"curl.51", false},
    {"curl.60", false},
    {"http.301", false},
    {"http.302", false},
    {"http.307", false},
    {"http.308", false},
    {"http.404", false},
    {"http.503", false},
    {"ews.ErrorConnectionFailed", false},
    {"ews.ErrorMailboxMoveInProgress", false},
    {"ews.ErrorCrossSiteRequest", false},
    {"ews.ErrorNoRespondingCASInDestinationSite", false},
};

enum place_state { PLACE_IDLE, PLACE_LOADING, PLACE_QUEUED, PLACE_SEARCHING };

struct locator_wait {
    LIST_ENTRY(locator_wait) list;
    locator_found done;
    void *user;
};
LIST_HEAD(locator_waits, locator_wait);

struct place { /* of one mailbox */
    struct locator *l;
    int64_t mailbox;
    char *address;
    struct site *site;
    enum place_state state;
    TAILQ_ENTRY(place) queue; /* QUEUED: in the site's */
    struct autodiscover_search *search;
    int64_t search_ms; /* when it began */
    struct locator_waits waits;
    char *url, *alt;
    int64_t found_ms, failed_ms, loaded_ms; /* by the loop's clock; failed_ms -1: not since */
};

struct site { /* of one mail domain */
    char *domain;
    char *via; /* Autodiscover URL that answered last; NULL none */
    size_t running;
    TAILQ_HEAD(, place) queue;
    int64_t closed_until;
    struct err err; /* while closed */
};

struct locator {
    struct loop *loop;
    struct autodiscover *a;
    struct endpoint_cache *cache;
    struct locator_config c;
    struct map *places, *sites;
    struct metric_series *started, *found, *failed, *seconds; /* NULL: not counted */
};

static int64_t now(const struct locator *l)
{
    return clock_now(loop_clock(l->loop));
}

static void set(char **text, const char *to)
{
    char *copy = xstrdup(to);
    free(*text);
    *text = copy;
}

/* ---- who waits ---- */

static void tell(struct place *p, const char *url, enum outcome outcome, const struct err *err)
{
    struct locator_waits waits = p->waits;
    struct locator_wait *w;
    /* callbacks may begin to wait again, or cancel: one at a time from a list of its own */
    LIST_INIT(&p->waits);
    if ((w = LIST_FIRST(&waits)))
        w->list.le_prev = &LIST_FIRST(&waits);
    autofree char *copy = xstrdup(url);
    while ((w = LIST_FIRST(&waits))) {
        locator_found done = w->done;
        void *user = w->user;
        LIST_REMOVE(w, list);
        free(w);
        done(copy, outcome, err, user);
    }
}

static enum outcome outcome_of(const struct err *err)
{
    static const char *const passing[] = {"auth.refused", "autodiscover.busy",
                                          "autodiscover.deadline"};
    for (size_t i = 0; i < ARRAY_LEN(passing); i++)
        if (strcmp(err->code, passing[i]) == 0)
            return OUT_RETRY_LATER;
    return OUT_PARK;
}

/* ---- searching ---- */

static void start_queued(struct site *s);

static bool about_mailbox(const struct err *err)
{
    static const char *const codes[] = {"autodiscover.InvalidUser", "autodiscover.InvalidDomain",
                                        "autodiscover.NotFederated", "autodiscover.mail_address"};
    for (size_t i = 0; i < ARRAY_LEN(codes); i++)
        if (strcmp(err->code, codes[i]) == 0)
            return true;
    return false;
}

/* Nobody waits for these: what cannot be written now is found out again some day. */
static void cached(const struct err *err, void *user)
{
    (void)err, (void)user;
}

static void search_failed(struct place *p, const struct err *err)
{
    struct locator *l = p->l;
    p->failed_ms = now(l);
    l->cache->ops->fail(l->cache, p->mailbox, err->code, cached, NULL);
    if (p->url)
        tell(p, p->url, OUT_DONE, NULL);
    else
        tell(p, NULL, outcome_of(err), err);
}

/* What a domain's search failed with is the answer for all who wait for one. */
static void close_site(struct locator *l, struct site *s, const struct err *err)
{
    struct place *p;
    s->err = *err;
    s->closed_until = now(l) + CLOSED_MS;
    while ((p = TAILQ_FIRST(&s->queue))) {
        TAILQ_REMOVE(&s->queue, p, queue);
        p->state = PLACE_IDLE;
        search_failed(p, err);
    }
}

static void search_found(struct place *p, const struct ad_found *found)
{
    struct locator *l = p->l;
    bool same_address = strcasecmp(found->address, p->address) == 0;
    const char *via = same_address ? found->via : NULL, *alt = found->alt[0] ? found->alt : NULL;
    set(&p->url, found->url);
    set(&p->alt, alt);
    p->found_ms = p->loaded_ms = now(l);
    p->failed_ms = -1;
    if (via)
        set(&p->site->via, via);
    p->site->closed_until = 0;
    l->cache->ops->put(l->cache, p->mailbox, p->site->domain, p->url, p->alt, via, cached, NULL);
    tell(p, p->url, OUT_DONE, NULL);
}

static void count_end(const struct place *p, bool found)
{
    const struct locator *l = p->l;
    if (!l->started)
        return;
    metric_add(found ? l->found : l->failed, 1);
    metric_observe(l->seconds, (double)(now(l) - p->search_ms) / 1000.0);
}

static void searched(const struct ad_found *found, const struct err *err, void *user)
{
    struct place *p = user;
    struct site *s = p->site;
    count_end(p, found != NULL);
    p->search = NULL;
    p->state = PLACE_IDLE;
    s->running--;
    if (found) {
        search_found(p, found);
    } else {
        if (!about_mailbox(err))
            close_site(p->l, s, err);
        search_failed(p, err);
    }
    start_queued(s);
}

static void observe(const struct autodiscover_event *e, void *user)
{
    struct place *p = user;
    if (p->l->c.observe)
        p->l->c.observe(p->mailbox, e, p->l->c.user);
}

static void start_queued(struct site *s)
{
    struct place *p;
    while (s->running < (s->via ? PARALLEL : 1) && (p = TAILQ_FIRST(&s->queue))) {
        TAILQ_REMOVE(&s->queue, p, queue);
        p->state = PLACE_SEARCHING;
        s->running++;
        p->search_ms = now(p->l);
        if (p->l->started)
            metric_add(p->l->started, 1);
        p->search = autodiscover_find(p->l->a, p->address, s->via, observe, searched, p);
    }
}

/* From the loop: may answer at once. */
static void search(struct place *p)
{
    struct site *s = p->site;
    if (now(p->l) < s->closed_until) {
        struct err err = s->err;
        search_failed(p, &err);
        return;
    }
    p->state = PLACE_QUEUED;
    TAILQ_INSERT_TAIL(&s->queue, p, queue);
    start_queued(s);
}

/* Looks again when the URL is older than that; true: it does. */
static bool refresh(struct place *p, int64_t age_ms)
{
    int64_t t = now(p->l), retry = p->l->c.refresh_after_ms;
    if (retry > RETRY_MS)
        retry = RETRY_MS;
    if (p->state != PLACE_IDLE)
        return p->state != PLACE_LOADING;
    if (t - p->found_ms < age_ms || (p->failed_ms >= 0 && t - p->failed_ms < retry) ||
        t < p->site->closed_until)
        return false;
    search(p);
    return true;
}

/* ---- the cache ---- */

static bool allowed(const struct place *p, const char *text)
{
    const struct ad_policy *policy = autodiscover_policy(p->l->a);
    struct ad_url u;
    return text && !ad_url_parse_own(text, &u) && ad_url_allowed(policy, p->site->domain, &u);
}

static bool same(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static void take_row(struct place *p, const struct endpoint *e)
{
    int64_t t = now(p->l);
    bool swapped = p->alt && same(p->url, e->alt) && same(p->alt, e->url);
    if (!swapped) {
        set(&p->url, allowed(p, e->url) ? e->url : NULL);
        set(&p->alt, p->url && allowed(p, e->alt) ? e->alt : NULL);
    }
    p->found_ms = t - e->age_ms;
    p->failed_ms = e->tried_ms < 0 ? -1 : t - e->tried_ms;
    p->loaded_ms = t;
    if (e->site && !p->site->via)
        set(&p->site->via, e->site);
}

static void loaded(const struct endpoint *e, const struct err *err, void *user)
{
    struct place *p = user;
    p->state = PLACE_IDLE;
    if (!e && !p->url) {
        tell(p, NULL, OUT_RETRY_SOON, err);
        return;
    }
    if (e)
        take_row(p, e);
    if (!p->url) {
        search(p);
        return;
    }
    tell(p, p->url, OUT_DONE, NULL);
    refresh(p, p->l->c.max_age_ms);
}

/* ---- places ---- */

static struct site *site_of(struct locator *l, const char *domain)
{
    struct site *s = map_get(l->sites, domain, strlen(domain));
    if (!s) {
        s = xalloc(sizeof(*s));
        s->domain = xstrdup(domain);
        TAILQ_INIT(&s->queue);
        map_put(l->sites, domain, strlen(domain), s);
    }
    return s;
}

/* The domain of what is no address is "": the search says what is wrong with it. */
static void place_address(struct place *p, const char *address)
{
    char domain[AD_MAX_HOST + 1] = "";
    const char *why;
    set(&p->address, address);
    if (!ad_address_domain(address, domain, &why))
        domain[0] = '\0';
    p->site = site_of(p->l, domain);
}

/* A mailbox whose address changed keeps its URL until the next look. */
static struct place *place_of(struct locator *l, int64_t mailbox, const char *address)
{
    struct place *p = map_get_u64(l->places, (uint64_t)mailbox);
    if (!p) {
        p = xalloc(sizeof(*p));
        p->l = l;
        p->mailbox = mailbox;
        p->failed_ms = -1;
        LIST_INIT(&p->waits);
        map_put_u64(l->places, (uint64_t)mailbox, p);
        place_address(p, address);
    } else if (p->state == PLACE_IDLE && strcmp(p->address, address) != 0) {
        place_address(p, address);
    }
    return p;
}

/* While a search goes on in the background, what is known is as good as ever. */
const char *locator_known(struct locator *l, int64_t mailbox, const char *address)
{
    struct place *p = place_of(l, mailbox, address);
    bool searching = p->state == PLACE_QUEUED || p->state == PLACE_SEARCHING;
    return p->url && (searching || now(l) - p->loaded_ms < RELOAD_MS) ? p->url : NULL;
}

struct locator_wait *locator_find(
    struct locator *l, int64_t mailbox, const char *address, locator_found done, void *user)
{
    struct place *p = place_of(l, mailbox, address);
    struct locator_wait *w = xalloc(sizeof(*w));
    w->done = done;
    w->user = user;
    LIST_INSERT_HEAD(&p->waits, w, list);
    if (p->state == PLACE_IDLE) {
        p->state = PLACE_LOADING;
        l->cache->ops->get(l->cache, mailbox, p->site->domain, loaded, p);
    }
    return w;
}

void locator_cancel(struct locator_wait *w)
{
    if (!w)
        return;
    LIST_REMOVE(w, list);
    free(w);
}

enum locator_says locator_report(struct locator *l, int64_t mailbox, const char *code)
{
    struct place *p = map_get_u64(l->places, (uint64_t)mailbox);
    size_t i = 0;
    while (i < ARRAY_LEN(doubts) && strcmp(doubts[i].code, code) != 0)
        i++;
    if (!p || !p->url || i == ARRAY_LEN(doubts))
        return LOCATOR_OTHERWISE;
    bool changing = false;
    if (doubts[i].no_connection && p->alt) {
        char *url = p->url;
        p->url = p->alt;
        p->alt = url;
        changing = true;
    }
    changing |= refresh(p, l->c.refresh_after_ms);
    return changing ? LOCATOR_CHANGING : LOCATOR_SAME;
}

/* ---- life ---- */

static void count_init(struct locator *l, struct metrics *m)
{
    static const double buckets[] = {0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60};
    struct metric_family *searches =
        metrics_family(m, METRIC_COUNTER, "contact_sync_autodiscover_searches_total",
                       "Autodiscover searches: started, found, failed.", "event", NULL, NULL, 0);
    l->started = metrics_series(searches, "started", NULL);
    l->found = metrics_series(searches, "found", NULL);
    l->failed = metrics_series(searches, "failed", NULL);
    l->seconds = metrics_series(
        metrics_family(m, METRIC_HISTOGRAM, "contact_sync_autodiscover_seconds",
                       "Time of an Autodiscover search.", NULL, NULL, buckets, ARRAY_LEN(buckets)),
        NULL, NULL);
}

struct locator *locator_new(struct loop *loop,
                            struct autodiscover *a,
                            struct endpoint_cache *cache,
                            const struct locator_config *config)
{
    struct locator *l = xalloc(sizeof(*l));
    l->loop = loop;
    l->a = a;
    l->cache = cache;
    l->c = *config;
    if (!l->c.max_age_ms)
        l->c.max_age_ms = MAX_AGE_MS;
    if (!l->c.refresh_after_ms)
        l->c.refresh_after_ms = REFRESH_AFTER_MS;
    l->places = map_new();
    l->sites = map_new();
    if (config->metrics)
        count_init(l, config->metrics);
    return l;
}

static void place_free(struct place *p)
{
    while (!LIST_EMPTY(&p->waits))
        locator_cancel(LIST_FIRST(&p->waits));
    free(p->address);
    free(p->url);
    free(p->alt);
    free(p);
}

void locator_free(struct locator *l)
{
    if (!l)
        return;
    endpoint_cache_free(l->cache);
    autodiscover_free(l->a);
    map_foreach (it, l->places)
        place_free(it.value);
    map_foreach (it, l->sites) {
        struct site *s = it.value;
        free(s->domain);
        free(s->via);
        free(s);
    }
    map_free(l->places);
    map_free(l->sites);
    if (l->c.freed)
        l->c.freed(l->c.user);
    free(l);
}
