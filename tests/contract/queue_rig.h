/*
 * queue_rig: members of a queue under test, what they are told, and calls that are watched: no
 * callback may come from inside one.
 *
 * The test's file gives the four functions below. Everything runs on one loop, driven until a
 * condition holds.
 */
#ifndef SYNC_TESTS_CONTRACT_QUEUE_RIG_H
#define SYNC_TESTS_CONTRACT_QUEUE_RIG_H

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/base/str.h"
#include "common/base/vec.h"

#include "common/net/loop.h"
#include "common/port/queue.h"

static struct loop *qc_loop;
static void queue_contract_begin(void);           /* qc_loop is there */
static struct queue *queue_contract_member(void); /* one more; the test frees it */
static struct queue *queue_contract_small(void);  /* one with little room for messages */
static void queue_contract_end(void);             /* all members are freed */

enum { QC_TIMEOUT_MS = 40000 };

struct qc_got {
    enum queue_topic topic;
    int32_t partition;
    int64_t offset;
    char *key, *value;
    size_t key_len, value_len;
};

struct qc_part {
    enum queue_topic topic;
    int32_t partition;
};

struct qc_inbox { /* a member and what it was told */
    struct queue *q;
    bool acks; /* at once */
    vec(struct qc_got) got;
    vec(struct qc_part) revoked;
};

static bool qc_inside; /* a call of the port is being made */
static struct err qc_err;

#define QC_CALL(...)                                                                               \
    do {                                                                                           \
        qc_inside = true;                                                                          \
        __VA_ARGS__;                                                                               \
        qc_inside = false;                                                                         \
    } while (0)

#define QC_UNTIL(condition)                                                                        \
    do {                                                                                           \
        int64_t until_ = clock_now(clock_real()) + QC_TIMEOUT_MS;                                  \
        while (!(condition)) {                                                                     \
            cr_assert(lt(i64, clock_now(clock_real()), until_), "still not: %s", #condition);      \
            loop_turn(qc_loop, 20);                                                                \
        }                                                                                          \
    } while (0)

/* --- a member's inbox ------------------------------------------------------------------ */

static void qc_ack(struct qc_inbox *in, const struct qc_got *g)
{
    QC_CALL(in->q->ops->ack(in->q, g->topic, g->partition, g->offset));
}

static void qc_message(const struct queue_message *m, void *user)
{
    struct qc_inbox *in = user;
    cr_assert(not(qc_inside), "a message from inside a call");
    const struct qc_got g = {m->topic, m->partition, m->offset,   xstrndup("", 0),
                             NULL,     m->key_len,   m->value_len};
    vec_push(&in->got, g);
    struct qc_got *kept = &in->got.v[in->got.n - 1];
    free(kept->key);
    kept->key = xalloc(m->key_len + 1);
    memcpy(kept->key, m->key, m->key_len);
    kept->value = xalloc(m->value_len + 1);
    memcpy(kept->value, m->value, m->value_len);
    if (in->acks)
        qc_ack(in, kept);
}

static void qc_revoked(enum queue_topic t, int32_t partition, void *user)
{
    struct qc_inbox *in = user;
    cr_assert(not(qc_inside), "a revocation from inside a call");
    vec_push(&in->revoked, (struct qc_part){t, partition});
}

static void qc_trouble(const struct err *err, void *user)
{
    (void)user;
    cr_assert(not(qc_inside), "trouble from inside a call");
    fprintf(stderr, "trouble: %s %s\n", err->code, err->text);
}

static void qc_open(struct qc_inbox *in)
{
    *in = (struct qc_inbox){.q = queue_contract_member()};
}

static void qc_subscribe(struct qc_inbox *in)
{
    const struct queue_handlers h = {qc_message, qc_revoked, qc_trouble, in};
    int rc;
    QC_CALL(rc = in->q->ops->subscribe(in->q, &h, &qc_err));
    cr_assert(eq(int, rc, 0), "%s", qc_err.text);
}

static void qc_leave(struct qc_inbox *in)
{
    in->q->ops->close(in->q, 5000);
    queue_free(in->q);
    in->q = NULL;
}

static void qc_release(struct qc_inbox *in)
{
    queue_free(in->q);
    vec_foreach (g, &in->got) {
        free(g->key);
        free(g->value);
    }
    vec_release(&in->got);
    vec_release(&in->revoked);
}
CLEANUP_VALUE(struct qc_inbox, qc_release);
#define qc_member(name) autovalue(qc_release) struct qc_inbox name = {0}

/* A number of the member's debug page. */
static int64_t qc_debug(const struct qc_inbox *in, const char *object, const char *name)
{
    autovalue(str_release) struct str s = STR_INIT(65536);
    in->q->ops->debug(in->q, &s);
    char quoted[64];
    snprintf(quoted, sizeof(quoted), "\"%s\":{", object);
    const char *p = strstr(s.p, quoted);
    cr_assert(p != NULL, "no %s in %s", object, s.p);
    snprintf(quoted, sizeof(quoted), "\"%s\":", name);
    p = strstr(p, quoted);
    cr_assert(p != NULL, "no %s in %s", name, s.p);
    return strtoll(p + strlen(quoted), NULL, 10);
}

/* --- publishing ------------------------------------------------------------------------ */

struct qc_done { /* a group's end */
    int times;
    bool failed;
    struct err err;
    vec(struct queue_end) ends;
};

static void qc_delivered(const struct queue_end *ends, size_t n, const struct err *err, void *user)
{
    struct qc_done *d = user;
    cr_assert(not(qc_inside), "a group's end from inside a call");
    d->times++;
    d->failed = err != NULL;
    if (err)
        d->err = *err;
    for (size_t i = 0; i < n; i++)
        vec_push(&d->ends, ends[i]);
}

static int qc_publish_raw(struct qc_inbox *from,
                          enum queue_topic t,
                          const char *key,
                          size_t key_len,
                          const char *value,
                          size_t value_len,
                          uint64_t group)
{
    int rc;
    QC_CALL(rc = from->q->ops->publish(from->q, t, key, key_len, value, value_len, group, &qc_err));
    return rc;
}

static void qc_publish(
    struct qc_inbox *from, enum queue_topic t, const char *key, const char *value, uint64_t group)
{
    int rc = qc_publish_raw(from, t, key, strlen(key), value, strlen(value), group);
    cr_assert(eq(int, rc, 0), "%s", rc < 0 ? qc_err.text : "full");
}

static void qc_end(struct qc_inbox *from, uint64_t group, struct qc_done *d)
{
    QC_CALL(from->q->ops->group_end(from->q, group, qc_delivered, d));
}

static void qc_confirm(struct qc_inbox *from, uint64_t group)
{
    struct qc_done d = {0};
    qc_end(from, group, &d);
    QC_UNTIL(d.times);
    cr_assert(not(d.failed), "%s", d.err.text);
    vec_release(&d.ends);
}

/* n messages "0", "1", ... of one key, confirmed. */
static void qc_publish_n(struct qc_inbox *from, enum queue_topic t, const char *key, int n)
{
    for (int i = 0; i < n; i++) {
        char value[16];
        snprintf(value, sizeof(value), "%d", i);
        qc_publish(from, t, key, value, 7);
    }
    qc_confirm(from, 7);
}

static size_t qc_count(const struct qc_inbox *in, const char *key, const char *value)
{
    size_t n = 0;
    vec_foreach (g, &in->got)
        n += !strcmp(g->key, key) && !strcmp(g->value, value);
    return n;
}

/* --- positions ------------------------------------------------------------------------- */

struct qc_positions {
    int times;
    vec(struct queue_position) v;
};

static void qc_told(const struct queue_position *p, size_t n, const struct err *err, void *user)
{
    struct qc_positions *into = user;
    cr_assert(not(qc_inside), "positions from inside a call");
    cr_assert(err == NULL, "%s", err ? err->text : "");
    into->times++;
    vec_clear(&into->v);
    for (size_t i = 0; i < n; i++)
        vec_push(&into->v, p[i]);
}

static struct queue_position qc_position(struct qc_inbox *in, enum queue_topic t, int32_t partition)
{
    struct qc_positions p = {0};
    struct queue_position found = {.committed = -1, .end = -1};
    QC_CALL(in->q->ops->positions(in->q, qc_told, &p));
    QC_UNTIL(p.times);
    vec_foreach (e, &p.v)
        if (e->topic == t && e->partition == partition)
            found = *e;
    vec_release(&p.v);
    return found;
}

#endif
