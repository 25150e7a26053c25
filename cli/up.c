/*
 * Producer and worker in one process over the embedded queue. Nothing is lost in a crash: the rows
 * hold the truth, the re-driver offers again what was in the queue.
 */
#include "common/base/log.h"
#include "common/base/str.h"

#include "cli/cli.h"
#include "common/drv/queue_memory.h"
#include "common/net/notify.h"
#include "producer/producer_host.h"
#include "worker/worker_host.h"

struct up {
    struct app *app;
    struct notify *notify;
    struct queue *queue;
    struct producer_host producer;
    struct worker_host *worker;
};

static bool ready(struct str *why, void *user)
{
    const struct up *u = user;
    return producer_ready(u->producer.producer, why) &&
           worker_ready(worker_host_worker(u->worker), why);
}

static void debug(struct str *json, void *user)
{
    const struct up *u = user;
    str_puts(json, "{\"producer\":");
    producer_debug(u->producer.producer, json);
    str_puts(json, ",\"worker\":");
    worker_debug(worker_host_worker(u->worker), json);
    str_puts(json, ",\"queue\":");
    u->queue->ops->debug(u->queue, json);
    str_putc(json, '}');
}

static void drained(void *user)
{
    struct up *u = user;
    loop_quit(u->app->loop);
}

static void stop(void *user)
{
    struct up *u = user;
    u->app->live = false;
    notify_stopping(u->notify);
    worker_drain(worker_host_worker(u->worker), drained, u);
}

static int start(struct up *u, struct err *err)
{
    struct app *app = u->app;
    if (app_need_queue(app, "memory", err) < 0 || producer_host_check(app, err) < 0 ||
        worker_host_check(app, err) < 0)
        return -1;
    u->queue = queue_memory_new(app->loop);
    if (producer_host_open(&u->producer, app, u->queue, err) < 0 ||
        worker_host_new(app, u->queue, &u->worker, err) < 0 || app_serve(app, err) < 0)
        return -1;
    app->ready = ready;
    app->debug = debug;
    app->user = u;
    u->notify = notify_new(app->loop);
    loop_catch_stop_signals(app->loop, stop, u);
    return worker_start(worker_host_worker(u->worker), err);
}

static int run(struct app *app, int argc, char **argv)
{
    if (argc > 1)
        return cli_usage(app, &cli_up, "unknown argument", argv[1]);
    struct up u = {.app = app};
    struct err err;
    int code = APP_OK;
    if (start(&u, &err) < 0) {
        code = app_fail(app, &err);
    } else {
        log_info(
            "up: one process holds the Rock key and the Exchange password; run producer and worker "
            "apart to keep them apart");
        notify_ready(u.notify);
        producer_run(u.producer.producer);
        log_info("stopped");
    }
    worker_host_free(u.worker);
    producer_host_close(&u.producer);
    queue_free(u.queue);
    notify_free(u.notify);
    return code;
}

const struct cli_verb cli_up = {
    "up", "producer and worker in one process, without Kafka",
    "Usage: contact-sync up [--config FILE] [--set KEY=VALUE]...\n"
    "\n"
    "All that one small church needs beside PostgreSQL: reads Rock, plans, and writes to Exchange, "
    "with\n"
    "an embedded queue instead of Kafka. A crash loses nothing; start it again. SIGTERM ends it "
    "within\n"
    "10 seconds. Unlike the two programs apart, one process holds both the Rock key and the "
    "Exchange\n"
    "password.\n"
    "\n"
    "Needs postgres.dsn, eligible_group, rock.url, rock.token_file, exchange.user,\n"
    "exchange.password_file.\n"
    "\n"
    "Example:\n"
    "  contact-sync up --config ./site.conf --set http.port=9100\n",
    run};
