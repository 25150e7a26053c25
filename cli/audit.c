/*
 * audit: what lies in the mailboxes against what the rows say. Reads only; what it finds wrong a
 * worker mends, by the listing that it makes of a mailbox it sees for the first time.
 */
#include "common/core/audit.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "common/base/arena.h"
#include "common/base/map.h"

#include "cli/cli.h"
#include "cli/progress.h"
#include "common/app/app_pg.h"
#include "common/drv/pg.h"
#include "common/drv/report_audit.h"
#include "common/drv/report_pg.h"
#include "common/port/contact_store.h"
#include "worker/worker_host.h"

enum { ARENA_MAX = 512 << 20, LIST_MS = 5 * 60 * 1000 };

struct audit_args {
    const char *user;
    bool repair, json;
};

struct box { /* one mailbox, audited */
    const struct report_mailbox *m;
    struct audit found;
    size_t busy; /* rows that a worker is at: not judged */
    bool asked;  /* to be mended */
    struct err err;
    bool failed, untouched;
};

struct audit_run {
    struct app *app;
    const struct audit_args *args;
    struct pg *pg;
    struct contact_store *store;
    struct box *boxes;
    size_t n;
};

/* --- one mailbox --------------------------------------------------------------------------- */

struct listing {
    struct arena *a;
    struct audit_item *items;
    size_t n;
    bool done, ok;
    struct err err;
};

static void listed(const struct store_listed *items,
                   size_t n,
                   enum outcome outcome,
                   const struct err *err,
                   void *user)
{
    struct listing *l = user;
    l->done = true;
    l->ok = outcome == OUT_DONE;
    if (!l->ok) {
        l->err = *err;
        return;
    }
    l->n = n;
    l->items = arena_alloc(l->a, (n + 1) * sizeof(*l->items));
    for (size_t i = 0; i < n; i++)
        l->items[i] = (struct audit_item){.key = items[i].key,
                                          .hash = arena_strdup(l->a, items[i].hash),
                                          .trashed = items[i].place == STORE_IN_TRASH};
}

static bool always(void *user)
{
    (void)user;
    return true;
}

static int list(const struct audit_run *r,
                const struct box *b,
                const struct report_audit *rows,
                struct listing *l)
{
    const struct store_mailbox reach = {.id = b->m->id,
                                        .address = b->m->address,
                                        .folder_id = rows->folder_id,
                                        .endpoint = rows->endpoint,
                                        .may_send = always};
    r->store->ops->list(r->store, &reach, NULL, 0, listed, l);
    if (loop_wait(r->app->loop, &l->done, LIST_MS) < 0) {
        r->store->ops->cancel(r->store);
        return err_set(&l->err, SCOPE_MAILBOX, WHEN_LATER, "audit.timeout",
                       "the mailbox did not answer");
    }
    return l->ok ? 0 : -1;
}

static bool same(const struct report_audit *a, size_t i, const struct report_audit *b, size_t k)
{
    return memcmp(&a->rows[i].have, &b->rows[k].have, sizeof(a->rows[i].have)) == 0 &&
           memcmp(&a->rows[i].key, &b->rows[k].key, sizeof(a->rows[i].key)) == 0 && !a->open[i] &&
           !b->open[k];
}

/* Workers go on meanwhile. Rows that were the same before and after the listing can be judged; the
 * items of the others belong to writes under way. */
static void judge(struct box *b,
                  const struct report_audit *before,
                  const struct report_audit *after,
                  struct listing *l)
{
    autoptr(map_free) struct map *moving = map_new();
    size_t n = 0, k = 0, n_items = 0;
    for (size_t i = 0; i < after->n; i++) {
        for (; k < before->n && before->rows[k].person < after->rows[i].person; k++)
            map_put(moving, &before->rows[k].key, sizeof(struct guid), l);
        bool known = k < before->n && before->rows[k].person == after->rows[i].person;
        if (known && same(before, k, after, i))
            before->rows[n++] = after->rows[i];
        else
            map_put(moving, &after->rows[i].key, sizeof(struct guid), l);
        k += known;
    }
    for (; k < before->n; k++)
        map_put(moving, &before->rows[k].key, sizeof(struct guid), l);
    for (size_t i = 0; i < l->n; i++)
        if (!map_get(moving, &l->items[i].key, sizeof(struct guid)))
            l->items[n_items++] = l->items[i];
    b->busy = map_count(moving);
    audit_compare(before->rows, n, l->items, n_items, after->folder_id, &b->found);
}

static int audit_box(const struct audit_run *r, struct box *b)
{
    autoptr(arena_free) struct arena *a = arena_new("audit", ARENA_MAX);
    struct report_audit before, after;
    struct listing l = {.a = a};
    if (report_audit_rows(r->pg, a, b->m->id, &before, &b->err) < 0)
        return -1;
    if (!before.folder_id) {
        b->untouched = true;
        return 0;
    }
    if (list(r, b, &before, &l) < 0) {
        b->err = l.err;
        return -1;
    }
    if (report_audit_rows(r->pg, a, b->m->id, &after, &b->err) < 0)
        return -1;
    judge(b, &before, &after, &l);
    if (r->args->repair && audit_repairable(&b->found))
        return report_audit_repair(r->pg, b->m->id, &b->asked, &b->err);
    return 0;
}

/* --- what is said -------------------------------------------------------------------------- */

static void print_text(const struct audit_run *r)
{
    size_t sum[AUDIT_KINDS] = {0}, intact = 0, failed = 0;
    printf("%-40s %7s %7s %7s %7s %8s %7s\n", "mailbox", "intact", "missing", "stale", "doubled",
           "stranger", "trashed");
    for (size_t i = 0; i < r->n; i++) {
        const struct box *b = &r->boxes[i];
        const size_t *c = b->found.count;
        if (b->failed)
            printf("%-40s could not be read: %s\n", b->m->address, b->err.text);
        else if (b->untouched)
            printf("%-40s nothing was written here yet\n", b->m->address);
        else
            printf("%-40s %7zu %7zu %7zu %7zu %8zu %7zu%s\n", b->m->address, b->found.intact, c[0],
                   c[1], c[2], c[3], c[4], b->asked ? "  being mended" : "");
        intact += b->found.intact;
        failed += b->failed;
        for (int k = 0; k < AUDIT_KINDS; k++)
            sum[k] += c[k];
    }
    printf("%zu mailboxes: %zu contacts intact, %zu missing, %zu stale, %zu doubled, %zu "
           "strangers, %zu trashed",
           r->n, intact, sum[0], sum[1], sum[2], sum[3], sum[4]);
    printf(failed ? ", %zu not read\n" : "\n", failed);
}

static json_t *box_json(const struct box *b)
{
    json_t *findings = json_array();
    vec_foreach (f, &b->found.findings)
        json_array_append_new(findings, json_pack("{s:s, s:I}", "kind", audit_kind_name(f->kind),
                                                  "person", (json_int_t)f->person));
    return json_pack("{s:I, s:s, s:I, s:I, s:b, s:s?, s:o}", "id", (json_int_t)b->m->id, "address",
                     b->m->address, "intact", (json_int_t)b->found.intact, "busy",
                     (json_int_t)b->busy, "asked", (int)b->asked, "error",
                     b->failed ? b->err.text : NULL, "findings", findings);
}

static void print_json(const struct audit_run *r)
{
    json_t *boxes = json_array();
    for (size_t i = 0; i < r->n; i++)
        json_array_append_new(boxes, box_json(&r->boxes[i]));
    json_t *all = json_pack("{s:o}", "mailboxes", boxes);
    json_dumpf(all, stdout, JSON_INDENT(1));
    putchar('\n');
    json_decref(all);
}

/* --- the verb ------------------------------------------------------------------------------ */

static int parse(const struct app *app, int argc, char **argv, struct audit_args *a)
{
    for (int i = 1; i < argc; i++) {
        const char *user = app_option("--user", argc, argv, &i);
        if (user && *user)
            a->user = user;
        else if (!user && !strcmp(argv[i], "--repair"))
            a->repair = true;
        else if (!user && !strcmp(argv[i], "--json"))
            a->json = true;
        else
            return cli_usage(app, &cli_audit, "unknown argument", argv[i]);
    }
    return APP_OK;
}

static int choose(struct audit_run *r, struct arena *a, struct err *err)
{
    struct report_mailbox *all;
    size_t n;
    if (report_mailboxes(r->pg, a, &all, &n, err) < 0)
        return -1;
    r->boxes = arena_alloc(a, (n + 1) * sizeof(*r->boxes));
    for (size_t i = 0; i < n; i++)
        if (!r->args->user || !strcasecmp(r->args->user, all[i].address))
            r->boxes[r->n++].m = &all[i];
    if (r->args->user && !r->n)
        return err_set(err, SCOPE_PROCESS, WHEN_NEVER, "audit.user",
                       "no mailbox %.100s is known; see contact-sync status", r->args->user);
    return 0;
}

static int audit_all(struct audit_run *r)
{
    struct progress bar;
    int code = APP_OK;
    progress_init(&bar, r->args->json);
    for (size_t i = 0; i < r->n; i++) {
        struct box *b = &r->boxes[i];
        progress_show(&bar, "mailboxes", i, r->n, clock_now(loop_clock(r->app->loop)));
        b->failed = audit_box(r, b) < 0;
        if (b->failed || (b->found.findings.n > b->found.count[AUDIT_TRASHED] && !b->asked))
            code = APP_FAILED;
    }
    progress_end(&bar);
    return code;
}

static int run(struct app *app, int argc, char **argv)
{
    struct audit_args args = {0};
    struct audit_run r = {.app = app, .args = &args};
    autoptr(arena_free) struct arena *a = arena_new("mailboxes", ARENA_MAX);
    struct err err;
    int code = parse(app, argc, argv, &args);
    if (code != APP_OK)
        return code;
    if (app_pg_open(app, "contact-sync", 2, true, &r.pg, &err) < 0 ||
        worker_host_store(app, &r.store, &err) < 0 || choose(&r, a, &err) < 0) {
        code = app_fail(app, &err);
    } else {
        code = audit_all(&r);
        if (args.json)
            print_json(&r);
        else
            print_text(&r);
    }
    for (size_t i = 0; i < r.n; i++)
        audit_release(&r.boxes[i].found);
    contact_store_free(r.store);
    pg_free(r.pg);
    return code;
}

const struct cli_verb cli_audit = {
    "audit", "compare the mailboxes with what should be in them",
    "Usage: contact-sync audit [--user ADDRESS] [--repair] [--json]\n"
    "\n"
    "Lists every contact of ours in the mailboxes and compares it with the rows. What a user wrote "
    "into a\n"
    "contact does not count. Reads only; workers may go on meanwhile.\n"
    "\n"
    "  missing    should be there and is not            doubled   is there more than once\n"
    "  stale      holds another content than believed   stranger  is there and belongs to nobody\n"
    "  trashed    the user threw it away: stays so\n"
    "\n"
    "  --repair   has a worker list each mailbox with findings and mend it\n"
    "\n"
    "Exit codes: 0 all is as it should be or is being mended, 1 something is not.\n"
    "\n"
    "Examples:\n"
    "  contact-sync audit --config ./site.conf\n"
    "  contact-sync audit --user pat@church.example --repair\n",
    run};
