/*
 * publish_support: a queue that does as it is told.
 */
#ifndef SYNC_TESTS_UNIT_PUBLISH_SUPPORT_H
#define SYNC_TESTS_UNIT_PUBLISH_SUPPORT_H

#include <criterion/criterion.h>

#include "common/core/message.h"
#include "producer/publish.h"
#include "producer/redrive.h"
#include "tests/support/plan_store_fake.h"

struct sent {
    enum queue_topic topic;
    struct task task;
    uint64_t group;
};

struct group {
    queue_group_done done;
    void *user;
    uint64_t id;
};

struct scripted_queue {
    struct queue base;
    struct loop *loop;
    vec(struct sent) sent;
    vec(struct group) groups; /* ended, to be answered */
    size_t ended;
    int full;         /* publish says so so often */
    int broken_after; /* messages; -1: never */
    bool fail_groups, mute, mute_positions, fail_positions;
    queue_positions_done positions_done;
    void *positions_user;
};

static int scripted_publish(struct queue *q,
                            enum queue_topic t,
                            const char *key,
                            size_t key_len,
                            const char *value,
                            size_t value_len,
                            uint64_t group,
                            struct err *err)
{
    struct scripted_queue *s = (struct scripted_queue *)q;
    struct sent m = {.topic = t, .group = group};
    if (s->full > 0) {
        s->full--;
        return 1;
    }
    if (s->broken_after >= 0 && s->sent.n >= (size_t)s->broken_after)
        return err_set(err, SCOPE_PROCESS, WHEN_NEVER, "queue.broken", "broken for good");
    cr_assert_eq(task_decode(value, value_len, &m.task, err), 0);
    cr_assert_eq(strtoll(key, NULL, 10), m.task.mailbox);
    cr_assert_gt(key_len, 0u);
    vec_push(&s->sent, m);
    return 0;
}

static void answer_group(void *user)
{
    struct scripted_queue *s = user;
    struct group g = s->groups.v[0];
    struct err err;
    vec_remove(&s->groups, 0);
    err_set(&err, SCOPE_REMOTE, WHEN_UNKNOWN, "queue.lost", "not delivered");
    const struct queue_end ends[] = {{QUEUE_TASKS, 0, 7}, {QUEUE_TASKS, 1, 9}};
    g.done(ends, s->fail_groups ? 0 : 2, s->fail_groups ? &err : NULL, g.user);
}

static void scripted_group_end(struct queue *q, uint64_t group, queue_group_done done, void *user)
{
    struct scripted_queue *s = (struct scripted_queue *)q;
    vec_push(&s->groups, (struct group){done, user, group});
    s->ended++;
    if (!s->mute)
        loop_after(s->loop, 0, answer_group, s);
}

static void answer_positions(void *user)
{
    struct scripted_queue *s = user;
    struct err err;
    err_set(&err, SCOPE_REMOTE, WHEN_LATER, "queue.away", "out of reach");
    const struct queue_position p = {QUEUE_TASKS, 0, 3, 5};
    s->positions_done(&p, s->fail_positions ? 0 : 1, s->fail_positions ? &err : NULL,
                      s->positions_user);
    s->positions_done = NULL;
}

static inline void scripted_positions(struct queue *q, queue_positions_done done, void *user)
{
    struct scripted_queue *s = (struct scripted_queue *)q;
    s->positions_done = done;
    s->positions_user = user;
    if (!s->mute_positions)
        loop_after(s->loop, 0, answer_positions, s);
}

static const char *scripted_id(struct queue *q)
{
    (void)q;
    return "scripted";
}

static const struct queue_ops scripted_ops = {.name = "scripted",
                                              .publish = scripted_publish,
                                              .group_end = scripted_group_end,
                                              .positions = scripted_positions,
                                              .id = scripted_id};

struct publish_rig {
    struct clock_fake clock;
    struct loop *loop;
    struct plan_store_fake *f;
    struct scripted_queue q;
    struct err err;
};

static void rig_open(struct publish_rig *r)
{
    memset(r, 0, sizeof(*r));
    clock_fake_init(&r->clock, 1764000000000);
    r->loop = loop_new(&r->clock.clock);
    r->f = plan_store_fake_new(&r->clock.clock);
    r->q = (struct scripted_queue){.base = {&scripted_ops}, .loop = r->loop, .broken_after = -1};
}

static void rig_close(struct publish_rig *r)
{
    vec_release(&r->q.sent);
    vec_release(&r->q.groups);
    plan_store_free(plan_store_fake_port(r->f));
    loop_free(r->loop);
}
#define PUBLISH_RIG(name)                                                                          \
    __attribute__((cleanup(rig_close))) struct publish_rig name;                                   \
    rig_open(&(name))

#endif
