#include "producer/redrive.h"

#include "common/base/arena.h"

#include "producer/publish.h"

enum { BATCH = 5000, POSITIONS_TIMEOUT_MS = 15000, ARENA_MAX = 256 << 20 };

/* Where the group stands. Owned by whoever ends last, as in publish.c. */
struct positions {
    bool done, abandoned, failed;
    struct err err;
    struct arena *arena;
    const struct queue_position *v;
    size_t n;
};

static void positions_free(struct positions *p)
{
    arena_free(p->arena);
    free(p);
}

static void
got_positions(const struct queue_position *v, size_t n, const struct err *err, void *user)
{
    struct positions *p = user;
    if (p->abandoned) {
        positions_free(p);
        return;
    }
    p->failed = err != NULL;
    if (err)
        p->err = *err;
    p->v = arena_memdup(p->arena, v, n * sizeof(*v));
    p->n = n;
    p->done = true;
}

static struct positions *ask_positions(const struct redrive_parts *rp, struct err *err)
{
    struct positions *p = xalloc(sizeof(*p));
    p->arena = arena_new("positions", 16 << 20);
    rp->queue->ops->positions(rp->queue, got_positions, p);
    if (loop_wait(rp->loop, &p->done, POSITIONS_TIMEOUT_MS) < 0) {
        p->abandoned = true;
        err_set(err, SCOPE_REMOTE, WHEN_LATER, "redrive.positions",
                "the queue does not say how far its consumers are");
        return NULL;
    }
    if (!p->failed)
        return p;
    *err = p->err;
    positions_free(p);
    return NULL;
}

static enum task_op op_of(const struct plan_offered *v)
{
    if (v->person == PLAN_PROBE)
        return TASK_PROBE;
    if (!v->person)
        return TASK_CLEAR;
    return v->deletes ? TASK_DELETE : TASK_UPSERT;
}

static int publish(struct publisher *pub, const struct plan_offered *v, size_t n, struct err *err)
{
    for (size_t i = 0; i < n; i++) {
        int64_t person = v[i].person > 0 ? v[i].person : 0;
        if (publisher_send(pub, op_of(&v[i]), v[i].mailbox, person, v[i].gen, v[i].urgent, err) < 0)
            return -1;
    }
    return publisher_confirm(pub, err);
}

static int batch(const struct redrive_parts *p,
                 const struct positions *pos,
                 struct publisher *pub,
                 struct arena *a,
                 bool *more,
                 struct err *err)
{
    struct plan_offered *v;
    size_t n;
    int64_t offer;
    const char *id = p->queue->ops->id(p->queue);
    if (publisher_offer(pub, &offer, err) < 0)
        return -1;
    if (p->store->ops->redrive(p->store, a, id, pos->v, pos->n, offer, p->undelivered_ms, BATCH, &v,
                               &n, more, err) < 0)
        return -1;
    if (n == 0) { /* the empty offer waits for the next use of this publisher, or is swept */
        *more = false;
        return 0;
    }
    return publish(pub, v, n, err);
}

int redrive_pass(const struct redrive_parts *p, size_t *ret_messages, struct err *err)
{
    struct positions *pos = ask_positions(p, err);
    if (!pos)
        return -1;
    autovalue(publisher_release) struct publisher pub = {
        .loop = p->loop, .store = p->store, .queue = p->queue};
    autoptr(arena_free) struct arena *a = arena_new("redrive", ARENA_MAX);
    bool more = true;
    int rc = 0;
    while (rc == 0 && more && !loop_quitting(p->loop)) {
        arena_reset(a);
        rc = batch(p, pos, &pub, a, &more, err);
    }
    *ret_messages = pub.total;
    positions_free(pos);
    return rc;
}
