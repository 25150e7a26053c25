#include "common/app/app.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/base/str.h"

#include "common/app/settings.h"

#define DEFAULT_CONFIG "/etc/contact-sync/contact-sync.conf"

extern char **environ;

int app_fail(const struct app *a, const struct err *err)
{
    fprintf(stderr, "%s: %s\n", a->program, err->text);
    if (!strncmp(err->code, "conf", 4))
        return APP_CONFIG;
    return err->when == WHEN_NEVER ? APP_FAILED : APP_TEMPORARY;
}

int app_need(const struct app *a, const char *name, struct err *err)
{
    if (conf_is_set(a->conf, name))
        return 0;
    return err_set(err, SCOPE_PROCESS, WHEN_NEVER, "conf",
                   "%s is not set; write `%s = ...` in the settings file or --set %s=...", name,
                   name, name);
}

int app_need_queue(const struct app *a, const char *kind, struct err *err)
{
    const char *set = conf_str(a->conf, "queue");
    if (!strcmp(set, "auto") || !strcmp(set, kind))
        return 0;
    return err_set(err, SCOPE_PROCESS, WHEN_NEVER, "conf",
                   "queue = %s (%s) does not fit: %s; leave it out or write queue = %s", set,
                   conf_origin(a->conf, "queue"),
                   !strcmp(kind, "kafka") ? "producer and workers apart share Kafka"
                                          : "contact-sync up has a queue of its own",
                   kind);
}

/* --- arguments ------------------------------------------------------------------------- */

struct args {
    const char *config;
    const char **sets;
    size_t n_sets;
    int exit_code; /* -1: go on */
};

static int usage_error(struct app *a, const char *what, const char *arg)
{
    fprintf(stderr, "%s: %s %s; see %s --help\n", a->program, what, arg, a->program);
    return APP_USAGE;
}

const char *app_option(const char *name, int argc, char **argv, int *i)
{
    const char *arg = argv[*i];
    size_t n = strlen(name);
    if (!arg || strncmp(arg, name, n))
        return NULL;
    if (arg[n] == '=')
        return arg + n + 1;
    if (arg[n])
        return NULL;
    return *i + 1 < argc ? argv[++*i] : "";
}

/* True: the argument was one of everybody's. */
static bool
take_arg(struct app *a, const char *help, int argc, char **argv, int *i, struct args *ret)
{
    const char *arg = argv[*i], *v = "";
    if (!strcmp(arg, "--help") || !strcmp(arg, "-h")) {
        fputs(help, stdout);
        ret->exit_code = APP_OK;
    } else if (!strcmp(arg, "--version")) {
        printf("%s %s\n", a->program, CONTACT_SYNC_VERSION);
        ret->exit_code = APP_OK;
    } else if ((v = app_option("--config", argc, argv, i))) {
        ret->config = v;
    } else if ((v = app_option("--set", argc, argv, i))) {
        ret->sets[ret->n_sets++] = v;
    } else {
        return false;
    }
    if (ret->exit_code < 0 && !*v)
        ret->exit_code = usage_error(a, "a value is missing behind", arg);
    return true;
}

static void take_args(struct app *a, const char *help, int *argc, char **argv, struct args *ret)
{
    int kept = 1;
    for (int i = 1; i < *argc && ret->exit_code < 0; i++)
        if (!take_arg(a, help, *argc, argv, &i, ret))
            argv[kept++] = argv[i];
    *argc = kept;
    argv[kept] = NULL;
}

static int load_settings(struct app *a, const struct args *args, struct err *err)
{
    const char *file = args->config;
    if (!file && access(DEFAULT_CONFIG, R_OK) == 0)
        file = DEFAULT_CONFIG;
    if (file && conf_load_file(a->conf, file, err) < 0)
        return -1;
    if (conf_load_env(a->conf, environ, err) < 0)
        return -1;
    for (size_t i = 0; i < args->n_sets; i++)
        if (conf_set(a->conf, args->sets[i], err) < 0)
            return -1;
    return 0;
}

int app_init(struct app *a, const char *program, const char *help, int *argc, char **argv)
{
    memset(a, 0, sizeof(*a));
    a->program = program;
    a->live = true;
    struct args args = {.exit_code = -1};
    args.sets = xalloc((size_t)*argc * sizeof(*args.sets));
    a->conf = conf_new(settings_table, settings_count);
    take_args(a, help, argc, argv, &args);
    struct err err;
    if (args.exit_code < 0 && load_settings(a, &args, &err) < 0)
        args.exit_code = app_fail(a, &err);
    free(args.sets);
    if (args.exit_code >= 0)
        return args.exit_code;
    enum log_level level = LOG_LVL_INFO;
    log_level_parse(conf_str(a->conf, "log.level"), &level);
    log_init(program, level, !strcmp(conf_str(a->conf, "log.format"), "json"));
    a->loop = loop_new(clock_real());
    a->metrics = metrics_new();
    return -1;
}

void app_free(struct app *a)
{
    httpd_free(a->httpd);
    metrics_free(a->metrics);
    loop_free(a->loop);
    conf_free(a->conf);
}

/* --- pages ----------------------------------------------------------------------------- */

static void page_metrics(struct httpd_reply *reply, void *user)
{
    struct app *a = user;
    if (a->before_metrics)
        a->before_metrics(a->user);
    reply->content_type = "text/plain; version=0.0.4; charset=utf-8";
    metrics_write(a->metrics, &reply->body);
}

static void page_live(struct httpd_reply *reply, void *user)
{
    const struct app *a = user;
    reply->status = a->live ? 200 : 503;
    str_puts(&reply->body, a->live ? "alive\n" : "stopping\n");
}

static void page_ready(struct httpd_reply *reply, void *user)
{
    struct app *a = user;
    bool ready = a->ready && a->ready(&reply->body, a->user);
    if (!a->ready)
        str_puts(&reply->body, "starting");
    reply->status = ready ? 200 : 503;
    str_puts(&reply->body, ready ? "ready\n" : "\n");
}

static void page_debug(struct httpd_reply *reply, void *user)
{
    struct app *a = user;
    reply->content_type = "application/json";
    if (a->debug)
        a->debug(&reply->body, a->user);
    else
        str_puts(&reply->body, "{}");
    str_putc(&reply->body, '\n');
}

int app_serve(struct app *a, struct err *err)
{
    a->httpd = httpd_new(a->loop, (uint16_t)conf_int(a->conf, "http.port"), err);
    if (!a->httpd)
        return -1;
    httpd_route(a->httpd, "/metrics", page_metrics, a);
    httpd_route(a->httpd, "/livez", page_live, a);
    httpd_route(a->httpd, "/readyz", page_ready, a);
    httpd_route(a->httpd, "/debug/state", page_debug, a);
    log_info("listening", kv("address", "127.0.0.1"), kv("port", httpd_port(a->httpd)));
    return 0;
}
