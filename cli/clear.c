/* Clear and Remove for one user, from the command line. */
#include <stdio.h>
#include <string.h>

#include "common/base/arena.h"

#include "cli/cli.h"
#include "cli/progress.h"
#include "common/app/app_pg.h"
#include "common/drv/hand_pg.h"
#include "common/drv/pg.h"

enum { POLL_MS = 250, ARENA_MAX = 1 << 20 };

struct clear_args {
    const char *user;
    bool wait;
};

static void tick(void *user)
{
    *(bool *)user = true;
}

static void rest(struct app *app)
{
    bool over = false;
    struct loop_timer *t = loop_after(app->loop, POLL_MS, tick, &over);
    if (loop_wait(app->loop, &over, 2 * POLL_MS) < 0 && !over)
        loop_cancel(t);
}

static int wait_for_it(struct app *app, struct pg *pg, int64_t mailbox, struct err *err)
{
    autoptr(arena_free) struct arena *a = arena_new("clear", ARENA_MAX);
    struct progress progress;
    struct hand_clear_state s;
    int64_t most = 0;
    progress_init(&progress, false);
    for (;;) {
        arena_reset(a);
        if (hand_clear_state(pg, a, mailbox, &s, err) < 0)
            return -1;
        if (s.done || !s.asked || loop_quitting(app->loop))
            break;
        most = s.left > most ? s.left : most;
        progress_show(&progress, s.wait ? s.wait : "removing contacts", (size_t)(most - s.left),
                      (size_t)most, clock_now(loop_clock(app->loop)));
        rest(app);
    }
    progress_end(&progress);
    if (!s.done)
        return err_set(err, SCOPE_PROCESS, WHEN_LATER, "clear.open",
                       "not done yet; it goes on, `contact-sync status` shows how far it is");
    puts("done: nothing that was synced is left in the mailbox");
    return 0;
}

static int clear(struct app *app, const struct clear_args *args, struct err *err)
{
    autoptr(pg_free) struct pg *pg = NULL;
    int64_t mailbox, items;
    if (app_pg_open(app, "contact-sync", 1, true, &pg, err) < 0 ||
        hand_mailbox(pg, args->user, &mailbox, err) < 0)
        return -1;
    if (!mailbox)
        return err_set(err, SCOPE_PROCESS, WHEN_NEVER, "user.unknown",
                       "nothing was ever synced to that address");
    if (hand_clear(pg, mailbox, &items, err) < 0)
        return -1;
    printf("asked for: the choices are blank, %lld contacts are being removed\n", (long long)items);
    fflush(stdout);
    return args->wait ? wait_for_it(app, pg, mailbox, err) : 0;
}

static int run(struct app *app, int argc, char **argv)
{
    struct clear_args args = {0};
    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--user") && i + 1 < argc)
            args.user = argv[++i];
        else if (!strcmp(argv[i], "--wait"))
            args.wait = true;
        else
            return cli_usage(app, &cli_clear, "unknown argument", argv[i]);
    }
    if (!args.user || !*args.user)
        return cli_usage(app, &cli_clear, "whose? write --user EMAIL", NULL);
    struct err err;
    return clear(app, &args, &err) < 0 ? app_fail(app, &err) : APP_OK;
}

const struct cli_verb cli_clear = {
    "clear", "Clear and Remove: take all synced contacts out of one mailbox",
    "Usage: contact-sync clear --user EMAIL [--wait]\n"
    "\n"
    "Blanks the user's choices and removes every contact that this program made in the mailbox, "
    "also those\n"
    "that it does not remember. Contacts of the user's own stay, and so do their copies of synced "
    "ones.\n"
    "Choices that are saved afterwards win: what they name stays or comes back.\n"
    "\n"
    "  --wait    until it is done; else `contact-sync status` shows how far it is\n"
    "\n"
    "Example:\n"
    "  contact-sync clear --user pat@church.example --wait\n",
    run};
