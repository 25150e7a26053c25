/* Which acked offsets may be stored: against a model that remembers everything. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "common/drv/queue_kafka_run.h"

TestSuite(queue_kafka_run);

static struct queue_run run_of(int64_t first, int n)
{
    struct queue_run r;
    queue_run_init(&r);
    for (int i = 0; i < n; i++)
        queue_run_add(&r, first + i);
    return r;
}

Test(queue_kafka_run, nothing_is_stored_before_the_first_is_acked)
{
    struct queue_run r = run_of(100, 3);
    cr_expect(eq(i64, r.end, -1));
    cr_expect(not(queue_run_ack(&r, 101)));
    cr_expect(not(queue_run_ack(&r, 102)));
    cr_expect(eq(i64, r.end, -1));
    cr_expect(queue_run_ack(&r, 100));
    cr_expect(eq(i64, r.end, 103));
    queue_run_release(&r);
}

Test(queue_kafka_run, acks_of_unknown_offsets_do_nothing)
{
    struct queue_run r = run_of(100, 3);
    static const int64_t unknown[] = {-1, 0, 99, 103, INT64_MAX, INT64_MIN};
    for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++)
        cr_expect(not(queue_run_ack(&r, unknown[i])));
    cr_expect(queue_run_ack(&r, 100));
    cr_expect(not(queue_run_ack(&r, 100)), "a second time");
    cr_expect(eq(i64, r.end, 101));
    queue_run_release(&r);
    cr_expect(not(queue_run_ack(&r, 100)), "empty");
}

Test(queue_kafka_run, gaps_between_offsets_hold_nothing_up)
{
    struct queue_run r;
    queue_run_init(&r);
    static const int64_t offsets[] = {5, 9, 10, 4000000000, 4000000007};
    for (size_t i = 0; i < 5; i++)
        queue_run_add(&r, offsets[i]);
    for (size_t i = 5; i-- > 1;)
        cr_expect(not(queue_run_ack(&r, offsets[i])));
    cr_expect(not(queue_run_ack(&r, 7)), "in a gap");
    cr_expect(queue_run_ack(&r, 5));
    cr_expect(eq(i64, r.end, 4000000008));
    queue_run_release(&r);
}

Test(queue_kafka_run, reading_that_is_set_back_forgets_what_comes_again)
{
    struct queue_run r = run_of(0, 10);
    cr_expect(queue_run_ack(&r, 0));
    cr_expect(not(queue_run_ack(&r, 6)));
    queue_run_add(&r, 5); /* 5 to 9 come again */
    for (int64_t o = 1; o < 5; o++)
        queue_run_ack(&r, o);
    cr_expect(eq(i64, r.end, 5));
    queue_run_ack(&r, 5);
    queue_run_add(&r, 6);
    cr_expect(eq(i64, r.end, 6), "6 was acked before it came again");
    queue_run_add(&r, 0); /* the topic was made anew */
    cr_expect(queue_run_ack(&r, 0));
    cr_expect(eq(i64, r.end, 1));
    queue_run_release(&r);
}

Test(queue_kafka_run, agrees_with_a_model_over_random_acks)
{
    enum { N = 4000, WINDOW = 700 };
    static bool known[N], acked[N];
    struct queue_run r;
    queue_run_init(&r);
    uint64_t x = 88172645463325252u;
    int next = 0, first = 0; /* first: lowest known offset that is not acked */
    int64_t end = -1;
    while (first < N) {
        x ^= x << 13, x ^= x >> 7, x ^= x << 17;
        if (next < N && next - first < WINDOW && (x & 1)) {
            if (x & 14) { /* else a gap */
                known[next] = true;
                queue_run_add(&r, next);
            }
            next++;
        } else if (next > first) {
            int o = first + (int)((x >> 20) % (uint64_t)(next - first));
            bool fresh = known[o] && !acked[o];
            acked[o] |= fresh;
            int64_t before = end;
            for (int k = first; k < next && (!known[k] || acked[k]); k++)
                if (known[k])
                    end = k + 1;
            cr_assert(eq(int, queue_run_ack(&r, o), before != end), "offset %d", o);
            cr_assert(eq(i64, r.end, end));
        }
        while (first < next && (!known[first] || acked[first]))
            first++;
    }
    cr_expect(eq(sz, r.n, 0));
    queue_run_release(&r);
}
