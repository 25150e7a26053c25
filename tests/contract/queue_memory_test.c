/* The queue inside one process keeps the port's promises. */
#include "common/drv/queue_memory.h"
#include "tests/contract/queue_contract.h"

/* One time-out for the suite: one on each test as well makes Criterion 2.4.1 leak. */
TestSuite(queue_memory, .timeout = 120);

static struct queue *any; /* a member to join; the queue lives as long as its last one */

static void queue_contract_begin(void)
{
    any = queue_memory_new(qc_loop);
}

static struct queue *queue_contract_member(void)
{
    return queue_memory_join(any);
}

static struct queue *queue_contract_small(void)
{
    return queue_contract_member();
}

static void queue_contract_end(void)
{
    queue_free(any);
}

QUEUE_CONTRACT(queue_memory)

Test(queue_memory, each_queue_has_an_id_of_its_own)
{
    autoptr(loop_free) struct loop *l = loop_new(clock_real());
    autoptr(queue_free) struct queue *a = queue_memory_new(l), *b = queue_memory_new(l);
    cr_expect(ne(str, (char *)(uintptr_t)a->ops->id(a), (char *)(uintptr_t)b->ops->id(b)));
}

Test(queue_memory, works_without_time_passing)
{
    struct clock_fake clock;
    clock_fake_init(&clock, 1764000000000);
    qc_loop = loop_new(&clock.clock);
    any = queue_memory_new(qc_loop);
    {
        qc_member(a);
        qc_open(&a);
        qc_subscribe(&a);
        qc_publish_n(&a, QUEUE_TASKS, "k", 3000);
        QC_UNTIL(a.got.n == 3000 && loop_next_due_ms(qc_loop) == -1);
    }
    queue_free(any);
    loop_free(qc_loop);
}

Test(queue_memory, a_message_may_be_acked_and_answered_from_its_handler)
{
    qc_loop = loop_new(clock_real());
    any = queue_memory_new(qc_loop);
    {
        qc_member(a);
        qc_open(&a);
        a.acks = true;
        qc_subscribe(&a);
        for (int round = 0; round < 20; round++)
            qc_publish_n(&a, QUEUE_TASKS, "k", 500);
        QC_UNTIL(a.got.n == 10000);
        cr_expect(eq(i64, qc_debug(&a, "ready", "tasks"), 0));
    }
    queue_free(any);
    loop_free(qc_loop);
}
