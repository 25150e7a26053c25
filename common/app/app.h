/*
 * app: what every program of the product starts with: arguments, settings, log, signals, its
 * loopback pages, its connections.
 *
 * Exit codes: 0 done, 1 failed, 64 usage, 69 something needed is not there, 75 try again later, 78
 * settings (sysexits.h).
 */
#ifndef SYNC_APP_APP_H
#define SYNC_APP_APP_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/conf.h"
#include "common/base/err.h"
#include "common/base/metrics.h"

#include "common/net/httpd.h"
#include "common/net/loop.h"

enum {
    APP_OK = 0,
    APP_FAILED = 1,
    APP_USAGE = 64,
    APP_UNAVAILABLE = 69,
    APP_TEMPORARY = 75,
    APP_CONFIG = 78
};

struct app {
    const char *program;
    struct conf *conf;
    struct loop *loop;
    struct metrics *metrics;
    struct httpd *httpd;                         /* NULL until app_serve */
    bool live;                                   /* /livez */
    void (*debug)(struct str *json, void *user); /* body of /debug/state; NULL: {} */
    bool (*ready)(struct str *why, void *user);  /* NULL: still starting */
    void (*before_metrics)(void *user);          /* refresh gauges; may be NULL */
    void *user;
};

/*
 * Takes --config FILE, --set KEY=VALUE (repeatable), --help, --version out of argv (the rest stays,
 * in order, argc updated), loads settings, starts the log and the loop. Without --config:
 * /etc/contact-sync/contact-sync.conf where it exists.
 * @return  -1: go on; otherwise the exit code to end with (message printed: settings 78, usage 64,
 * --help 0)
 */
int app_init(struct app *a, const char *program, const char *help, int *argc, char **argv);
void app_free(struct app *a);
/* Serves /metrics, /livez, /readyz, /debug/state on http.port of loopback; logs the port. */
int app_serve(struct app *a, struct err *err) must_check;
/* Value of `--name VALUE` or `--name=VALUE` at argv[*i] (then *i moves on); NULL when it is another
 * argument; "" when the value is missing. */
const char *app_option(const char *name, int argc, char **argv, int *i);
/* Prints "program: text" to stderr and returns the exit code that fits (conf 78, WHEN_LATER 75,
 * else 1). */
int app_fail(const struct app *a, const struct err *err);
/* The queue that this program has ("kafka", "memory") must be the one that is set, or none is. */
int app_need_queue(const struct app *a, const char *kind, struct err *err) must_check;
/* A setting that a program cannot do without. */
int app_need(const struct app *a, const char *name, struct err *err) must_check;

#endif
