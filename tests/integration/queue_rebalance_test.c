/*
 * A second member joins and leaves under load, again and again, on the brokers that
 * CONTACT_SYNC_TEST_KAFKA names: no assignment is lost, every message is handed over, and all of
 * them are committed in the end. Prints how long the first member went without a message.
 *
 * The second member is a thread with a loop and a queue of its own.
 */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "common/base/guid.h"
#include "common/base/metrics.h"
#include "common/base/str.h"
#include "common/base/vec.h"

#include "common/drv/queue_kafka.h"
#include "common/net/loop.h"

enum {
    PARTITIONS = 12,
    EVERY_MS = 20,
    AT_ONCE = 10, /* 500 messages a second */
    ACK_MS = 30,
    STAY_MS = 1500,
    CALM_MS = 500,
    LIMIT_MS = 30000,
    MESSAGES_MAX = 200000
};

struct debt {
    enum queue_topic topic;
    int32_t partition;
    int64_t offset;
};

struct member {
    struct loop *loop;
    struct metrics *metrics;
    struct queue *q;
    struct loop_timer *acks;
    vec(struct debt) owed;
    uint64_t received, doubled;
    int64_t last_ms, longest_gap_ms, first_ms;
    int troubles;
};

static char prefix[64];
static const struct queue_kafka_property *properties;
static size_t n_properties;
static atomic_uchar seen[MESSAGES_MAX]; /* by number: handed over to somebody */
static int published;

static int64_t now(void)
{
    return clock_now(clock_real());
}

/* --- a member -------------------------------------------------------------------------- */

/* The last of what is owed first, some only the next time: acks out of order. */
static void ack_some(void *user)
{
    struct member *m = user;
    m->acks = loop_after(m->loop, ACK_MS, ack_some, m);
    size_t keep = m->owed.n / 4;
    while (m->owed.n > keep) {
        const struct debt *d = &m->owed.v[--m->owed.n];
        m->q->ops->ack(m->q, d->topic, d->partition, d->offset);
    }
}

static void message(const struct queue_message *msg, void *user)
{
    struct member *m = user;
    char text[16] = "";
    memcpy(text, msg->value, msg->value_len < 15 ? msg->value_len : 15);
    int number = atoi(text);
    int64_t t = now();
    if (m->last_ms && t - m->last_ms > m->longest_gap_ms)
        m->longest_gap_ms = t - m->last_ms;
    m->last_ms = t;
    if (!m->first_ms)
        m->first_ms = t;
    m->received++;
    if (atomic_exchange(&seen[number], 1))
        m->doubled++;
    vec_push(&m->owed, (struct debt){msg->topic, msg->partition, msg->offset});
}

static void revoked(enum queue_topic topic, int32_t partition, void *user)
{
    struct member *m = user;
    for (size_t i = 0; i < m->owed.n;)
        if (m->owed.v[i].topic == topic && m->owed.v[i].partition == partition)
            vec_swap_remove(&m->owed, i);
        else
            i++;
}

static void trouble(const struct err *err, void *user)
{
    struct member *m = user;
    fprintf(stderr, "trouble: %s\n", err->text);
    m->troubles++;
}

static void member_start(struct member *m)
{
    struct err err;
    *m = (struct member){.loop = loop_new(clock_real()), .metrics = metrics_new()};
    const struct queue_kafka_config cfg = {
        .loop = m->loop,
        .metrics = m->metrics,
        .bootstrap = getenv("CONTACT_SYNC_TEST_KAFKA"),
        .topic_prefix = prefix,
        .partitions = PARTITIONS,
        .replication = -1,
        .consumer = true,
        .properties = properties,
        .n_properties = n_properties,
    };
    const struct queue_handlers h = {message, revoked, trouble, m};
    int rc = queue_kafka_new(&cfg, &m->q, &err);
    cr_assert(eq(int, rc, 0), "%s", err.text);
    rc = m->q->ops->subscribe(m->q, &h, &err);
    cr_assert(eq(int, rc, 0), "%s", err.text);
    m->acks = loop_after(m->loop, ACK_MS, ack_some, m);
}

static double lost(const struct member *m)
{
    return metric_value(metrics_counter(m->metrics, "contact_sync_assignment_lost_total",
                                        "Times the group took all partitions from this member"));
}

static void member_stop(struct member *m)
{
    loop_cancel(m->acks);
    m->q->ops->close(m->q, 8000);
    queue_free(m->q);
    metrics_free(m->metrics);
    loop_free(m->loop);
    vec_release(&m->owed);
}

/* --- the second member ----------------------------------------------------------------- */

struct second {
    pthread_t thread;
    atomic_bool has_work, leave, gone;
    int64_t joined_ms; /* the rest is to be read when it is gone */
    int64_t first_after_ms, left_after_ms;
    uint64_t received, doubled;
    double lost;
};

static void *second_run(void *user)
{
    struct second *s = user;
    struct member m;
    s->joined_ms = now();
    member_start(&m);
    while (!atomic_load(&s->leave)) {
        loop_turn(m.loop, 20);
        if (m.first_ms)
            atomic_store(&s->has_work, true);
    }
    s->first_after_ms = m.first_ms - s->joined_ms;
    s->received = m.received;
    s->doubled = m.doubled;
    s->lost = lost(&m);
    int64_t t = now();
    member_stop(&m);
    s->left_after_ms = now() - t;
    atomic_store(&s->gone, true);
    return NULL;
}

/* --- the load and the rounds ----------------------------------------------------------- */

static struct member first;
static struct loop_timer *load;

static void publish_some(void *user)
{
    struct err err;
    (void)user;
    load = loop_after(first.loop, EVERY_MS, publish_some, NULL);
    for (int i = 0; i < AT_ONCE && published < MESSAGES_MAX; i++) {
        char key[16], value[16];
        snprintf(key, sizeof(key), "%d", published % 997);
        int n = snprintf(value, sizeof(value), "%d", published);
        enum queue_topic t = published % 10 ? QUEUE_TASKS : QUEUE_URGENT;
        int rc = first.q->ops->publish(first.q, t, key, strlen(key), value, (size_t)n, 0, &err);
        cr_assert(eq(int, rc, 0), "%s", rc < 0 ? err.text : "full");
        published++;
    }
}

static void turn_for(int64_t ms)
{
    int64_t until = now() + ms;
    while (now() < until)
        loop_turn(first.loop, until - now());
}

static void turn_until(atomic_bool *flag, const char *what)
{
    int64_t until = now() + LIMIT_MS;
    while (!atomic_load(flag)) {
        cr_assert(lt(i64, now(), until), "%s", what);
        loop_turn(first.loop, 20);
    }
}

static void one_round(int number, double *losses)
{
    struct second s = {0};
    first.longest_gap_ms = 0;
    pthread_create(&s.thread, NULL, second_run, &s);
    turn_until(&s.has_work, "the second member got no message");
    turn_for(STAY_MS);
    atomic_store(&s.leave, true);
    turn_until(&s.gone, "the second member did not end");
    pthread_join(s.thread, NULL);
    turn_for(CALM_MS);
    printf("round %2d: second member's first message after %" PRId64 " ms, %" PRIu64
           " messages, left in %" PRId64 " ms; longest gap of the first %" PRId64
           " ms; handed over twice so far %" PRIu64 "\n",
           number, s.first_after_ms, s.received, s.left_after_ms, first.longest_gap_ms,
           first.doubled + s.doubled);
    *losses += s.lost;
}

struct positions {
    bool told, all_done;
};

static void
got_positions(const struct queue_position *p, size_t n, const struct err *err, void *user)
{
    struct positions *s = user;
    s->told = true;
    s->all_done = !err && n > 0;
    for (size_t i = 0; i < n; i++)
        s->all_done &= p[i].committed == p[i].end;
}

/* Everything published is received, acked and committed. */
static void settle(void)
{
    int64_t until = now() + LIMIT_MS;
    struct positions p = {0};
    while (!p.all_done) {
        cr_assert(lt(i64, now(), until), "not everything was committed");
        p.told = false;
        first.q->ops->positions(first.q, got_positions, &p);
        while (!p.told)
            loop_turn(first.loop, 20);
    }
    int missing = 0;
    for (int i = 0; i < published; i++)
        if (!atomic_load(&seen[i]) && ++missing <= 20)
            printf("message %d never came\n", i);
    autovalue(str_release) struct str debug = STR_INIT(65536);
    first.q->ops->debug(first.q, &debug);
    cr_expect(eq(int, missing, 0), "%s", debug.p);
}

static void rounds(const char *name, int n)
{
    struct guid g;
    char text[GUID_TEXT];
    guid_random(&g);
    snprintf(prefix, sizeof(prefix), "test-%s.", guid_format(&g, text));
    member_start(&first);
    publish_some(NULL);
    int64_t until = now() + LIMIT_MS;
    while (!first.received && now() < until)
        loop_turn(first.loop, 20);
    int64_t longest = 0;
    double losses = 0;
    for (int i = 1; i <= n; i++) {
        one_round(i, &losses);
        if (first.longest_gap_ms > longest)
            longest = first.longest_gap_ms;
    }
    loop_cancel(load);
    settle();
    losses += lost(&first);
    printf("%s: %d joins and leaves, %d messages, assignments lost %.0f, longest gap %" PRId64
           " ms\n",
           name, n, published, losses, longest);
    fflush(stdout);
    cr_expect(eq(dbl, losses, 0));
    cr_expect(eq(int, first.troubles, 0));
    member_stop(&first);
}

Test(queue_rebalance, ten_joins_and_leaves_lose_no_assignment, .timeout = 280)
{
    rounds("range", 10);
}

Test(queue_rebalance, the_other_assignor_works_as_well, .timeout = 280)
{
    static const struct queue_kafka_property sticky[] = {
        {"partition.assignment.strategy", "cooperative-sticky"}};
    properties = sticky;
    n_properties = 1;
    rounds("cooperative-sticky", 3);
}

int main(int argc, char **argv)
{
    if (!getenv("CONTACT_SYNC_TEST_KAFKA")) {
        printf("skipped: CONTACT_SYNC_TEST_KAFKA does not name brokers\n");
        return 77;
    }
    struct criterion_test_set *tests = criterion_initialize();
    int failed = 0;
    if (criterion_handle_args(argc, argv, true))
        failed = !criterion_run_all_tests(tests);
    criterion_finalize(tests);
    return failed;
}
