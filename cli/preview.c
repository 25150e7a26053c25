#include "cli/preview.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "common/base/str.h"

#include "cli/progress.h"
#include "cli/users.h"
#include "producer/producer_host.h"

struct shown {
    struct app *app;
    struct progress bar;
    json_t *mailboxes; /* NULL: print rows */
    size_t rows;
};

static void progress(const char *phase, size_t done, size_t of, void *user)
{
    struct shown *s = user;
    progress_show(&s->bar, phase, done, of, clock_now(loop_clock(s->app->loop)));
}

static void mailbox(const struct run_preview *p, void *user)
{
    struct shown *s = user;
    const struct diff_counts *c = &p->counts;
    if (s->mailboxes) {
        json_array_append_new(
            s->mailboxes, json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "address",
                                    p->address, "wanted", (json_int_t)c->wanted, "added",
                                    (json_int_t)c->added, "changed", (json_int_t)c->changed,
                                    "dropped", (json_int_t)c->dropped, "kept", (json_int_t)c->kept,
                                    "held", (json_int_t)p->held, "same", (json_int_t)c->same));
        return;
    }
    progress_end(&s->bar);
    if (!s->rows++)
        printf("%-40s %8s %7s %8s %8s %6s %6s\n", "mailbox", "wanted", "added", "changed",
               "dropped", "kept", "held");
    printf("%-40s %8zu %7zu %8zu %8zu %6zu %6zu\n", p->address, c->wanted, c->added, c->changed,
           c->dropped, c->kept, p->held);
}

static void print_json(struct shown *s, const struct run_counts *c)
{
    autovalue(str_release) struct str text = STR_INIT(4096);
    run_counts_json(c, &text);
    json_t *counts = json_loadb(text.p, text.n, 0, NULL);
    json_t *all = json_pack("{s:o, s:O}", "counts", counts, "mailboxes", s->mailboxes);
    json_dumpf(all, stdout, JSON_INDENT(1));
    putchar('\n');
    json_decref(all);
}

static int execute(struct shown *s, struct producer_host *h, const char *user, struct err *err)
{
    struct run_options o = {.dry = true, .preview = mailbox, .progress = progress, .user = s};
    if (user) {
        o.one_user = true;
        if (users_subscriber_by_address(h->store, user, &o.person_key, err) < 0)
            return -1;
    }
    const struct run_parts parts = {s->app->loop, h->store, h->source, NULL};
    struct run_counts c;
    if (run_execute(&parts, &h->settings.run, &o, &c, err) < 0)
        return -1;
    progress_end(&s->bar);
    if (s->mailboxes) {
        print_json(s, &c);
        return 0;
    }
    autovalue(str_release) struct str text = STR_INIT(4096);
    run_counts_text(&c, &text);
    printf("dry run: %s\n", text.p);
    return 0;
}

int preview_show(struct app *app, const char *user, bool json, struct err *err)
{
    struct shown s = {.app = app, .mailboxes = json ? json_array() : NULL};
    struct producer_host h;
    progress_init(&s.bar, json);
    int rc = producer_host_open(&h, app, NULL, err);
    if (rc == 0)
        rc = execute(&s, &h, user, err);
    progress_end(&s.bar);
    producer_host_close(&h);
    json_decref(s.mailboxes);
    return rc;
}
