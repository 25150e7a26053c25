/* Contacts that a user deleted by hand: list them, have them synced again. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/arena.h"

#include "cli/cli.h"
#include "common/app/app_pg.h"
#include "common/core/contact.h"
#include "common/drv/hand_pg.h"
#include "common/drv/pg.h"

enum { ARENA_MAX = 256 << 20 };

struct hidden_args {
    const char *user;
    int64_t person;
    bool restore;
};

static const char *name_of(struct arena *a, const struct hand_hidden *h)
{
    struct contact *c = arena_alloc(a, sizeof(*c));
    struct err ignored;
    if (!h->body)
        return h->wanted ? "(content erased)" : "(not chosen any more)";
    if (contact_decode(h->body, strlen(h->body), a, c, &ignored) < 0 || !c->f[CONTACT_DISPLAY_NAME])
        return "(no name)";
    return c->f[CONTACT_DISPLAY_NAME];
}

static int list(struct pg *pg, int64_t mailbox, struct err *err)
{
    autoptr(arena_free) struct arena *a = arena_new("hidden contacts", ARENA_MAX);
    struct hand_hidden *h;
    size_t n;
    if (hand_hidden(pg, a, mailbox, &h, &n, err) < 0)
        return -1;
    for (size_t i = 0; i < n; i++)
        printf("%8lld  %s\n", (long long)h[i].person, name_of(a, &h[i]));
    if (!n)
        puts("none: the user has deleted no synced contact");
    return 0;
}

static int restore(struct pg *pg, int64_t mailbox, int64_t person, struct err *err)
{
    int64_t n;
    if (hand_restore(pg, mailbox, person, &n, err) < 0)
        return -1;
    if (!n)
        return err_set(err, SCOPE_PROCESS, WHEN_NEVER, "hidden.none",
                       "there is no such contact; `contact-sync hidden list --user EMAIL`");
    printf("restored: %lld contacts are synced again\n", (long long)n);
    return 0;
}

static int act(struct app *app, const struct hidden_args *args, struct err *err)
{
    autoptr(pg_free) struct pg *pg = NULL;
    int64_t mailbox;
    if (app_pg_open(app, "contact-sync", 1, true, &pg, err) < 0 ||
        hand_mailbox(pg, args->user, &mailbox, err) < 0)
        return -1;
    if (!mailbox)
        return err_set(err, SCOPE_PROCESS, WHEN_NEVER, "user.unknown",
                       "nothing was ever synced to that address");
    return args->restore ? restore(pg, mailbox, args->person, err) : list(pg, mailbox, err);
}

static bool number(const char *text, int64_t *ret)
{
    char *end;
    long long v = strtoll(text, &end, 10);
    *ret = v;
    return *text && !*end && v > 0;
}

/* The argument that does not fit; NULL: all do. */
static const char *parse(int argc, char **argv, struct hidden_args *args)
{
    for (int i = 2; i < argc; i++) {
        bool more = i + 1 < argc;
        if (!strcmp(argv[i], "--user") && more)
            args->user = argv[++i];
        else if (!strcmp(argv[i], "--person") && more && args->restore &&
                 number(argv[i + 1], &args->person))
            i++;
        else
            return argv[i];
    }
    return NULL;
}

static int run(struct app *app, int argc, char **argv)
{
    struct hidden_args args = {0};
    if (argc < 2 || (strcmp(argv[1], "list") && strcmp(argv[1], "restore")))
        return cli_usage(app, &cli_hidden, "write `list` or `restore`", NULL);
    args.restore = !strcmp(argv[1], "restore");
    const char *odd = parse(argc, argv, &args);
    if (odd)
        return cli_usage(app, &cli_hidden, "unknown argument", odd);
    if (!args.user || !*args.user)
        return cli_usage(app, &cli_hidden, "whose? write --user EMAIL", NULL);
    struct err err;
    return act(app, &args, &err) < 0 ? app_fail(app, &err) : APP_OK;
}

const struct cli_verb cli_hidden = {
    "hidden", "contacts that a user deleted: list, restore",
    "Usage: contact-sync hidden list --user EMAIL\n"
    "       contact-sync hidden restore --user EMAIL [--person NUMBER]\n"
    "\n"
    "A synced contact that a user deletes stays deleted (on_user_delete = respect), whatever "
    "changes in\n"
    "Rock, until it is restored here or taken out of Deleted Items.\n"
    "\n"
    "  --person NUMBER    one contact, by its number in the list; without it all of the mailbox\n"
    "\n"
    "Example:\n"
    "  contact-sync hidden list --user pat@church.example\n"
    "  contact-sync hidden restore --user pat@church.example --person 812\n",
    run};
