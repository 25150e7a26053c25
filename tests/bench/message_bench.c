/*
 * message_bench: encoding and decoding contact-task.v1 on one core, and jansson decoding the same
 * messages in the same run. Prints JSON lines; fails when a message does not come back as it was.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/base/js.h"
#include "common/base/str.h"

#include "common/core/message.h"
#include "tests/bench/bench_count.h"

enum { MESSAGES = 20000, ROUNDS = 50, MODEL_ROUNDS = 5 };

struct set {
    struct str text; /* all of them, one behind the other */
    size_t at[MESSAGES + 1];
    struct task task[MESSAGES];
};

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void die(const char *what)
{
    fprintf(stderr, "message_bench: %s\n", what);
    exit(1);
}

static void make(struct set *s)
{
    for (size_t i = 0; i < MESSAGES; i++) {
        s->task[i] = (struct task){
            .op = i % 7 == 0 ? TASK_DELETE : TASK_UPSERT,
            .mailbox = 1 + (int64_t)(i / 5),
            .person = 1 + (int64_t)(i * 7919 % 100000),
            .gen = 3,
            .at_ms = 1795392000000 + (int64_t)i,
        };
        guid_random(&s->task[i].id);
    }
}

static void encode_all(struct set *s)
{
    str_clear(&s->text);
    for (size_t i = 0; i < MESSAGES; i++) {
        s->at[i] = s->text.n;
        task_encode(&s->task[i], &s->text);
    }
    s->at[MESSAGES] = s->text.n;
}

static void decode_all(const struct set *s)
{
    struct task t;
    struct err err;

    for (size_t i = 0; i < MESSAGES; i++) {
        if (task_decode(s->text.p + s->at[i], s->at[i + 1] - s->at[i], &t, &err) < 0)
            die(err.text);
        if (t.person != s->task[i].person || t.mailbox != s->task[i].mailbox ||
            t.op != s->task[i].op)
            die("a message came back as another");
    }
}

/* What the hand-written decoder is measured against. */
static void decode_with_jansson(const struct set *s)
{
    struct err err;
    bool failed;

    for (size_t i = 0; i < MESSAGES; i++) {
        struct guid id;
        json_t *doc = js_parse(s->text.p + s->at[i], s->at[i + 1] - s->at[i], TASK_MAX_BYTES, &err);
        struct js root = js_root(doc, &err, &failed);
        js_int(&root, "v", 1, 1);
        js_guid(&root, "id", &id);
        js_str(&root, "op");
        js_int(&root, "mailbox", 1, TASK_MAX_INT);
        if (js_int(&root, "person", 0, TASK_MAX_INT) != s->task[i].person)
            failed = true;
        js_int(&root, "gen", 0, TASK_MAX_INT);
        js_int(&root, "at", 0, TASK_MAX_INT);
        json_decref(doc);
        if (failed)
            die("jansson reads another message");
    }
}

static double report(const char *name, size_t rounds, double took, double bytes, const char *more)
{
    double n = (double)(rounds * MESSAGES);

    printf("{\"bench\":\"%s\",\"messages\":%.0f,\"seconds\":%.3f,\"messages_per_s\":%.0f,\"mb_per_"
           "s\":%.0f%s}\n",
           name, n, took, n / took, bytes * (double)rounds / took / 1e6, more);
    return n / took;
}

int main(void)
{
    struct set *s = xalloc(sizeof(*s));
    char more[160];

    str_init(&s->text, (size_t)1 << 30);
    make(s);
    encode_all(s);
    if (bench_counting()) {
        decode_all(s);
        return 0;
    }
    double begin = seconds();
    for (int i = 0; i < ROUNDS; i++)
        encode_all(s);
    report("message_encode", ROUNDS, seconds() - begin, (double)s->text.n, "");
    begin = seconds();
    for (int i = 0; i < MODEL_ROUNDS; i++)
        decode_with_jansson(s);
    double model =
        report("message_decode_jansson", MODEL_ROUNDS, seconds() - begin, (double)s->text.n, "");
    begin = seconds();
    for (int i = 0; i < ROUNDS; i++)
        decode_all(s);
    double took = seconds() - begin;
    snprintf(more, sizeof(more),
             ",\"times_jansson\":%.1f,\"goal\":\"far above 50,000/s, the rate of no-op messages\"",
             ROUNDS * MESSAGES / took / model);
    report("message_decode", ROUNDS, took, (double)s->text.n, more);
    str_release(&s->text);
    free(s);
    return 0;
}
