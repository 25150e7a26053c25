#include <stdio.h>
#include <string.h>

#include "common/base/arena.h"

#include "cli/cli.h"
#include "cli/preview.h"
#include "cli/progress.h"
#include "cli/table.h"
#include "cli/users.h"
#include "common/app/app_pg.h"
#include "common/drv/pg.h"
#include "common/drv/plan_store_pg.h"
#include "common/drv/report_pg.h"

enum { POLL_MS = 200, ARENA_MAX = 256 << 20, NOBODY_MS = 15000 };

struct run_args {
    const char *user;
    bool dry, wait, json, quiet;
};

struct waiting {
    struct app *app;
    struct pg *pg;
    struct arena *a;
    struct progress bar;
    struct report_run r;
    int64_t id, most_left;
};

static int64_t now(const struct waiting *w)
{
    return clock_now(loop_clock(w->app->loop));
}

static void nap(const struct waiting *w)
{
    bool never = false;
    (void)!loop_wait(w->app->loop, &never, POLL_MS);
}

/* The run was asked for and nobody takes it. */
static int check_taken(const struct waiting *w, int64_t since, struct err *err)
{
    int64_t workers;
    bool leader;
    if (strcmp(w->r.state, "requested") || now(w) - since < NOBODY_MS)
        return 0;
    if (report_alive(w->pg, &workers, &leader, err) < 0)
        return -1;
    if (leader) /* busy with another run */
        return 0;
    return err_set(err, SCOPE_PROCESS, WHEN_LATER, "run.nobody",
                   "run %lld was asked for, but no producer takes it; start contact-sync-producer "
                   "or contact-sync up",
                   (long long)w->id);
}

static int refresh(struct waiting *w, struct err *err)
{
    arena_reset(w->a);
    if (report_run(w->pg, w->a, w->id, &w->r, err) < 0)
        return -1;
    if (!strcmp(w->r.state, "failed"))
        return err_set(err, SCOPE_PROCESS, WHEN_NEVER, "run.failed", "%s", w->r.message);
    return 0;
}

static int wait_planned(struct waiting *w, struct err *err)
{
    int64_t since = now(w);
    do {
        nap(w);
        if (loop_quitting(w->app->loop))
            return err_set(err, SCOPE_PROCESS, WHEN_LATER, "run.left",
                           "stopped waiting; the run goes on");
        if (refresh(w, err) < 0 || check_taken(w, since, err) < 0)
            return -1;
        if (!strcmp(w->r.state, "requested"))
            progress_show(&w->bar, "waiting for the producer", 0, 0, now(w));
        else if (*w->r.phase)
            progress_show(&w->bar, w->r.phase, (size_t)w->r.done, (size_t)w->r.total, now(w));
    } while (strcmp(w->r.state, "success"));
    return 0;
}

static int wait_written(struct waiting *w, struct err *err)
{
    w->most_left = w->r.left;
    while (w->r.left > 0) {
        if (w->r.left > w->most_left)
            w->most_left = w->r.left;
        progress_show(&w->bar, "writing to Exchange", (size_t)(w->most_left - w->r.left),
                      (size_t)w->most_left, now(w));
        nap(w);
        if (loop_quitting(w->app->loop))
            return err_set(err, SCOPE_PROCESS, WHEN_LATER, "run.left",
                           "stopped waiting; the work goes on");
        if (refresh(w, err) < 0)
            return -1;
    }
    return 0;
}

static int show_result(struct waiting *w, const struct run_args *args, struct err *err)
{
    struct report_mailbox *m;
    size_t n;
    progress_end(&w->bar);
    if (report_run_mailboxes(w->pg, w->a, w->id, &m, &n, err) < 0)
        return -1;
    if (args->json) {
        printf("{\"run\":%lld,\"state\":\"%s\",\"counts\":%s}\n", (long long)w->id, w->r.state,
               w->r.counts_json);
        return 0;
    }
    table_run(m, n);
    printf("run %lld: %s\n", (long long)w->id, w->r.message);
    return 0;
}

static int
follow(struct app *app, struct pg *pg, int64_t id, const struct run_args *args, struct err *err)
{
    struct waiting w = {.app = app, .pg = pg, .id = id};
    w.a = arena_new("a run's report", ARENA_MAX);
    progress_init(&w.bar, args->quiet || args->json);
    int rc = wait_planned(&w, err);
    if (rc == 0)
        rc = wait_written(&w, err);
    progress_end(&w.bar);
    if (rc == 0)
        rc = show_result(&w, args, err);
    arena_free(w.a);
    return rc;
}

static int request(struct app *app, const struct run_args *args, struct err *err)
{
    autoptr(pg_free) struct pg *pg = NULL;
    if (app_pg_open(app, "contact-sync", 1, true, &pg, err) < 0)
        return -1;
    autoptr(plan_store_free) struct plan_store *store = plan_store_pg_new(app->loop, pg);
    struct guid person;
    if (args->user && users_subscriber_by_address(store, args->user, &person, err) < 0)
        return -1;
    int64_t id;
    if (store->ops->run_request(store, "cli", args->user ? &person : NULL, args->user != NULL, &id,
                                err) < 0)
        return -1;
    if (args->wait)
        return follow(app, pg, id, args, err);
    printf("run %lld asked for; `contact-sync status` shows how it goes\n", (long long)id);
    return 0;
}

static int run(struct app *app, int argc, char **argv)
{
    struct run_args args = {0};
    for (int i = 1; i < argc; i++) {
        const char *v;
        if ((v = app_option("--user", argc, argv, &i)) && *v)
            args.user = v;
        else if (!strcmp(argv[i], "--dry-run"))
            args.dry = true;
        else if (!strcmp(argv[i], "--wait"))
            args.wait = true;
        else if (!strcmp(argv[i], "--json"))
            args.json = true;
        else if (!strcmp(argv[i], "--quiet"))
            args.quiet = true;
        else
            return cli_usage(app, &cli_run, "unknown argument or missing value:", argv[i]);
    }
    struct err err;
    int rc = args.dry ? preview_show(app, args.user, args.json, &err) : request(app, &args, &err);
    return rc < 0 ? app_fail(app, &err) : APP_OK;
}

const struct cli_verb cli_run = {
    "run", "sync now: everybody, or one user",
    "Usage: contact-sync run [--user EMAIL] [--wait] [--dry-run] [--json] [--quiet]\n"
    "\n"
    "Asks the producer (contact-sync-producer or contact-sync up) for a run.\n"
    "\n"
    "  --user EMAIL   only this user's mailbox, ahead of other work\n"
    "  --wait         show progress, end when every contact is right, print a table by mailbox\n"
    "  --dry-run      read Rock and show what would change; write nothing (same as contact-sync "
    "plan)\n"
    "  --json         result as JSON\n"
    "  --quiet        no progress\n"
    "\n"
    "Example:\n"
    "  contact-sync run --wait\n"
    "  contact-sync run --user pat@church.example --wait\n",
    run};

/* --- plan ------------------------------------------------------------------------------ */

static int plan(struct app *app, int argc, char **argv)
{
    const char *user = NULL, *v;
    bool json = false;
    for (int i = 1; i < argc; i++) {
        if ((v = app_option("--user", argc, argv, &i)) && *v)
            user = v;
        else if (!strcmp(argv[i], "--json"))
            json = true;
        else
            return cli_usage(app, &cli_plan, "unknown argument or missing value:", argv[i]);
    }
    struct err err;
    return preview_show(app, user, json, &err) < 0 ? app_fail(app, &err) : APP_OK;
}

const struct cli_verb cli_plan = {
    "plan", "what a run would change, by mailbox; writes nothing",
    "Usage: contact-sync plan [--user EMAIL] [--json]\n"
    "\n"
    "Reads Rock, works out what each mailbox should hold and compares with what it does. Nothing "
    "is\n"
    "written anywhere.\n"
    "\n"
    "Example:\n"
    "  contact-sync plan --json | jq '.mailboxes[] | select(.dropped > 0)'\n",
    plan};
