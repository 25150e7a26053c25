/*
 * A user's choices without a page: set, show, import.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/arena.h"
#include "common/base/str.h"
#include "common/base/vec.h"

#include "cli/cli.h"
#include "cli/prefs_import.h"
#include "cli/users.h"
#include "common/app/app_pg.h"
#include "common/drv/pg.h"
#include "common/drv/plan_store_pg.h"
#include "producer/producer_host.h"

enum { ARENA_MAX = 64 << 20 };

struct prefs_args {
    const char *user, *file;
    bool from_rock, json;
    struct prefs prefs;
    vec(struct guid) groups;
};

/* --- set ------------------------------------------------------------------------------- */

static int by_guid(const void *x, const void *y)
{
    return guid_cmp(x, y);
}

static int save(struct app *app, const struct prefs_args *args, struct err *err)
{
    autoptr(pg_free) struct pg *pg = NULL;
    autoptr(directory_source_free) struct directory_source *source = NULL;
    if (app_pg_open(app, "contact-sync", 1, true, &pg, err) < 0 ||
        producer_host_source(app, &source, err) < 0)
        return -1;
    autoptr(plan_store_free) struct plan_store *store = plan_store_pg_new(app->loop, pg);
    struct directory *d;
    if (users_eligible(app, source, &d, err) < 0)
        return -1;
    long i = users_find(d, args->user, err);
    int rc = -1;
    if (i >= 0)
        rc = store->ops->subscriber_save(store, &d->people[d->users[i].person].key, args->user,
                                         &args->prefs, err);
    directory_free(d);
    if (rc == 0)
        puts("saved; `contact-sync run --user` brings it to the mailbox at once");
    return rc;
}

static int set(struct app *app, struct prefs_args *args, struct err *err)
{
    if (args->groups.n)
        qsort(args->groups.v, args->groups.n, sizeof(struct guid), by_guid);
    args->prefs.groups = args->groups.v;
    args->prefs.n_groups = args->groups.n;
    return save(app, args, err);
}

/* --- show ------------------------------------------------------------------------------ */

static void show_one(const struct plan_subscriber *sub, bool json)
{
    autovalue(str_release) struct str text = STR_INIT(1 << 20);
    prefs_encode(&sub->prefs, &text);
    if (json) {
        printf("{\"address\":\"%s\",\"state\":\"%s\",\"choices\":%s}\n", sub->address, sub->state,
               text.p);
        return;
    }
    printf("%-40s %s%s%zu groups%s%s\n", sub->address, sub->prefs.follow ? "people I follow, " : "",
           sub->prefs.staff ? "staff, " : "", sub->prefs.n_groups,
           strcmp(sub->state, "ok") ? "  " : "", strcmp(sub->state, "ok") ? sub->state : "");
}

static int show(struct app *app, const struct prefs_args *args, struct err *err)
{
    autoptr(pg_free) struct pg *pg = NULL;
    if (app_pg_open(app, "contact-sync", 1, true, &pg, err) < 0)
        return -1;
    autoptr(plan_store_free) struct plan_store *store = plan_store_pg_new(app->loop, pg);
    autoptr(arena_free) struct arena *a = arena_new("subscribers", ARENA_MAX);
    struct plan_subscriber *subs;
    size_t n, shown = 0;
    if (store->ops->subscribers(store, a, &subs, &n, err) < 0)
        return -1;
    for (size_t i = 0; i < n; i++) {
        if (args->user && strcasecmp(args->user, subs[i].address))
            continue;
        show_one(&subs[i], args->json);
        shown++;
    }
    if (!shown)
        fputs(args->user ? "no choices for that address\n" : "nobody has made choices yet\n",
              stderr);
    return 0;
}

/* --- the verb -------------------------------------------------------------------------- */

static int take_arg(int argc, char **argv, int *i, struct prefs_args *args)
{
    const char *v;
    struct guid g;
    if ((v = app_option("--user", argc, argv, i)))
        args->user = *v ? v : NULL;
    else if ((v = app_option("--group", argc, argv, i))) {
        if (!guid_parse(v, &g) || args->groups.n >= PREFS_MAX_GROUPS)
            return -1;
        vec_push(&args->groups, g);
    } else if (!strcmp(argv[*i], "--follow"))
        args->prefs.follow = true;
    else if (!strcmp(argv[*i], "--staff"))
        args->prefs.staff = true;
    else if (!strcmp(argv[*i], "--from-rock"))
        args->from_rock = true;
    else if (!strcmp(argv[*i], "--json"))
        args->json = true;
    else if (argv[*i][0] != '-' && !args->file)
        args->file = argv[*i];
    else
        return -1;
    return 0;
}

static int execute(struct app *app, const char *what, struct prefs_args *args)
{
    struct err err;
    int rc;
    if (!strcmp(what, "set"))
        rc = set(app, args, &err);
    else if (!strcmp(what, "show"))
        rc = show(app, args, &err);
    else
        rc = prefs_import(app, args->from_rock ? NULL : args->file, &err);
    return rc < 0 ? app_fail(app, &err) : APP_OK;
}

/* What is said must fit together; NULL: it does. */
static const char *objection(const char *what, const struct prefs_args *args)
{
    if (!strcmp(what, "set"))
        return args->user ? NULL : "set needs --user EMAIL";
    if (!strcmp(what, "import"))
        return !args->file == !args->from_rock ? "import needs a FILE or --from-rock" : NULL;
    return strcmp(what, "show") ? "say set, show or import" : NULL;
}

static int run(struct app *app, int argc, char **argv)
{
    struct prefs_args args = {0};
    const char *what = argc > 1 ? argv[1] : "";
    int code = APP_OK;
    for (int i = 2; i < argc && code == APP_OK; i++)
        if (take_arg(argc, argv, &i, &args) < 0)
            code = cli_usage(app, &cli_prefs, "cannot use", argv[i]);
    const char *no = objection(what, &args);
    if (code == APP_OK && no)
        code = cli_usage(app, &cli_prefs, no, NULL);
    if (code == APP_OK)
        code = execute(app, what, &args);
    vec_release(&args.groups);
    return code;
}

const struct cli_verb cli_prefs = {
    "prefs", "users' choices: set, show, import",
    "Usage: contact-sync prefs set --user EMAIL [--follow] [--staff] [--group GUID]...\n"
    "       contact-sync prefs show [--user EMAIL] [--json]\n"
    "       contact-sync prefs import FILE | --from-rock\n"
    "\n"
    "  --follow       people the user follows in Rock\n"
    "  --staff        members of all groups of type Organization Unit\n"
    "  --group GUID   active members of that group; repeatable\n"
    "  FILE           "
    "{\"v\":1,\"users\":[{\"email\":\"...\",\"follow\":true,\"staff\":false,\"groups\":[\"GUID\"]}]"
    "}\n"
    "  --from-rock    choices that the original plugin kept in Rock's old preference store\n"
    "\n"
    "set replaces all choices of the user; without any, nothing is chosen and their contacts go "
    "with the\n"
    "next run.\n"
    "\n"
    "Example:\n"
    "  contact-sync prefs set --user pat@church.example --follow --group "
    "0f6c1d1e-52b8-4f3c-9a0b-6c1f0e6f2a11\n",
    run};
