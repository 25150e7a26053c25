/*
 * queue_contract: what common/port/queue.h promises, as tests that every driver's test file runs.
 *
 * A driver's file gives what queue_rig.h asks for and then has the line
 *     QUEUE_CONTRACT(suite)
 * Members opened by one test share one queue, empty at first, whose task topics have at least two
 * partitions.
 */
#ifndef SYNC_TESTS_CONTRACT_QUEUE_CONTRACT_H
#define SYNC_TESTS_CONTRACT_QUEUE_CONTRACT_H

#include <poll.h>

#include "tests/contract/queue_rig.h"

static void qc_messages_arrive_with_their_bytes(void)
{
    qc_member(a);
    qc_open(&a);
    qc_subscribe(&a);
    qc_publish(&a, QUEUE_TASKS, "1", "one", 1);
    qc_publish(&a, QUEUE_URGENT, "2", "", 1);
    cr_assert(eq(int, qc_publish_raw(&a, QUEUE_TASKS, "", 0, "\0x\xff", 3, 1), 0));
    qc_confirm(&a, 1);
    QC_UNTIL(a.got.n >= 3);
    cr_expect(eq(sz, a.got.n, 3));
    cr_expect(eq(sz, qc_count(&a, "1", "one"), 1));
    cr_expect(eq(sz, qc_count(&a, "2", ""), 1));
    vec_foreach (g, &a.got) {
        cr_expect(eq(int, g->topic == QUEUE_URGENT, !strcmp(g->key, "2")));
        if (g->key_len == 0) {
            cr_expect(eq(sz, g->value_len, 3));
            cr_expect(eq(int, memcmp(g->value, "\0x\xff", 3), 0));
        }
    }
}

static void qc_random_bytes_do_no_harm(void)
{
    enum { N = 200, MAX = 70000 };
    static char bytes[MAX];
    qc_member(a);
    qc_open(&a);
    qc_subscribe(&a);
    uint32_t x = 2463534242u;
    size_t total = 0, got = 0;
    for (int i = 0; i < N; i++) {
        for (int k = 0; k < MAX; k += 4) {
            x ^= x << 13, x ^= x >> 17, x ^= x << 5;
            memcpy(bytes + k, &x, 4);
        }
        size_t n = i % 50 ? x % 300 : MAX, key = x >> 16 & 31;
        cr_assert(
            eq(int, qc_publish_raw(&a, (enum queue_topic)(x & 1), bytes, key, bytes, n, 1), 0));
        total += n + key;
    }
    qc_confirm(&a, 1);
    QC_UNTIL(a.got.n >= N);
    vec_foreach (g, &a.got) {
        got += g->key_len + g->value_len;
        size_t same = g->key_len < g->value_len ? g->key_len : g->value_len;
        cr_expect(eq(int, memcmp(g->key, g->value, same), 0));
    }
    cr_expect(eq(sz, got, total));
}

static void qc_a_key_keeps_its_partition_and_order(void)
{
    enum { KEYS = 7, EACH = 30 };
    qc_member(a);
    qc_open(&a);
    for (int i = 0; i < KEYS * EACH; i++) {
        char key[16], value[16];
        snprintf(key, sizeof(key), "key %d", i % KEYS);
        snprintf(value, sizeof(value), "%d", i / KEYS);
        qc_publish(&a, QUEUE_TASKS, key, value, 1);
    }
    qc_confirm(&a, 1);
    qc_subscribe(&a);
    QC_UNTIL(a.got.n >= KEYS * EACH);
    int next[KEYS] = {0}, partition[KEYS];
    vec_foreach (g, &a.got) {
        int k = g->key[4] - '0';
        if (next[k] == 0)
            partition[k] = g->partition;
        cr_expect(eq(int, atoi(g->value), next[k]), "key %d", k);
        cr_expect(eq(int, g->partition, partition[k]), "key %d", k);
        next[k]++;
    }
}

static void qc_a_group_ends_where_its_last_messages_lie(void)
{
    qc_member(a);
    qc_open(&a);
    struct qc_done d = {0}, empty = {0};
    qc_publish_n(&a, QUEUE_TASKS, "other group", 3);
    for (int i = 0; i < 20; i++) {
        char key[16];
        snprintf(key, sizeof(key), "%d", i);
        qc_publish(&a, i % 5 ? QUEUE_TASKS : QUEUE_URGENT, key, "x", 11);
    }
    qc_end(&a, 11, &d);
    qc_end(&a, 12, &empty);
    QC_UNTIL(d.times && empty.times);
    cr_expect(not(d.failed));
    cr_expect(not(empty.failed));
    cr_expect(eq(sz, empty.ends.n, 0));
    qc_subscribe(&a);
    QC_UNTIL(a.got.n >= 23);
    for (size_t i = 0; i < d.ends.n; i++) {
        const struct queue_end *e = &d.ends.v[i];
        int64_t highest = -1;
        vec_foreach (g, &a.got)
            if (g->topic == e->topic && g->partition == e->partition && !strcmp(g->value, "x") &&
                g->offset > highest)
                highest = g->offset;
        cr_expect(eq(i64, e->end, highest + 1));
        for (size_t k = 0; k < i; k++)
            cr_expect(d.ends.v[k].topic != e->topic || d.ends.v[k].partition != e->partition);
    }
    vec_foreach (g, &a.got) {
        bool covered = strcmp(g->value, "x") != 0;
        vec_foreach (e, &d.ends)
            covered |= e->topic == g->topic && e->partition == g->partition;
        cr_expect(covered, "partition %d has no end", g->partition);
    }
    cr_expect(eq(int, d.times, 1));
    vec_release(&d.ends);
}

static void qc_a_group_number_can_be_used_again(void)
{
    qc_member(a);
    qc_open(&a);
    struct qc_done first = {0}, second = {0};
    qc_publish(&a, QUEUE_TASKS, "k", "1", 5);
    qc_end(&a, 5, &first);
    qc_publish(&a, QUEUE_TASKS, "k", "2", 5);
    qc_end(&a, 5, &second);
    QC_UNTIL(first.times && second.times);
    cr_assert(eq(sz, first.ends.n, 1));
    cr_assert(eq(sz, second.ends.n, 1));
    cr_expect(eq(i64, second.ends.v[0].end, first.ends.v[0].end + 1));
    vec_release(&first.ends);
    vec_release(&second.ends);
}

static void qc_closing_ends_every_group_once(void)
{
    qc_member(a);
    qc_open(&a);
    struct qc_done d = {0};
    for (int i = 0; i < 50; i++)
        qc_publish(&a, QUEUE_TASKS, "k", "x", 5);
    qc_end(&a, 5, &d);
    qc_leave(&a);
    cr_expect(eq(int, d.times, 1));
    vec_release(&d.ends);
}

static void qc_what_was_not_acked_comes_to_the_next_member(void)
{
    qc_member(a);
    qc_member(b);
    qc_open(&a);
    qc_publish_n(&a, QUEUE_TASKS, "k", 10);
    qc_publish_n(&a, QUEUE_URGENT, "k", 3);
    qc_subscribe(&a);
    QC_UNTIL(a.got.n == 13);
    qc_leave(&a);
    qc_open(&b);
    qc_subscribe(&b);
    QC_UNTIL(b.got.n == 13);
}

static void qc_what_was_acked_does_not_come_again(void)
{
    qc_member(a);
    qc_member(b);
    qc_open(&a);
    qc_publish_n(&a, QUEUE_TASKS, "k", 10);
    qc_subscribe(&a);
    QC_UNTIL(a.got.n == 10);
    for (int i = 9; i >= 0; i--) /* in any order */
        qc_ack(&a, &a.got.v[i]);
    qc_leave(&a);
    qc_open(&b);
    qc_publish(&b, QUEUE_TASKS, "k", "new", 0);
    qc_subscribe(&b);
    QC_UNTIL(qc_count(&b, "k", "new"));
    cr_expect(eq(sz, b.got.n, 1));
}

static void qc_a_gap_holds_the_commit(void)
{
    qc_member(a);
    qc_member(b);
    qc_open(&a);
    qc_publish_n(&a, QUEUE_TASKS, "k", 10);
    qc_subscribe(&a);
    QC_UNTIL(a.got.n == 10);
    int32_t p = a.got.v[0].partition;
    int64_t first = a.got.v[0].offset;
    for (int i = 0; i < 10; i++)
        if (i != 2)
            qc_ack(&a, &a.got.v[i]);
    QC_UNTIL(qc_position(&a, QUEUE_TASKS, p).committed == first + 2);
    qc_leave(&a);
    qc_open(&b);
    qc_subscribe(&b);
    QC_UNTIL(qc_count(&b, "k", "2"));
    cr_expect(eq(sz, qc_count(&b, "k", "0"), 0));
    cr_expect(eq(sz, qc_count(&b, "k", "1"), 0));
    cr_expect(eq(i64, qc_position(&b, QUEUE_TASKS, p).committed, first + 2));
}

static void qc_positions_tell_how_far_the_group_is(void)
{
    qc_member(a);
    qc_open(&a);
    qc_publish_n(&a, QUEUE_TASKS, "k", 10);
    struct qc_positions p1 = {0}, p2 = {0};
    QC_CALL(a.q->ops->positions(a.q, qc_told, &p1));
    QC_CALL(a.q->ops->positions(a.q, qc_told, &p2));
    QC_UNTIL(p1.times && p2.times);
    int64_t waiting = 0;
    bool urgent = false;
    vec_foreach (e, &p1.v) {
        cr_expect(eq(i64, e->committed, 0));
        waiting += e->end;
        urgent |= e->topic == QUEUE_URGENT;
    }
    cr_expect(eq(i64, waiting, 10));
    cr_expect(urgent);
    cr_expect(ge(sz, p1.v.n, 4));
    cr_expect(eq(sz, p1.v.n, p2.v.n));
    a.acks = true;
    qc_subscribe(&a);
    QC_UNTIL(a.got.n == 10);
    int32_t part = a.got.v[0].partition;
    QC_UNTIL(qc_position(&a, QUEUE_TASKS, part).committed == a.got.v[9].offset + 1);
    cr_expect(eq(i64, qc_position(&a, QUEUE_TASKS, part).end, a.got.v[9].offset + 1));
    vec_release(&p1.v);
    vec_release(&p2.v);
}

static void qc_acks_of_what_is_not_ours_are_ignored(void)
{
    qc_member(a);
    qc_open(&a);
    qc_publish_n(&a, QUEUE_TASKS, "k", 3);
    qc_subscribe(&a);
    QC_UNTIL(a.got.n == 3);
    const struct qc_got *g = &a.got.v[0];
    static const int64_t offsets[] = {-1, INT64_MIN, INT64_MAX, 3, 1000000};
    for (size_t i = 0; i < ARRAY_LEN(offsets); i++)
        QC_CALL(a.q->ops->ack(a.q, QUEUE_TASKS, g->partition, offsets[i]));
    QC_CALL(a.q->ops->ack(a.q, QUEUE_TASKS, -1, 0));
    QC_CALL(a.q->ops->ack(a.q, QUEUE_TASKS, INT32_MAX, 0));
    QC_CALL(a.q->ops->ack(a.q, QUEUE_URGENT, g->partition, 0));
    QC_CALL(a.q->ops->ack(a.q, QUEUE_DEAD, 0, 0));
    qc_ack(&a, g);
    qc_ack(&a, g);
    QC_UNTIL(qc_position(&a, QUEUE_TASKS, g->partition).committed == g->offset + 1);
}

static void qc_urgent_messages_overtake_waiting_ones(void)
{
    qc_member(a);
    qc_open(&a);
    qc_publish_n(&a, QUEUE_TASKS, "k", 5000);
    qc_subscribe(&a);
    QC_UNTIL(a.got.n);
    size_t before = a.got.n;
    qc_publish(&a, QUEUE_URGENT, "k", "now", 0);
    for (int i = 0; i < 5000 && qc_debug(&a, "ready", "urgent") == 0; i++)
        poll(NULL, 0, 2); /* not turning the loop: it would hand over what waits */
    cr_assert(eq(i64, qc_debug(&a, "ready", "urgent"), 1));
    cr_assert(gt(i64, qc_debug(&a, "ready", "tasks"), 0), "nothing to overtake");
    QC_UNTIL(a.got.n > before);
    cr_expect(eq(str, a.got.v[before].value, (char *)"now"));
    QC_UNTIL(a.got.n == 5001);
}

static void qc_pause_stops_the_flow_and_nothing_is_lost_or_doubled(void)
{
    enum { ROUNDS = 5, EACH = 300 };
    qc_member(a);
    qc_open(&a);
    a.acks = true;
    qc_publish_n(&a, QUEUE_TASKS, "k", EACH);
    qc_subscribe(&a);
    QC_UNTIL(a.got.n);
    for (int r = 1; r <= ROUNDS; r++) {
        QC_CALL(a.q->ops->pause(a.q, true));
        QC_CALL(a.q->ops->pause(a.q, true));
        size_t held = a.got.n;
        qc_publish_n(&a, QUEUE_TASKS, "k", EACH);
        qc_publish_n(&a, QUEUE_URGENT, "k", 1);
        qc_position(&a, QUEUE_TASKS, 0);
        cr_expect(eq(sz, a.got.n, held));
        QC_CALL(a.q->ops->pause(a.q, false));
        QC_CALL(a.q->ops->pause(a.q, false));
        QC_UNTIL(a.got.n > held);
    }
    QC_UNTIL(a.got.n >= EACH + ROUNDS * (EACH + 1));
    qc_publish_n(&a, QUEUE_TASKS, "k", 1);
    QC_UNTIL(a.got.n >= EACH + ROUNDS * (EACH + 1) + 1);
    cr_expect(eq(sz, a.got.n, EACH + ROUNDS * (EACH + 1) + 1));
    int64_t next[2] = {0};
    vec_foreach (g, &a.got)
        cr_expect(eq(i64, g->offset, next[g->topic]++));
}

static void qc_pause_holds_for_partitions_that_come_later(void)
{
    qc_member(a);
    qc_open(&a);
    qc_publish_n(&a, QUEUE_TASKS, "k", 10);
    QC_CALL(a.q->ops->pause(a.q, true));
    qc_subscribe(&a);
    QC_UNTIL(qc_debug(&a, "partitions", "tasks") > 0);
    qc_publish_n(&a, QUEUE_TASKS, "k", 10);
    cr_expect(eq(sz, a.got.n, 0));
    QC_CALL(a.q->ops->pause(a.q, false));
    QC_UNTIL(a.got.n >= 20);
    cr_expect(eq(sz, a.got.n, 20));
}

static void qc_a_full_queue_says_so_and_recovers(void)
{
    qc_member(a);
    a.q = queue_contract_small();
    a.acks = true;
    int rc = 0;
    char key[16];
    for (int i = 0; i < 1200000 && rc == 0; i++) {
        snprintf(key, sizeof(key), "%d", i % 1000);
        rc = qc_publish_raw(&a, QUEUE_TASKS, key, strlen(key), "x", 1, 0);
    }
    cr_assert(eq(int, rc, 1));
    qc_subscribe(&a);
    QC_UNTIL(qc_publish_raw(&a, QUEUE_TASKS, key, strlen(key), "x", 1, 0) == 0);
}

static void qc_a_second_member_takes_over_partitions(void)
{
    enum { KEYS = 60 };
    qc_member(a);
    qc_member(b);
    qc_open(&a);
    for (int i = 0; i < KEYS; i++) {
        char key[16];
        snprintf(key, sizeof(key), "%d", i);
        qc_publish(&a, QUEUE_TASKS, key, "x", 1);
    }
    qc_confirm(&a, 1);
    qc_subscribe(&a);
    QC_UNTIL(a.got.n == KEYS);
    qc_open(&b);
    cr_expect(eq(str, (char *)(uintptr_t)b.q->ops->id(b.q), (char *)(uintptr_t)a.q->ops->id(a.q)));
    qc_subscribe(&b);
    QC_UNTIL(b.got.n > 0 && qc_debug(&b, "partitions", "tasks") > 0 &&
             qc_debug(&a, "partitions", "tasks") > 0);
    vec_foreach (g, &b.got) { /* only what a was told to have lost */
        bool told = false;
        vec_foreach (r, &a.revoked)
            told |= r->topic == g->topic && r->partition == g->partition;
        cr_expect(told, "partition %d", g->partition);
        qc_ack(&a, g); /* ignored: it is b's now */
    }
    int32_t part = b.got.v[0].partition;
    cr_expect(eq(i64, qc_position(&b, QUEUE_TASKS, part).committed, 0));
    qc_leave(&b);
    size_t held = a.got.n;
    QC_UNTIL(a.got.n > held); /* comes back */
}

#define QUEUE_CONTRACT_TEST(suite, name)                                                           \
    Test(suite, name)                                                                              \
    {                                                                                              \
        qc_loop = loop_new(clock_real());                                                          \
        queue_contract_begin();                                                                    \
        qc_##name();                                                                               \
        queue_contract_end();                                                                      \
        loop_free(qc_loop);                                                                        \
    }

#define QUEUE_CONTRACT(suite)                                                                      \
    QUEUE_CONTRACT_TEST(suite, messages_arrive_with_their_bytes)                                   \
    QUEUE_CONTRACT_TEST(suite, random_bytes_do_no_harm)                                            \
    QUEUE_CONTRACT_TEST(suite, a_key_keeps_its_partition_and_order)                                \
    QUEUE_CONTRACT_TEST(suite, a_group_ends_where_its_last_messages_lie)                           \
    QUEUE_CONTRACT_TEST(suite, a_group_number_can_be_used_again)                                   \
    QUEUE_CONTRACT_TEST(suite, closing_ends_every_group_once)                                      \
    QUEUE_CONTRACT_TEST(suite, what_was_not_acked_comes_to_the_next_member)                        \
    QUEUE_CONTRACT_TEST(suite, what_was_acked_does_not_come_again)                                 \
    QUEUE_CONTRACT_TEST(suite, a_gap_holds_the_commit)                                             \
    QUEUE_CONTRACT_TEST(suite, positions_tell_how_far_the_group_is)                                \
    QUEUE_CONTRACT_TEST(suite, acks_of_what_is_not_ours_are_ignored)                               \
    QUEUE_CONTRACT_TEST(suite, urgent_messages_overtake_waiting_ones)                              \
    QUEUE_CONTRACT_TEST(suite, pause_stops_the_flow_and_nothing_is_lost_or_doubled)                \
    QUEUE_CONTRACT_TEST(suite, pause_holds_for_partitions_that_come_later)                         \
    QUEUE_CONTRACT_TEST(suite, a_full_queue_says_so_and_recovers)                                  \
    QUEUE_CONTRACT_TEST(suite, a_second_member_takes_over_partitions)

#endif
