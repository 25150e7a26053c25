#include "worker/worker_host.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "common/base/log.h"
#include "common/base/str.h"

#include "common/app/app_pg.h"
#include "common/drv/ledger_pg.h"
#include "common/drv/pg.h"
#include "common/drv/queue_kafka.h"
#include "common/net/notify.h"
#include "worker/ews/ews_store.h"

struct worker_host {
    struct pg *pg;
    struct ledger *ledger;
    struct contact_store *store;
    struct worker *worker;
    char kill_point[16];
    unsigned kill_at, kill_seen;
};

static void kill_probe(const char *point, void *user)
{
    struct worker_host *h = user;
    if (!strcmp(point, h->kill_point) && ++h->kill_seen == h->kill_at)
        raise(SIGKILL);
}

static bool kill_wanted(struct worker_host *h)
{
    const char *spec = getenv("WORKER_KILL_AT");
    return spec && sscanf(spec, "%15[a-z]:%u", h->kill_point, &h->kill_at) == 2;
}

static int check_url(const struct conf *c, struct err *err)
{
    if (strncasecmp(conf_str(c, "exchange.url"), "http://", 7) ||
        conf_bool(c, "exchange.allow_http"))
        return 0;
    return err_set(err, SCOPE_PROCESS, WHEN_NEVER, "conf",
                   "exchange.url (%s) is http://, over which the password would travel in clear; "
                   "exchange.allow_http permits that",
                   conf_origin(c, "exchange.url"));
}

int worker_host_store(struct app *app, struct contact_store **store, struct err *err)
{
    const struct conf *c = app->conf;
    static const char *const needed[] = {"exchange.url", "exchange.user", "exchange.password_file"};
    for (size_t i = 0; i < ARRAY_LEN(needed); i++)
        if (app_need(app, needed[i], err) < 0)
            return -1;
    if (check_url(c, err) < 0)
        return -1;
    char *password = NULL;
    if (conf_secret(c, "exchange.password_file", &password, err) < 0)
        return -1;
    const struct ews_config ews = {.url = conf_str(c, "exchange.url"),
                                   .user = conf_str(c, "exchange.user"),
                                   .domain = conf_str(c, "exchange.domain"),
                                   .password = password,
                                   .version = conf_str(c, "exchange.version"),
                                   .user_agent = conf_str(c, "exchange.user_agent"),
                                   .ca_file = conf_str(c, "exchange.ca_file"),
                                   .delete_type = conf_str(c, "delete_type"),
                                   .connections = (uint32_t)conf_int(c, "exchange.connections"),
                                   .allow_http = conf_bool(c, "exchange.allow_http")};
    int rc = ews_store_new(app->loop, &ews, store, err);
    explicit_bzero(password, strlen(password));
    free(password);
    return rc;
}

int worker_host_check(struct app *app, struct err *err)
{
    autoptr(contact_store_free) struct contact_store *store = NULL; /* opens no connection */
    return worker_host_store(app, &store, err);
}

int worker_host_new(struct app *app, struct queue *queue, struct worker_host **ret, struct err *err)
{
    autoptr(worker_host_free) struct worker_host *h = xalloc(sizeof(*h));
    if (worker_host_store(app, &h->store, err) < 0)
        return -1;
    unsigned connections = (unsigned)conf_int(app->conf, "postgres.connections");
    if (app_pg_open(app, "contact-sync-worker", connections, true, &h->pg, err) < 0)
        return -1;
    h->ledger = ledger_pg_new(h->pg);
    struct worker_settings s;
    worker_settings_from(app->conf, &s);
    struct worker_parts parts = {.loop = app->loop,
                                 .queue = queue,
                                 .ledger = h->ledger,
                                 .store = h->store,
                                 .metrics = app->metrics};
    if (kill_wanted(h)) {
        parts.probe = kill_probe;
        parts.probe_user = h;
    }
    h->worker = worker_new(&parts, &s);
    *ret = steal(h);
    return 0;
}

struct worker *worker_host_worker(const struct worker_host *h)
{
    return h->worker;
}

void worker_host_free(struct worker_host *h)
{
    if (!h)
        return;
    /* after a drain that was cut short: the store's last answers still find the worker, the
     * ledger's do not come any more */
    contact_store_free(h->store);
    ledger_free(h->ledger);
    worker_free(h->worker);
    pg_free(h->pg);
    free(h);
}

/* --- the program ----------------------------------------------------------------------- */

static const char help[] =
    "Usage: contact-sync-worker [--config FILE] [--set KEY=VALUE]...\n"
    "\n"
    "Takes contact tasks from Kafka and writes them to Exchange mailboxes. Run as many as you "
    "like;\n"
    "each takes part of the work. SIGTERM ends it within 10 seconds, nothing is lost.\n"
    "\n"
    "  --config FILE      settings, `key = value` lines (default "
    "/etc/contact-sync/contact-sync.conf)\n"
    "  --set KEY=VALUE    one setting, wins over file and environment; repeatable\n"
    "  --version, --help\n"
    "\n"
    "Needs postgres.dsn, kafka.bootstrap.servers, exchange.url, exchange.user,\n"
    "exchange.password_file. All settings: docs/settings.md. Environment: "
    "CONTACT_SYNC_EXCHANGE_URL\n"
    "is exchange.url, and so on.\n"
    "\n"
    "Example:\n"
    "  contact-sync-worker --config ./site.conf --set http.port=9102 --set log.level=debug\n"
    "  curl http://127.0.0.1:9102/readyz\n";

struct program {
    struct app app;
    struct notify *notify;
    struct queue *queue;
    struct worker_host *host;
};

static bool ready(struct str *why, void *user)
{
    const struct program *p = user;
    return worker_ready(p->host->worker, why);
}

static void debug(struct str *json, void *user)
{
    const struct program *p = user;
    str_puts(json, "{\"worker\":");
    worker_debug(p->host->worker, json);
    str_puts(json, ",\"queue\":");
    p->queue->ops->debug(p->queue, json);
    str_putc(json, '}');
}

static void drained(void *user)
{
    struct program *p = user;
    loop_quit(p->app.loop);
}

static void stop(void *user)
{
    struct program *p = user;
    p->app.live = false;
    notify_stopping(p->notify);
    worker_drain(p->host->worker, drained, p);
}

static int start(struct program *p, struct err *err)
{
    if (app_need_queue(&p->app, "kafka", err) < 0 ||
        app_need(&p->app, "kafka.bootstrap.servers", err) < 0 ||
        app_need(&p->app, "postgres.dsn", err) < 0 || worker_host_check(&p->app, err) < 0 ||
        app_serve(&p->app, err) < 0)
        return -1;
    if (queue_kafka_open(p->app.loop, p->app.conf, p->app.metrics, true, &p->queue, err) < 0)
        return -1;
    if (worker_host_new(&p->app, p->queue, &p->host, err) < 0)
        return -1;
    p->app.ready = ready;
    p->app.debug = debug;
    p->app.user = p;
    p->notify = notify_new(p->app.loop);
    loop_catch_stop_signals(p->app.loop, stop, p);
    return worker_start(p->host->worker, err);
}

int worker_program(int argc, char **argv)
{
    struct program p = {0};
    int code = app_init(&p.app, "contact-sync-worker", help, &argc, argv);
    if (code < 0 && argc > 1) {
        fprintf(stderr, "contact-sync-worker: unknown argument %s; see --help\n", argv[1]);
        code = APP_USAGE;
    }
    struct err err;
    if (code < 0 && start(&p, &err) < 0) {
        code = app_fail(&p.app, &err);
    } else if (code < 0) {
        log_info("worker started", kv("version", CONTACT_SYNC_VERSION));
        notify_ready(p.notify);
        loop_run(p.app.loop);
        log_info("worker stopped");
        code = APP_OK;
    }
    if (p.queue)
        p.queue->ops->close(p.queue, 1000);
    worker_host_free(p.host);
    queue_free(p.queue);
    notify_free(p.notify);
    app_free(&p.app);
    return code;
}
