/*
 * What both programs stand on: PostgreSQL and Kafka.
 */
#include <stdio.h>
#include <string.h>

#include "cli/doctor.h"
#include "common/app/app_pg.h"
#include "common/drv/migrate.h"
#include "common/drv/pg.h"
#include "common/drv/queue_kafka.h"
#include "common/drv/report_server.h"

static uint32_t since(const struct app *app, int64_t begin)
{
    return (uint32_t)(clock_now(loop_clock(app->loop)) - begin);
}

static int64_t now(const struct app *app)
{
    return clock_now(loop_clock(app->loop));
}

/* --- PostgreSQL -------------------------------------------------------------------------- */

static const char postgres[] = "PostgreSQL";
static const struct diagnosis_facts nobody = {0};

static void
bad_server(struct checkup *c, enum checkup_state state, const char *code, const char *text)
{
    struct err err;

    err_set(&err, SCOPE_PROCESS, WHEN_NEVER, code, "%s", text);
    checkup_bad(c, postgres, "durability", state, 0, &err, &nobody);
}

static void check_durability(struct checkup *c, const struct report_server *s)
{
    if (!s->durable)
        bad_server(
            c, CHECKUP_FAILED, "pg.synchronous_commit",
            "synchronous_commit is off for our sessions: a commit is told before it is there");
    else if (s->turned_off)
        bad_server(c, CHECKUP_WARNING, "pg.synchronous_commit",
                   "synchronous_commit is off for this database or user; our sessions turn it on, "
                   "but a pooler between may not pass that on");
    else if (!s->fsync)
        bad_server(c, CHECKUP_WARNING, "pg.fsync", "fsync is off on the server");
    else
        checkup_ok(c, postgres, "durability", 0, "what is committed is on the disk");
}

void doctor_postgres(struct app *app, struct checkup *c)
{
    autoptr(pg_free) struct pg *pg = NULL;
    struct report_server s;
    struct err err;
    int64_t begin = now(app);

    if (app_pg_open(app, "contact-sync doctor", 1, false, &pg, &err) < 0 ||
        report_server(pg, &s, &err) < 0) {
        checkup_bad(c, postgres, "connection", CHECKUP_FAILED, since(app, begin), &err, &nobody);
        checkup_skip(c, postgres, "schema", "no connection");
        checkup_skip(c, postgres, "durability", "no connection");
        return;
    }
    checkup_ok(c, postgres, "connection", since(app, begin), "PostgreSQL %s", s.version);
    begin = now(app);
    if (migrate_check(pg, &err) < 0)
        checkup_bad(c, postgres, "schema", CHECKUP_FAILED, since(app, begin), &err, &nobody);
    else
        checkup_ok(c, postgres, "schema", since(app, begin), "this program knows it");
    check_durability(c, &s);
}

/* --- Kafka ------------------------------------------------------------------------------- */

static const char kafka[] = "Kafka";

static void
warn(struct checkup *c, const char *name, const char *code, const char *fmt, const char *what)
{
    struct err err;
    char text[160];

    snprintf(text, sizeof(text), "%s%s", what, fmt);
    err_set(&err, SCOPE_PROCESS, WHEN_NEVER, code, "%s", text);
    checkup_bad(c, kafka, name, CHECKUP_WARNING, 0, &err, &nobody);
}

static void check_topics(struct checkup *c, const struct queue_kafka_seen *seen)
{
    struct err err;

    for (int t = QUEUE_TASKS; t <= QUEUE_URGENT; t++) {
        if (seen->partitions[t])
            continue;
        err_set(&err, SCOPE_PROCESS, WHEN_LATER, "kafka.no_topic", "the topic %s is missing",
                queue_topic_name((enum queue_topic)t));
        checkup_bad(c, kafka, "topics", CHECKUP_FAILED, 0, &err, &nobody);
        return;
    }
    checkup_ok(c, kafka, "topics", 0, "%d partitions of tasks, %d of urgent",
               seen->partitions[QUEUE_TASKS], seen->partitions[QUEUE_URGENT]);
    if (seen->brief)
        warn(c, "retention", "kafka.retention", " keeps messages for less than a day", seen->brief);
    if (seen->compacted)
        warn(c, "retention", "kafka.compacted",
             " is compacted: waiting messages vanish but for the last one", seen->compacted);
}

void doctor_kafka(struct app *app, struct checkup *c)
{
    struct queue_kafka_seen seen;
    struct err err;
    int64_t begin = now(app);
    const char *shortcoming = queue_kafka_shortcoming(app->conf);

    if (!strcmp(conf_str(app->conf, "queue"), "memory") ||
        !*conf_str(app->conf, "kafka.bootstrap.servers")) {
        checkup_skip(c, kafka, "brokers", "the embedded queue is used");
        return;
    }
    if (shortcoming)
        warn(c, "librdkafka", "kafka.scram", "", shortcoming);
    if (queue_kafka_look(app->loop, app->conf, &seen, &err) < 0) {
        checkup_bad(c, kafka, "brokers", CHECKUP_FAILED, since(app, begin), &err, &nobody);
        checkup_skip(c, kafka, "topics", "no connection");
        return;
    }
    checkup_ok(c, kafka, "brokers", since(app, begin), "connected");
    check_topics(c, &seen);
}
