#include "producer/photos.h"

#include "common/base/arena.h"
#include "common/base/log.h"

#include "producer/publish.h"

enum {
    LOOK_MS = 15 * 1000,  /* between loads: whose next try is due */
    TELL_MS = 5 * 1000,   /* one mailbox hears of many pictures at once */
    COUNT_MS = 15 * 1000, /* for the metrics */
    TELL_BATCH = 200,     /* people whose mailboxes are told in one transaction */
    OFFER_BATCH = 1000,
    SLICE_MAX_BYTES = 64 << 20,
    OFFERS_MAX_BYTES = 1 << 20
};

/* Tries of one picture. */
enum {
    MINUTE_MS = 60 * 1000,
    HOUR_MS = 60 * MINUTE_MS,
    DOUBLINGS = 6, /* of a minute: about an hour */
    REFUSED_HOURS = 6,
    GONE_TRIES = 3 /* a server being set up says "not found" too */
};

/* Rest of the whole stage, when nothing comes through. */
enum { REST_FIRST_MS = 30 * 1000, REST_MAX_MS = 15 * MINUTE_MS };

static const char *const fates[] = {[SOURCE_PHOTO_THERE] = "there",
                                    [SOURCE_PHOTO_GONE] = "gone",
                                    [SOURCE_PHOTO_REFUSED] = "refused",
                                    [SOURCE_PHOTO_UNFIT] = "unfit",
                                    [SOURCE_PHOTO_AWAY] = "away"};

struct photos {
    struct run_parts parts;
    bool on;
    bool switched_off;                  /* the rows say so */
    bool tell_now;                      /* a load is complete */
    bool refusal_told, trouble_told;    /* once until it works again */
    int64_t after;                      /* person: the load goes on behind this one */
    int64_t look_at, tell_at, count_at; /* loop clock */
    int64_t rest_ms;                    /* the last one; 0: pictures come through */
    size_t load[ARRAY_LEN(fates)];      /* of the load under way */
    struct metric_series *fetched[ARRAY_LEN(fates)], *people, *mailboxes;
};

static int64_t now(const struct photos *p)
{
    return clock_now(loop_clock(p->parts.loop));
}

static const struct plan_store_ops *rows(const struct photos *p)
{
    return p->parts.store->ops;
}

struct photos *photos_new(const struct run_parts *parts, bool on, struct metrics *metrics)
{
    struct photos *p = xalloc(sizeof(*p));
    p->parts = *parts;
    p->on = on && parts->source && parts->source->ops->photos;
    struct metric_family *f =
        metrics_family(metrics, METRIC_COUNTER, "contact_sync_photos_fetched_total",
                       "Pictures asked from Rock, by what came of it.", "result", NULL, NULL, 0);
    for (size_t i = 0; i < ARRAY_LEN(fates); i++)
        p->fetched[i] = metrics_series(f, fates[i], NULL);
    f = metrics_family(metrics, METRIC_GAUGE, "contact_sync_photos_waiting",
                       "People whose picture is to be read, mailboxes that may have some to write.",
                       "of", NULL, NULL, 0);
    p->people = metrics_series(f, "people", NULL);
    p->mailboxes = metrics_series(f, "mailboxes", NULL);
    return p;
}

void photos_free(struct photos *p)
{
    free(p);
}

void photos_wake(struct photos *p)
{
    p->switched_off = false;
    p->tell_now = true;
    p->after = 0;
    p->look_at = 0;
}

/* ---- fetching ---- */

/* Nothing comes through: less and less often, until it does. */
static void rest(struct photos *p)
{
    p->rest_ms = p->rest_ms ? p->rest_ms * 2 : REST_FIRST_MS;
    if (p->rest_ms > REST_MAX_MS)
        p->rest_ms = REST_MAX_MS;
    p->look_at = now(p) + p->rest_ms;
    p->tell_now = true;
}

static uint32_t backoff_ms(uint32_t tries)
{
    return (uint32_t)MINUTE_MS << (tries < DOUBLINGS ? tries : DOUBLINGS);
}

/* What becomes of the row. A right that is missing takes no picture off anybody: it comes back. */
static struct plan_photo_got judge(const struct plan_photo *w, const struct source_photo *s)
{
    struct plan_photo_got g = {.person = w->person, .ref = w->ref, .end = PLAN_PHOTO_AGAIN};
    g.failure = s->fate == SOURCE_PHOTO_THERE ? NULL : fates[s->fate];
    switch (s->fate) {
    case SOURCE_PHOTO_THERE:
        g.end = PLAN_PHOTO_THERE;
        g.jpeg = s->bytes;
        g.len = s->len;
        break;
    case SOURCE_PHOTO_UNFIT:
        g.end = PLAN_PHOTO_NONE;
        break;
    case SOURCE_PHOTO_GONE:
        g.end = w->tries < GONE_TRIES ? PLAN_PHOTO_AGAIN : PLAN_PHOTO_NONE;
        g.retry_in_ms = HOUR_MS;
        break;
    case SOURCE_PHOTO_REFUSED:
        g.retry_in_ms = REFUSED_HOURS * HOUR_MS;
        break;
    case SOURCE_PHOTO_AWAY:
        g.retry_in_ms = backoff_ms(w->tries);
        break;
    }
    return g;
}

static void tell_refusal(struct photos *p, const struct err *why)
{
    if (!p->refusal_told)
        log_warn("pictures are refused", log_err(why));
    p->refusal_told = true;
}

/* Does anything come through? */
static void weigh(struct photos *p, const struct source_photo *v, size_t n, const struct err *why)
{
    size_t of[ARRAY_LEN(fates)] = {0};
    for (size_t i = 0; i < n; i++)
        of[v[i].fate]++;
    for (size_t i = 0; i < ARRAY_LEN(fates); i++) {
        metric_add(p->fetched[i], (double)of[i]);
        p->load[i] += of[i];
    }
    if (of[SOURCE_PHOTO_THERE])
        p->refusal_told = p->trouble_told = false;
    if (of[SOURCE_PHOTO_REFUSED])
        tell_refusal(p, why);
    if (of[SOURCE_PHOTO_REFUSED] + of[SOURCE_PHOTO_AWAY] == n)
        rest(p);
    else
        p->rest_ms = 0;
}

static int
fetch(struct photos *p, struct arena *a, const struct plan_photo *w, size_t n, struct err *err)
{
    struct photo_ref refs[SOURCE_PHOTOS_MAX] = {0};
    struct source_photo got[SOURCE_PHOTOS_MAX];
    struct plan_photo_got ends[SOURCE_PHOTOS_MAX];
    struct directory_source *source = p->parts.source;
    struct err why;
    for (size_t i = 0; i < n; i++)
        refs[i] = w[i].ref;
    if (source->ops->photos(source, refs, n, a, got, &why) < 0) {
        if (!p->trouble_told && !loop_quitting(p->parts.loop))
            log_warn("pictures cannot be read, next try later", log_err(&why));
        p->trouble_told = true;
        rest(p);
        return 0;
    }
    for (size_t i = 0; i < n; i++)
        ends[i] = judge(&w[i], &got[i]);
    if (rows(p)->photos_store(p->parts.store, ends, n, err) < 0)
        return -1;
    p->after = w[n - 1].person;
    weigh(p, got, n, &why);
    return 0;
}

static void load_over(struct photos *p)
{
    size_t all = 0;
    for (size_t i = 0; i < ARRAY_LEN(fates); i++)
        all += p->load[i];
    if (all)
        log_info("pictures read", kv("there", p->load[SOURCE_PHOTO_THERE]),
                 kv("gone", p->load[SOURCE_PHOTO_GONE]), kv("unfit", p->load[SOURCE_PHOTO_UNFIT]),
                 kv("refused", p->load[SOURCE_PHOTO_REFUSED]),
                 kv("away", p->load[SOURCE_PHOTO_AWAY]));
    for (size_t i = 0; i < ARRAY_LEN(fates); i++)
        p->load[i] = 0;
    p->after = 0;
    p->look_at = now(p) + LOOK_MS;
    p->tell_now |= all > 0;
}

static int slice(struct photos *p, struct err *err)
{
    autoptr(arena_free) struct arena *a = arena_new("pictures", SLICE_MAX_BYTES);
    struct plan_photo *w;
    size_t n;
    if (rows(p)->photos_wanted(p->parts.store, a, p->after, SOURCE_PHOTOS_MAX, &w, &n, err) < 0)
        return -1;
    if (n)
        return fetch(p, a, w, n, err);
    load_over(p);
    return 0;
}

int photos_step(struct photos *p, bool *more, struct err *err)
{
    *more = false;
    if (!rows(p)->photos_wanted)
        return 0;
    if (!p->on) {
        if (!p->switched_off && rows(p)->photos_off(p->parts.store, err) < 0)
            return -1;
        p->switched_off = true;
        return 0;
    }
    if (now(p) < p->look_at)
        return 0;
    if (slice(p, err) < 0)
        return -1;
    *more = now(p) >= p->look_at;
    return 0;
}

/* ---- telling ---- */

static int raise_all(struct photos *p, struct err *err)
{
    size_t n = TELL_BATCH;
    while (n == TELL_BATCH && !loop_quitting(p->parts.loop))
        if (rows(p)->photos_raise(p->parts.store, TELL_BATCH, &n, err) < 0)
            return -1;
    return 0;
}

static int publish(struct publisher *pub, const struct plan_photo_box *v, size_t n, struct err *err)
{
    if (n)
        guid_random(&pub->base);
    for (size_t i = 0; i < n; i++)
        if (publisher_send(pub, TASK_PHOTO, v[i].mailbox, 0, v[i].gen, false, err) < 0)
            return -1;
    return 0;
}

/* No offer, so nobody waits: a message that gets lost comes again with the next offering. */
static int offer_all(struct photos *p, struct err *err)
{
    autovalue(publisher_release) struct publisher pub = {
        .loop = p->parts.loop, .store = p->parts.store, .queue = p->parts.queue};
    autoptr(arena_free) struct arena *a = arena_new("offers of pictures", OFFERS_MAX_BYTES);
    size_t n = OFFER_BATCH;
    while (n == OFFER_BATCH && !loop_quitting(p->parts.loop)) {
        struct plan_photo_box *v;
        arena_reset(a);
        if (rows(p)->photos_offer(p->parts.store, a, OFFER_BATCH, &v, &n, err) < 0 ||
            publish(&pub, v, n, err) < 0)
            return -1;
    }
    return 0;
}

static int count(struct photos *p, struct err *err)
{
    struct plan_photo_counts c;
    if (now(p) < p->count_at)
        return 0;
    if (rows(p)->photos_count(p->parts.store, &c, err) < 0)
        return -1;
    metric_set(p->people, (double)c.people);
    metric_set(p->mailboxes, (double)c.mailboxes);
    p->count_at = now(p) + COUNT_MS;
    return 0;
}

int photos_tell(struct photos *p, struct err *err)
{
    if (!rows(p)->photos_wanted || (!p->tell_now && now(p) < p->tell_at))
        return 0;
    p->tell_now = false;
    p->tell_at = now(p) + TELL_MS;
    if (raise_all(p, err) < 0 || offer_all(p, err) < 0)
        return -1;
    return count(p, err);
}
