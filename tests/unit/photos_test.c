/*
 * The stage that fetches pictures, over fakes on a fake clock: what becomes of each answer, when it
 * rests, who is told, and that a run goes first.
 */
#include <stdio.h>
#include <unistd.h>

#include "common/base/conf.h"
#include "common/base/log.h"
#include "common/base/metrics.h"

#include "common/app/settings.h"
#include "producer/photos.h"
#include "producer/producer.h"
#include "tests/unit/core_support.h"
#include "tests/unit/publish_support.h"

enum { MINUTE = 60 * 1000, HOUR = 60 * MINUTE, REFS = 64 };

struct source { /* of the pictures 1 to REFS - 1, by ref */
    struct directory_source base;
    struct photo_rig *rig;
    enum source_photo_fate fate[REFS];
    size_t calls, asked, snapshots;
    bool broken;     /* none can be had */
    bool meanwhile;  /* every person's picture is replaced by picture 60 during the next call */
    bool run_wanted; /* somebody asks for a run during the next call */
};

struct photo_rig {
    struct publish_rig r;
    struct source source;
    struct metrics *metrics;
    struct photos *p;
    struct run_parts parts;
    FILE *log;
    struct err err;
};

/* ---- the source ---- */

static void see(struct photo_rig *g, int64_t person, int64_t ref)
{
    static int64_t at = 1;
    struct plan_store *s = plan_store_fake_port(g->r.f);
    const struct plan_photo p = {.person = person, .ref = {.id = ref}};
    cr_assert_eq(s->ops->photos_seen(s, &p, 1, at++, &g->err), 0);
}

static void meanwhile(struct source *s)
{
    if (s->meanwhile)
        for (size_t i = 0; i < s->rig->r.f->photos.n; i++)
            see(s->rig, s->rig->r.f->photos.v[i].want.person, 60);
    if (s->run_wanted)
        vec_push(&s->rig->r.f->runs, (struct fake_run){.trigger = "user"});
    s->meanwhile = s->run_wanted = false;
}

static int source_photos(struct directory_source *base,
                         const struct photo_ref *refs,
                         size_t n,
                         struct arena *a,
                         struct source_photo *ret,
                         struct err *err)
{
    struct source *s = (struct source *)base;
    cr_assert(n > 0 && n <= SOURCE_PHOTOS_MAX);
    s->calls++;
    meanwhile(s);
    if (s->broken)
        return err_set(err, SCOPE_REMOTE, WHEN_LATER, "curl.6", "no such host");
    s->asked += n;
    for (size_t i = 0; i < n; i++) {
        ret[i] = (struct source_photo){.fate = s->fate[refs[i].id]};
        if (ret[i].fate == SOURCE_PHOTO_THERE) {
            ret[i].len = (size_t)refs[i].id;
            ret[i].bytes = arena_alloc(a, ret[i].len);
        }
        if (ret[i].fate == SOURCE_PHOTO_REFUSED)
            err_set(err, SCOPE_REMOTE, WHEN_NEVER, "rock.403", "switch something off in Rock");
    }
    return 0;
}

static int source_snapshot(struct directory_source *base,
                           const struct source_request *rq,
                           struct directory **ret,
                           struct err *err)
{
    struct source *s = (struct source *)base;
    (void)rq;
    s->snapshots++;
    struct directory *d = a_directory(2);
    struct dir_person *people = (struct dir_person *)(uintptr_t)d->people;
    d->read_at_ms = clock_wall(&s->rig->r.clock.clock);
    people[0].photo_id = 7;
    people[1].photo_id = 0;
    people[1].photo_guid = guid_of(3); /* of no picture: nothing */
    *ret = d;
    (void)err;
    return 0;
}

static const struct directory_source_ops source_ops = {
    .name = "scripted", .snapshot = source_snapshot, .photos = source_photos};
static const struct directory_source_ops blind_ops = {.name = "blind", .snapshot = source_snapshot};

/* ---- the rig ---- */

static void open_rig(struct photo_rig *g, bool on)
{
    memset(g, 0, sizeof(*g));
    rig_open(&g->r);
    g->log = tmpfile();
    log_init("photos_test", LOG_LVL_INFO, false);
    log_to_fd(fileno(g->log));
    plan_store_fake_with_photos(g->r.f);
    g->source.base.ops = &source_ops;
    g->source.rig = g;
    g->metrics = metrics_new();
    g->parts = (struct run_parts){.loop = g->r.loop,
                                  .store = plan_store_fake_port(g->r.f),
                                  .source = &g->source.base,
                                  .queue = &g->r.q.base};
    g->p = photos_new(&g->parts, on, g->metrics);
}

static void close_rig(struct photo_rig *g)
{
    photos_free(g->p);
    metrics_free(g->metrics);
    log_to_fd(STDERR_FILENO);
    fclose(g->log);
    rig_close(&g->r);
}
#define PHOTO_RIG(name, on)                                                                        \
    __attribute__((cleanup(close_rig))) struct photo_rig name;                                     \
    open_rig(&(name), on)

static size_t logged(struct photo_rig *g, const char *what)
{
    static char text[1 << 16];
    size_t n = 0, len;
    rewind(g->log);
    len = fread(text, 1, sizeof(text) - 1, g->log);
    text[len] = 0;
    for (const char *at = text; (at = strstr(at, what)); at++)
        n++;
    return n;
}

static bool step(struct photo_rig *g)
{
    bool more = true;
    cr_assert_eq(photos_step(g->p, &more, &g->err), 0, "%s", g->err.text);
    return more;
}

/* Until nothing is left to be done at once; how many steps. */
static size_t steps(struct photo_rig *g)
{
    size_t n = 1;
    while (step(g) && n < 100)
        n++;
    return n;
}

static void pass(struct photo_rig *g, int64_t ms)
{
    clock_fake_advance(&g->r.clock, ms);
}

static void tell(struct photo_rig *g)
{
    cr_assert_eq(photos_tell(g->p, &g->err), 0, "%s", g->err.text);
}

static struct fake_photo *row(struct photo_rig *g, int64_t person)
{
    return plan_store_fake_photo(g->r.f, person);
}

static double fetched(struct photo_rig *g, const char *result)
{
    return metric_value(metrics_series(
        metrics_family(g->metrics, METRIC_COUNTER, "contact_sync_photos_fetched_total",
                       "Pictures asked from Rock, by what came of it.", "result", NULL, NULL, 0),
        result, NULL));
}

/* ---- fetching ---- */

Test(photos, all_that_is_wanted_is_fetched_in_slices)
{
    PHOTO_RIG(g, true);
    for (int64_t i = 1; i <= 40; i++)
        see(&g, i, i);
    cr_expect_eq(steps(&g), 4u); /* 16, 16, 8, and a look that finds nothing */
    cr_expect_eq(g.source.calls, 3u);
    cr_expect_eq(g.source.asked, 40u);
    for (int64_t i = 1; i <= 40; i++)
        cr_assert(row(&g, i)->got && row(&g, i)->len == (size_t)i);
    cr_expect_eq(fetched(&g, "there"), 40);
    cr_expect_eq(logged(&g, "pictures read"), 1u);
    pass(&g, MINUTE);
    cr_expect_not(step(&g));
    cr_expect_eq(g.source.calls, 3u);
    cr_expect_eq(logged(&g, "pictures read"), 1u);
}

Test(photos, a_run_wakes_the_stage)
{
    PHOTO_RIG(g, true);
    steps(&g);
    see(&g, 1, 1);
    cr_expect_not(step(&g));
    cr_expect_eq(g.source.calls, 0u);
    photos_wake(g.p);
    cr_expect(step(&g));
    cr_expect_eq(g.source.calls, 1u);
}

static const struct {
    enum source_photo_fate fate;
    bool got, keeps; /* keeps: the picture before */
    const char *failure;
    int64_t again_ms;
} answers[] = {{SOURCE_PHOTO_GONE, false, true, "gone", HOUR},
               {SOURCE_PHOTO_REFUSED, false, true, "refused", 6 * HOUR},
               {SOURCE_PHOTO_UNFIT, true, false, "unfit", 0},
               {SOURCE_PHOTO_AWAY, false, true, "away", MINUTE}};

Test(photos, each_answer_has_its_end)
{
    for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
        PHOTO_RIG(g, true);
        see(&g, 1, 5);
        steps(&g);
        tell(&g);
        see(&g, 1, 6);
        see(&g, 2, 7);
        g.source.fate[6] = answers[i].fate;
        photos_wake(g.p);
        steps(&g);
        const struct fake_photo *p = row(&g, 1);
        cr_expect_eq(p->got, answers[i].got, "%s", answers[i].failure);
        cr_expect_eq(p->len, answers[i].keeps ? 5u : 0u, "%s", answers[i].failure);
        cr_expect_eq(p->raised, answers[i].keeps, "%s", answers[i].failure);
        cr_expect_str_eq(p->failure, answers[i].failure);
        cr_expect_eq(fetched(&g, answers[i].failure), 1);
        if (answers[i].again_ms)
            cr_expect_eq(p->retry_at - clock_wall(&g.r.clock.clock), answers[i].again_ms, "%s",
                         answers[i].failure);
        cr_expect_eq(row(&g, 2)->len, 7u, "the others go on");
    }
}

Test(photos, what_is_gone_again_and_again_is_believed)
{
    PHOTO_RIG(g, true);
    see(&g, 1, 5);
    g.source.fate[5] = SOURCE_PHOTO_GONE;
    for (int i = 0; i < 4; i++) {
        cr_assert_not(row(&g, 1)->got);
        steps(&g);
        pass(&g, HOUR);
    }
    cr_expect(row(&g, 1)->got);
    cr_expect_eq(g.source.calls, 4u);
}

Test(photos, tries_get_rarer_to_an_hour)
{
    static const int64_t minutes[] = {1, 2, 4, 8, 16, 32, 64, 64};
    PHOTO_RIG(g, true);
    see(&g, 1, 5);
    g.source.fate[5] = SOURCE_PHOTO_AWAY;
    for (size_t i = 0; i < ARRAY_LEN(minutes); i++) {
        photos_wake(g.p);
        steps(&g);
        cr_expect_eq(row(&g, 1)->retry_at - clock_wall(&g.r.clock.clock), minutes[i] * MINUTE);
        pass(&g, minutes[i] * MINUTE);
    }
    g.source.fate[5] = SOURCE_PHOTO_THERE;
    photos_wake(g.p);
    steps(&g);
    cr_expect_eq(row(&g, 1)->len, 5u);
    cr_expect_null(row(&g, 1)->failure);
}

Test(photos, a_picture_that_is_replaced_while_it_is_fetched_is_fetched_again)
{
    PHOTO_RIG(g, true);
    see(&g, 1, 5);
    g.source.meanwhile = true;
    cr_expect(step(&g));
    cr_expect_not(row(&g, 1)->got);
    photos_wake(g.p); /* as the run that saw it does */
    steps(&g);
    cr_expect_eq(row(&g, 1)->len, 60u);
}

/* ---- when nothing comes through ---- */

Test(photos, a_missing_right_is_told_once_until_it_is_there)
{
    PHOTO_RIG(g, true);
    for (int64_t i = 1; i <= 50; i++) {
        see(&g, i, i);
        g.source.fate[i] = SOURCE_PHOTO_REFUSED;
    }
    cr_expect_eq(steps(&g), 1u, "the rest is spared");
    cr_expect_eq(g.source.asked, 16u);
    for (int i = 0; i < 3; i++) {
        pass(&g, 20 * MINUTE);
        steps(&g);
    }
    cr_expect_eq(logged(&g, "switch something off in Rock"), 1u);
    for (int i = 0; i < REFS; i++)
        g.source.fate[i] = SOURCE_PHOTO_THERE;
    pass(&g, 7 * HOUR);
    steps(&g); /* behind the last one that was refused: nobody */
    pass(&g, MINUTE);
    steps(&g);
    cr_expect_eq(row(&g, 1)->len, 1u);
    for (int64_t i = 1; i <= 3; i++)
        see(&g, i, 50 + i);
    g.source.fate[51] = SOURCE_PHOTO_REFUSED;
    photos_wake(g.p);
    steps(&g);
    cr_expect_eq(logged(&g, "switch something off in Rock"), 2u, "again, after it worked");
}

Test(photos, a_server_that_is_away_is_asked_less_and_less_often)
{
    PHOTO_RIG(g, true);
    see(&g, 1, 1);
    g.source.broken = true;
    size_t last = 0, least = 1000;
    for (int h = 0; h < 3; h++) {
        for (int i = 0; i < 3600; i++) {
            cr_assert_not(step(&g));
            pass(&g, 1000);
        }
        cr_expect_leq(g.source.calls - last, least);
        least = g.source.calls - last;
        last = g.source.calls;
    }
    cr_expect_eq(least, 4u);
    cr_expect_eq(logged(&g, "no such host"), 1u);
    cr_expect_eq(row(&g, 1)->want.tries, 0u, "no picture's fault");
    g.source.broken = false;
    pass(&g, 15 * MINUTE);
    steps(&g);
    cr_expect_eq(row(&g, 1)->len, 1u);
}

Test(photos, rows_out_of_reach_are_an_error_and_nothing_is_lost)
{
    static const char *const calls[] = {"photos_wanted", "photos_store"};
    for (size_t i = 0; i < ARRAY_LEN(calls); i++) {
        PHOTO_RIG(g, true);
        bool more;
        see(&g, 1, 5);
        g.r.f->fail = calls[i];
        cr_expect_eq(photos_step(g.p, &more, &g.err), -1);
        cr_expect_not(more);
        steps(&g);
        cr_expect_eq(row(&g, 1)->len, 5u);
    }
}

/* ---- telling ---- */

static void boxes(struct photo_rig *g, int64_t n)
{
    for (int64_t i = 1; i <= n; i++)
        vec_push(&g->r.f->photo_boxes, (struct fake_photo_box){.mailbox = i, .gen = 10 + i});
}

Test(photos, mailboxes_are_told_and_offered_without_anybody_waiting)
{
    PHOTO_RIG(g, true);
    see(&g, 1, 5);
    boxes(&g, 2500);
    steps(&g);
    tell(&g);
    cr_expect(row(&g, 1)->raised);
    cr_assert_eq(g.r.q.sent.n, 2500u);
    for (size_t i = 0; i < 2500; i++) {
        const struct sent *m = &g.r.q.sent.v[i];
        cr_assert(m->topic == QUEUE_TASKS && m->group == 0 && m->task.op == TASK_PHOTO);
        cr_assert(m->task.mailbox == (int64_t)i + 1 && m->task.gen == 11 + (int64_t)i);
        cr_assert(m->task.person == 0 && !guid_is_nil(&m->task.id));
    }
    cr_expect_neq(guid_cmp(&g.r.q.sent.v[0].task.id, &g.r.q.sent.v[1].task.id), 0);
    cr_expect_eq(g.r.q.ended, 0u);
    cr_expect_eq(g.r.f->offers.n, 0u, "no offer is made");
}

Test(photos, many_pictures_are_told_together)
{
    PHOTO_RIG(g, true);
    tell(&g);
    size_t calls = g.r.f->calls;
    for (int64_t i = 1; i <= 48; i++) {
        see(&g, i, i);
        calls++;
    }
    photos_wake(g.p);
    cr_assert(step(&g));
    tell(&g); /* the run that woke it */
    calls = g.r.f->calls;
    cr_assert(step(&g));
    tell(&g);
    cr_expect_eq(g.r.f->calls, calls + 2, "the load goes on, nobody is told");
    steps(&g);
    tell(&g);
    for (int64_t i = 1; i <= 48; i++)
        cr_expect(row(&g, i)->raised);
}

Test(photos, a_queue_that_breaks_is_an_error_and_the_next_time_goes_on)
{
    PHOTO_RIG(g, true);
    boxes(&g, 3);
    g.r.q.broken_after = 1;
    photos_wake(g.p);
    cr_expect_eq(photos_tell(g.p, &g.err), -1);
    cr_expect_str_eq(g.err.code, "queue.broken");
    g.r.q.broken_after = -1;
    vec_foreach (b, &g.r.f->photo_boxes)
        b->offered = false; /* a minute later */
    pass(&g, MINUTE);
    tell(&g);
    cr_expect_eq(g.r.q.sent.n, 4u);
}

Test(photos, rows_out_of_reach_end_the_telling)
{
    static const char *const calls[] = {"photos_raise", "photos_offer", "photos_count"};
    for (size_t i = 0; i < ARRAY_LEN(calls); i++) {
        PHOTO_RIG(g, true);
        photos_wake(g.p);
        g.r.f->fail = calls[i];
        cr_expect_eq(photos_tell(g.p, &g.err), -1, "%s", calls[i]);
        cr_expect_str_eq(g.err.code, "fake.fail");
    }
}

Test(photos, what_waits_is_shown)
{
    PHOTO_RIG(g, true);
    see(&g, 1, 5);
    boxes(&g, 3);
    tell(&g);
    struct metric_family *f =
        metrics_family(g.metrics, METRIC_GAUGE, "contact_sync_photos_waiting",
                       "People whose picture is to be read, mailboxes that may have some to write.",
                       "of", NULL, NULL, 0);
    cr_expect_eq(metric_value(metrics_series(f, "people", NULL)), 1);
    cr_expect_eq(metric_value(metrics_series(f, "mailboxes", NULL)), 3);
}

/* ---- without pictures ---- */

Test(photos, switched_off_they_come_off_once)
{
    PHOTO_RIG(g, false);
    see(&g, 1, 5);
    cr_expect_not(step(&g));
    cr_expect_eq(row(&g, 1)->want.ref.id, 0);
    size_t calls = g.r.f->calls;
    cr_expect_not(step(&g));
    cr_expect_eq(g.r.f->calls, calls);
    cr_expect_eq(g.source.calls, 0u);
    boxes(&g, 1);
    tell(&g);
    cr_expect_eq(g.r.q.sent.n, 1u, "so that the workers take ours off");
}

Test(photos, a_source_that_has_none_is_as_switched_off)
{
    PHOTO_RIG(g, true);
    photos_free(g.p);
    g.source.base.ops = &blind_ops;
    g.p = photos_new(&g.parts, true, g.metrics);
    see(&g, 1, 5);
    cr_expect_not(step(&g));
    cr_expect_eq(row(&g, 1)->want.ref.id, 0);
}

Test(photos, rows_without_pictures_are_left_alone)
{
    PUBLISH_RIG(r);
    struct source source = {.base = {&source_ops}};
    struct metrics *m = metrics_new();
    const struct run_parts parts = {r.loop, plan_store_fake_port(r.f), &source.base, &r.q.base};
    struct photos *p = photos_new(&parts, true, m);
    bool more = true;
    cr_expect_eq(photos_step(p, &more, &r.err), 0);
    cr_expect_not(more);
    cr_expect_eq(photos_tell(p, &r.err), 0);
    cr_expect_eq(r.f->calls, 0u);
    photos_free(p);
    metrics_free(m);
}

/* ---- the producer ---- */

struct whole {
    struct photo_rig g;
    struct conf *conf;
    struct producer_settings s;
    struct producer *p;
};

static void open_whole(struct whole *w)
{
    struct err err;
    open_rig(&w->g, true);
    w->conf = conf_new(settings_table, settings_count);
    static const char group[] = "eligible_group=11111111-2222-4333-8444-555555555555";
    cr_assert_eq(conf_set(w->conf, group, &err), 0);
    cr_assert_eq(producer_settings_from(w->conf, &w->s, &err), 0, "%s", err.text);
    w->p = producer_new(&w->g.parts, &w->s, w->g.metrics);
}

static void close_whole(struct whole *w)
{
    producer_free(w->p);
    conf_free(w->conf);
    close_rig(&w->g);
}
#define WHOLE(name)                                                                                \
    __attribute__((cleanup(close_whole))) struct whole name;                                       \
    memset(&(name), 0, sizeof(name));                                                              \
    open_whole(&(name))

Test(photos, a_run_hands_over_what_it_has_seen_and_the_next_steps_fetch_it)
{
    WHOLE(w);
    struct photo_rig *g = &w.g;
    vec_push(&g->r.f->runs, (struct fake_run){.trigger = "user"});
    cr_expect_eq(producer_step(w.p), 0u);
    cr_expect_eq(g->r.f->runs.v[0].state, FAKE_SUCCESS);
    cr_assert_eq(g->r.f->photos.n, 1u, "nobody without a picture has a row");
    cr_expect_eq(g->r.f->photos.v[0].len, 7u);
    cr_expect_gt(producer_step(w.p), 0u);
}

Test(photos, a_run_that_is_asked_for_goes_before_further_pictures)
{
    WHOLE(w);
    struct photo_rig *g = &w.g;
    for (int64_t i = 1; i <= 50; i++)
        see(g, i, i);
    g->source.run_wanted = true;
    cr_expect_eq(producer_step(w.p), 0u);
    cr_expect_eq(g->source.calls, 1u);
    cr_expect_eq(g->source.snapshots, 0u);
    cr_expect_eq(producer_step(w.p), 0u);
    cr_expect_eq(g->source.snapshots, 1u);
    cr_expect_eq(g->source.calls, 2u);
}

Test(photos, a_run_whose_pictures_cannot_be_saved_says_so)
{
    WHOLE(w);
    struct photo_rig *g = &w.g;
    vec_push(&g->r.f->runs, (struct fake_run){.trigger = "user"});
    g->r.f->fail = "photos_seen";
    producer_step(w.p);
    cr_expect_eq(g->r.f->runs.v[0].state, FAKE_FAILED);
    cr_expect_eq(logged(g, "all contacts are planned"), 1u);
}

Test(photos, trouble_with_pictures_is_told_once_and_ends_nothing)
{
    WHOLE(w);
    struct photo_rig *g = &w.g;
    see(g, 1, 5);
    for (int i = 0; i < 3; i++) {
        g->r.f->fail = "photos_wanted";
        producer_step(w.p);
        pass(g, 1000);
    }
    cr_expect_eq(logged(g, "pictures have to wait"), 1u);
    while (producer_step(w.p) == 0)
        pass(g, 1000);
    cr_expect_eq(row(g, 1)->len, 5u);
}
