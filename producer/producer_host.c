#include "producer/producer_host.h"

#include <stdio.h>
#include <string.h>

#include "common/base/log.h"
#include "common/base/str.h"

#include "common/app/app_pg.h"
#include "common/drv/pg.h"
#include "common/drv/plan_store_pg.h"
#include "common/drv/queue_kafka.h"
#include "common/net/notify.h"
#include "producer/business.h"
#include "producer/fixture/fixture_source.h"
#include "producer/rock/rock_source.h"

int producer_host_source(struct app *app, struct directory_source **ret, struct err *err)
{
    const char *fixture = conf_str(app->conf, "source.fixture");
    if (*fixture)
        return fixture_source_new(fixture, ret, err);
    if (app_need(app, "rock.url", err) < 0 || app_need(app, "rock.token_file", err) < 0)
        return -1;
    return rock_source_new(app->loop, app->conf, ret, err);
}

static int
check_renders(const struct business *b, const struct directory_source *source, struct err *err)
{
    if (!business_needs_server(b) || source->ops->render)
        return 0;
    return err_set(err, SCOPE_PROCESS, WHEN_NEVER, "conf",
                   "business_phone_lava needs Rock to render it, and people come from %s",
                   source->ops->name);
}

int producer_host_check(struct app *app, struct err *err)
{
    struct producer_settings s;
    autoptr(directory_source_free) struct directory_source *source = NULL; /* opens no connection */
    autoptr(business_free) struct business *business = NULL;
    autoptr(job_free) struct job *job = NULL;
    if (app_need(app, "postgres.dsn", err) < 0 || app_need(app, "eligible_group", err) < 0 ||
        producer_settings_from(app->conf, &s, err) < 0)
        return -1;
    if (business_new(app->conf, &business, err) < 0 || job_new(app->conf, &job, err) < 0 ||
        producer_host_source(app, &source, err) < 0)
        return -1;
    return check_renders(business, source, err);
}

static void warn_of_template(const struct business *b)
{
    const char *warning = b ? business_warning(b) : NULL;
    if (warning)
        log_warn("business_phone_lava does not do what it seems to", kv("at", warning));
}

int producer_host_open(struct producer_host *h,
                       struct app *app,
                       struct queue *queue,
                       struct err *err)
{
    memset(h, 0, sizeof(*h));
    h->app = app;
    if (app_need(app, "eligible_group", err) < 0 ||
        producer_settings_from(app->conf, &h->settings, err) < 0)
        return -1;
    if (business_new(app->conf, &h->business, err) < 0 ||
        producer_host_source(app, &h->source, err) < 0 ||
        check_renders(h->business, h->source, err) < 0)
        return -1;
    if (job_new(app->conf, &h->job, err) < 0)
        return -1;
    h->settings.run.business = h->business;
    h->settings.job = h->job;
    if (app_pg_open(app, "contact-sync-producer", 2, true, &h->pg, err) < 0)
        return -1;
    h->store = plan_store_pg_new(app->loop, h->pg);
    if (!queue)
        return 0;
    warn_of_template(h->business);
    const struct run_parts parts = {app->loop, h->store, h->source, queue};
    h->producer = producer_new(&parts, &h->settings, app->metrics);
    plan_store_pg_on_request(h->store, producer_wake, h->producer);
    return 0;
}

void producer_host_close(struct producer_host *h)
{
    producer_free(h->producer);
    plan_store_free(h->store);
    pg_free(h->pg);
    directory_source_free(h->source);
    business_free(h->business);
    job_free(h->job);
    memset(h, 0, sizeof(*h));
}

/* --- the program ----------------------------------------------------------------------- */

static const char help[] =
    "Usage: contact-sync-producer [--config FILE] [--set KEY=VALUE]...\n"
    "\n"
    "Reads Rock, works out which contacts each mailbox should hold and puts one message per "
    "contact\n"
    "that must change on Kafka. Two may run: one leads, the other stands by.\n"
    "\n"
    "  --config FILE      settings, `key = value` lines (default "
    "/etc/contact-sync/contact-sync.conf)\n"
    "  --set KEY=VALUE    one setting, wins over file and environment; repeatable\n"
    "  --version, --help\n"
    "\n"
    "Needs postgres.dsn, kafka.bootstrap.servers, eligible_group, rock.url, rock.token_file.\n"
    "A run is asked for with `contact-sync run`. All settings: docs/settings.md.\n"
    "\n"
    "Example:\n"
    "  contact-sync-producer --config ./site.conf --set http.port=9101\n";

struct program {
    struct app app;
    struct notify *notify;
    struct queue *queue;
    struct producer_host host;
};

static bool ready(struct str *why, void *user)
{
    const struct program *p = user;
    return producer_ready(p->host.producer, why);
}

static void debug(struct str *json, void *user)
{
    const struct program *p = user;
    str_puts(json, "{\"producer\":");
    producer_debug(p->host.producer, json);
    str_puts(json, ",\"queue\":");
    p->queue->ops->debug(p->queue, json);
    str_putc(json, '}');
}

static void stop(void *user)
{
    struct program *p = user;
    p->app.live = false;
    notify_stopping(p->notify);
    loop_quit(p->app.loop);
}

static int start(struct program *p, struct err *err)
{
    if (app_need_queue(&p->app, "kafka", err) < 0 ||
        app_need(&p->app, "kafka.bootstrap.servers", err) < 0 ||
        producer_host_check(&p->app, err) < 0 || app_serve(&p->app, err) < 0)
        return -1;
    if (queue_kafka_open(p->app.loop, p->app.conf, p->app.metrics, false, &p->queue, err) < 0)
        return -1;
    if (producer_host_open(&p->host, &p->app, p->queue, err) < 0)
        return -1;
    p->app.ready = ready;
    p->app.debug = debug;
    p->app.user = p;
    p->notify = notify_new(p->app.loop);
    loop_catch_stop_signals(p->app.loop, stop, p);
    return 0;
}

int producer_program(int argc, char **argv)
{
    struct program p = {0};
    int code = app_init(&p.app, "contact-sync-producer", help, &argc, argv);
    if (code < 0 && argc > 1) {
        fprintf(stderr, "contact-sync-producer: unknown argument %s; see --help\n", argv[1]);
        code = APP_USAGE;
    }
    struct err err;
    if (code < 0 && start(&p, &err) < 0) {
        code = app_fail(&p.app, &err);
    } else if (code < 0) {
        log_info("producer started", kv("version", CONTACT_SYNC_VERSION));
        notify_ready(p.notify);
        producer_run(p.host.producer);
        log_info("producer stopped");
        code = APP_OK;
    }
    producer_host_close(&p.host);
    if (p.queue)
        p.queue->ops->close(p.queue, 1000);
    queue_free(p.queue);
    notify_free(p.notify);
    app_free(&p.app);
    return code;
}
