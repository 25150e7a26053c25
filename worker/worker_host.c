#include "worker/worker_host.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "common/base/log.h"
#include "common/base/str.h"

#include "common/app/app_pg.h"
#include "common/drv/ledger_pg.h"
#include "common/drv/login_pg.h"
#include "common/drv/pg.h"
#include "common/drv/queue_kafka.h"
#include "common/drv/sealed_pg.h"
#include "common/drv/trace_pg.h"
#include "common/drv/version_pg.h"
#include "common/net/notify.h"
#include "worker/account.h"
#include "worker/discover.h"
#include "worker/ews/ews_store.h"
#include "worker/probe_desk.h"
#include "worker/trace.h"

struct worker_host {
    struct app *app;
    struct pg *pg;
    struct ledger *ledger;
    struct login *login;
    struct contact_store *store, *ews; /* ews: the store itself, or the one inside */
    const char *sealed;                /* the secret that came out of the database; NULL: none */
    struct secret *secret;             /* it, to tell a new one by */
    struct sealed_watch *watch;
    struct worker *worker;
    struct trace *trace;         /* NULL: off */
    struct discover *discover;   /* the store's own; NULL: the URL is set */
    struct autodiscover *search; /* of tests that somebody asks for */
    struct probe_desk *desk;
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

static void resumed(void *user)
{
    struct worker_host *h = user;
    worker_account_resumed(h->worker);
}

static void version_found(int64_t mailbox, const char *version, void *user)
{
    struct worker_host *h = user;
    log_info("the mailbox's server is older than exchange.version", kv("mailbox", mailbox),
             kv("version", version));
    version_pg_remember(h->pg, mailbox, version);
}

static void keep_trace(const char *text, void *user)
{
    struct worker_host *h = user;
    trace_pg_keep(h->pg, text);
}

static void traced(const struct ews_trace *t, void *user)
{
    struct worker_host *h = user;
    trace_attempt(h->trace, t);
}

static int trace_open(struct app *app, struct worker_host *h, struct err *err)
{
    if (!conf_bool(app->conf, "trace"))
        return 0;
    return trace_new(app->loop, conf_str(app->conf, "trace.folder"),
                     discover_fixed_url(app->conf) != NULL, keep_trace, h, &h->trace, err);
}

static void version_known(int64_t mailbox, const char *version, void *user)
{
    ews_store_version(user, mailbox, version);
}

static void keep_parts(struct worker_host *h,
                       struct contact_store *ews,
                       struct discover *discover,
                       struct account *account)
{
    h->ews = ews;
    h->discover = discover;
    h->sealed = account->sealed;
    if (h->sealed)
        h->secret = steal(account->secret);
}

/* h: with what all workers know together; NULL: without. */
static int
store_open(struct app *app, struct worker_host *h, struct contact_store **store, struct err *err)
{
    autovalue(account_release) struct account account = {0};
    autoptr(discover_free) struct discover *discover = NULL;
    if (account_read(app, &account, err) < 0)
        return -1;
    if (h) {
        account.ews.login = h->login;
        account.ews.resumed = resumed;
        account.ews.version_found = version_found;
        account.ews.trace = h->trace ? traced : NULL;
        account.ews.user_data = h;
    }
    if (!account.ews.url && discover_new(app, &account, &discover, err) < 0)
        return -1;
    if (discover && h)
        discover_trace(discover, h->trace);
    if (ews_store_new(app->loop, &account.ews, store, err) < 0)
        return -1;
    if (h)
        keep_parts(h, *store, discover, &account);
    if (discover)
        *store = discover_wrap(steal(discover), *store, h ? h->pg : NULL);
    return 0;
}

/* --- a secret that is given while the worker runs ------------------------------------------ */

/* One that does not fit is said, and the one before used on. */
static void secret_given(const uint8_t *box, size_t n, void *user)
{
    struct worker_host *h = user;
    autovalue(account_secret_release) struct account_secret what = {0};
    autoptr(secret_free) struct secret *secret = NULL;
    struct err err;
    if (!n)
        return;
    if (account_secret_for(h->app->conf, h->sealed, &what, &err) < 0 ||
        sealed_open(h->app, &what.f, box, n, &secret, &err) < 0) {
        log_error("the sealed secret that was given cannot be used", log_err(&err));
        return;
    }
    if (secret_equal(secret, h->secret))
        return;
    log_info("a new secret was given", kv("name", h->sealed));
    ews_store_secret(h->ews, secret_text(secret));
    if (h->discover)
        discover_secret(h->discover, secret_text(secret), h->search);
    secret_free(h->secret);
    h->secret = steal(secret);
}

int worker_host_store(struct app *app, struct contact_store **store, struct err *err)
{
    return store_open(app, NULL, store, err);
}

int worker_host_check(struct app *app, struct err *err)
{
    autoptr(contact_store_free) struct contact_store *store = NULL; /* opens no connection */
    return store_open(app, NULL, &store, err);
}

static void test_mailbox(int64_t mailbox, void *user)
{
    struct worker_host *h = user;
    probe_desk_take(h->desk, mailbox);
}

static int desk_open(struct app *app, struct worker_host *h, struct err *err)
{
    const struct conf *c = app->conf;
    const char *ca_file = conf_str(c, "exchange.ca_file");
    struct probe_desk_parts parts = {.loop = app->loop, .pg = h->pg, .metrics = app->metrics};
    if (h->discover && !(h->search = discover_open(h->discover, err)))
        return -1;
    parts.probe = (struct probe_parts){.loop = app->loop,
                                       .store = h->store,
                                       .url = discover_fixed_url(c),
                                       .search = h->search,
                                       .user = conf_str(c, "exchange.user"),
                                       .ca_file = *ca_file ? ca_file : NULL,
                                       .allow_http = conf_bool(c, "exchange.allow_http")};
    conf_list(c, "exchange.connect_to", &parts.probe.connect_to);
    h->desk = probe_desk_new(&parts);
    return 0;
}

int worker_host_new(struct app *app, struct queue *queue, struct worker_host **ret, struct err *err)
{
    autoptr(worker_host_free) struct worker_host *h = xalloc(sizeof(*h));
    h->app = app;
    unsigned connections = (unsigned)conf_int(app->conf, "postgres.connections");
    if (app_pg_open_by_key(app, "contact-sync-worker", connections, &h->pg, err) < 0)
        return -1;
    h->login = login_pg_new(h->pg);
    if (trace_open(app, h, err) < 0 || store_open(app, h, &h->store, err) < 0 ||
        version_pg_each(h->pg, version_known, h->ews, err) < 0 || desk_open(app, h, err) < 0)
        return -1;
    account_announce(app);
    h->ledger = ledger_pg_new(h->pg);
    struct worker_settings s;
    worker_settings_from(app->conf, &s);
    struct worker_parts parts = {.loop = app->loop,
                                 .queue = queue,
                                 .ledger = h->ledger,
                                 .store = h->store,
                                 .metrics = app->metrics,
                                 .test_mailbox = test_mailbox,
                                 .test_user = h};
    if (kill_wanted(h)) {
        parts.probe = kill_probe;
        parts.probe_user = h;
    }
    h->worker = worker_new(&parts, &s);
    if (h->sealed)
        h->watch = sealed_pg_watch(h->pg, h->sealed, secret_given, h);
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
    probe_desk_free(h->desk);
    autodiscover_free(h->search);
    trace_free(h->trace);
    pg_free(h->pg);
    sealed_watch_free(h->watch);
    secret_free(h->secret);
    login_free(h->login);
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
    "Needs postgres.dsn, kafka.bootstrap.servers and what exchange.auth needs (a user and\n"
    "exchange.password_file). Without exchange.url each mailbox's server is found by Autodiscover\n"
    "(docs/autodiscover.md). All settings: docs/settings.md. Environment: "
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
