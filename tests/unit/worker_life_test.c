/* The end of a worker: the loop goes on without it. */
#include <criterion/criterion.h>

#include "common/base/metrics.h"

#include "common/drv/ledger_memory.h"
#include "common/drv/queue_memory.h"
#include "worker/memory/memory_store.h"
#include "worker/worker.h"

static void never(void *user)
{
    (void)user;
    cr_assert_fail("a worker that is gone has stopped");
}

Test(worker_life, what_was_to_be_done_next_goes_with_the_worker)
{
    struct loop *l = loop_new(clock_real());
    struct ledger_memory_rows *rows = ledger_memory_rows_new(clock_real());
    struct memory_store *store = memory_store_new(l, &(struct memory_options){0});
    struct metrics *m = metrics_new();
    const struct worker_settings s = {.connections = 1,
                                      .lease_ttl_ms = 60000,
                                      .batch_start = 1,
                                      .pending_max = 10,
                                      .beat_ms = 60000,
                                      .drain_ms = 1000};
    const struct worker_parts parts = {.loop = l,
                                       .queue = queue_memory_new(l),
                                       .ledger = ledger_memory_new(rows, l),
                                       .store = memory_store_port(store),
                                       .metrics = m};
    struct worker *w = worker_new(&parts, &s);
    struct err err;
    cr_assert_eq(worker_start(w, &err), 0);
    for (int i = 0; i < 10; i++) /* its first word to the rows is answered */
        loop_turn(l, 0);
    worker_drain(w, never, NULL);
    worker_free(w);
    queue_free(parts.queue);
    for (int i = 0; i < 10; i++)
        loop_turn(l, 0);
    ledger_free(parts.ledger);
    ledger_memory_rows_free(rows);
    contact_store_free(parts.store);
    metrics_free(m);
    loop_free(l);
}
