#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "common/base/arena.h"
#include "common/base/str.h"

#include "cli/cli.h"
#include "cli/table.h"
#include "common/app/app_pg.h"
#include "common/drv/pg.h"
#include "common/drv/report_lacks.h"
#include "common/drv/report_pg.h"
#include "common/drv/report_photos.h"
#include "producer/job.h"

enum { ARENA_MAX = 256 << 20, LACKS_SHOWN = 10 };

struct status {
    struct report_mailbox *m;
    size_t n;
    struct report_run run;
    struct report_subscribers subs;
    struct report_hold *holds;
    size_t n_holds;
    struct report_lack *lacks;
    size_t n_lacks;
    struct report_photos photos;
    int64_t workers;
    bool leader;
    struct job *job; /* NULL: its settings are wrong, job_err says how */
    struct err job_err;
    int64_t wall_ms;
};

static int collect(struct app *app, struct arena *a, struct status *s, struct err *err)
{
    autoptr(pg_free) struct pg *pg = NULL;
    if (app_pg_open(app, "contact-sync", 1, true, &pg, err) < 0)
        return -1;
    if (report_mailboxes(pg, a, &s->m, &s->n, err) < 0 || report_run(pg, a, 0, &s->run, err) < 0 ||
        report_subscribers(pg, &s->subs, err) < 0 ||
        report_holds(pg, a, &s->holds, &s->n_holds, err) < 0 ||
        report_lacks(pg, a, &s->lacks, &s->n_lacks, err) < 0 ||
        report_photos(pg, a, &s->photos, err) < 0)
        return -1;
    return report_alive(pg, &s->workers, &s->leader, err);
}

static void print_holds(const struct status *s)
{
    for (size_t i = 0; i < s->n_holds; i++) {
        const struct report_hold *h = &s->holds[i];
        const char *of = !strcmp(h->kind, "mailbox")   ? h->address
                         : !strcmp(h->kind, "emptied") ? h->field
                                                       : "all mailboxes";
        printf("held: %lld changes wait for a yes (%s, %s); `contact-sync approve %lld:%s` lets "
               "them go\n",
               (long long)h->links, h->kind, of ? of : "", (long long)h->id, h->digest);
    }
}

/* What Exchange did not take is left out of the contact, which is there otherwise. */
static void print_lacks(const struct status *s)
{
    size_t shown = s->n_lacks < LACKS_SHOWN ? s->n_lacks : LACKS_SHOWN;
    for (size_t i = 0; i < shown; i++)
        printf("left out: %s of %lld contacts in %s; Exchange refuses it, it is tried again when "
               "the contact changes\n",
               s->lacks[i].fields, (long long)s->lacks[i].contacts, s->lacks[i].address);
    if (shown < s->n_lacks)
        printf("left out: the same in %zu further places; --json has all\n", s->n_lacks - shown);
}

static json_t *json_of_lacks(const struct status *s)
{
    json_t *all = json_array();
    for (size_t i = 0; i < s->n_lacks; i++)
        json_array_append_new(all, json_pack("{s:s, s:s, s:I}", "mailbox", s->lacks[i].address,
                                             "fields", s->lacks[i].fields, "contacts",
                                             (json_int_t)s->lacks[i].contacts));
    return all;
}

static void print_codes(const char *what, const struct report_photo_code *v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        printf("%s%s %lld", i ? ", " : what, *v[i].code ? v[i].code : "for no reason given",
               (long long)v[i].n);
}

static void print_photos(const struct status *s)
{
    const struct report_photos *p = &s->photos;
    if (!p->held && !p->people && !p->mailboxes && !p->n_unread)
        return;
    printf("photos: on %lld contacts; %lld to read, %lld mailboxes to write", (long long)p->held,
           (long long)p->people, (long long)p->mailboxes);
    print_codes("; not read: ", p->unread, p->n_unread);
    print_codes("; left without: ", p->left, p->n_left);
    putchar('\n');
}

static json_t *json_of_codes(const struct report_photo_code *v, size_t n)
{
    json_t *all = json_object();
    for (size_t i = 0; i < n; i++)
        json_object_set_new(all, v[i].code, json_integer((json_int_t)v[i].n));
    return all;
}

static json_t *json_of_photos(const struct report_photos *p)
{
    return json_pack("{s:I, s:I, s:I, s:o, s:o}", "held", (json_int_t)p->held, "people",
                     (json_int_t)p->people, "mailboxes", (json_int_t)p->mailboxes, "unread",
                     json_of_codes(p->unread, p->n_unread), "left",
                     json_of_codes(p->left, p->n_left));
}

/* By the settings that this program reads; the producer's are the same where they share a file. */
static void print_job(const struct status *s)
{
    autovalue(str_release) struct str out = STR_INIT(8192);
    if (s->job)
        job_text(s->job, s->wall_ms, &out);
    else
        str_puts(&out, s->job_err.text);
    printf("job: %s\n", out.p);
}

static json_t *json_of_job(const struct status *s)
{
    autovalue(str_release) struct str out = STR_INIT(8192);
    if (!s->job)
        return json_null();
    job_json(s->job, s->wall_ms, &out);
    return json_loads(out.p, 0, NULL);
}

static void print_clears(const struct status *s)
{
    for (size_t i = 0; i < s->n; i++)
        if (s->m[i].clearing)
            printf("clearing: %s, %lld contacts left%s%s\n", s->m[i].address,
                   (long long)s->m[i].synced, s->m[i].parked_why ? ", waits: " : "",
                   s->m[i].parked_why ? s->m[i].parked_why : "");
}

static void print_text(const struct status *s)
{
    table_status(s->m, s->n);
    printf("\nusers: %lld synced, %lld without address, %lld outside mail_domains, %lld sharing an "
           "address, "
           "%lld no longer eligible\n",
           (long long)s->subs.ok, (long long)s->subs.no_address, (long long)s->subs.foreign_domain,
           (long long)s->subs.address_taken, (long long)s->subs.not_eligible);
    print_holds(s);
    print_clears(s);
    print_lacks(s);
    print_photos(s);
    if (s->run.id)
        printf("last run: %lld, %s, %lld s ago, %lld changes left%s%s\n", (long long)s->run.id,
               s->run.state, (long long)(s->run.age_ms / 1000), (long long)s->run.left,
               *s->run.message ? ": " : "", s->run.message);
    else
        puts("last run: none yet; `contact-sync run` asks for one");
    print_job(s);
    printf("programs: %s, %lld workers\n", s->leader ? "a producer leads" : "no producer leads",
           (long long)s->workers);
}

static json_t *mailbox_json(const struct report_mailbox *m)
{
    return json_pack("{s:I, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:s?, s:b, s:b}", "id",
                     (json_int_t)m->id, "address", m->address, "wanted", (json_int_t)m->wanted,
                     "synced", (json_int_t)m->synced, "pending", (json_int_t)m->pending, "open",
                     (json_int_t)m->open, "held", (json_int_t)m->held, "kept", (json_int_t)m->kept,
                     "dead", (json_int_t)m->dead, "hidden", (json_int_t)m->hidden, "parked",
                     m->parked_why, "verified", (int)m->verified, "clearing", (int)m->clearing);
}

static void print_json(const struct status *s)
{
    json_t *boxes = json_array(), *holds = json_array();
    for (size_t i = 0; i < s->n; i++)
        json_array_append_new(boxes, mailbox_json(&s->m[i]));
    for (size_t i = 0; i < s->n_holds; i++)
        json_array_append_new(
            holds, json_pack("{s:I, s:s, s:s, s:s?, s:s?, s:I}", "id", (json_int_t)s->holds[i].id,
                             "digest", s->holds[i].digest, "kind", s->holds[i].kind, "mailbox",
                             s->holds[i].address, "field", s->holds[i].field, "links",
                             (json_int_t)s->holds[i].links));
    json_t *run =
        json_pack("{s:I, s:s, s:s, s:I}", "id", (json_int_t)s->run.id, "state", s->run.state,
                  "message", s->run.message, "left", (json_int_t)s->run.left);
    json_t *all = json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:I, s:b}", "mailboxes", boxes,
                            "left_out", json_of_lacks(s), "photos", json_of_photos(&s->photos),
                            "holds", holds, "last_run", run, "job", json_of_job(s), "workers",
                            (json_int_t)s->workers, "leader", (int)s->leader);
    json_dumpf(all, stdout, JSON_INDENT(1));
    putchar('\n');
    json_decref(all);
}

static int run(struct app *app, int argc, char **argv)
{
    bool json = false;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--json"))
            return cli_usage(app, &cli_status, "unknown argument", argv[i]);
        json = true;
    }
    struct status s = {0};
    struct err err;
    autoptr(arena_free) struct arena *a = arena_new("status", ARENA_MAX);
    if (collect(app, a, &s, &err) < 0)
        return app_fail(app, &err);
    s.wall_ms = clock_wall(loop_clock(app->loop));
    (void)!job_new(app->conf, &s.job, &s.job_err); /* the rest is worth showing all the same */
    if (json)
        print_json(&s);
    else
        print_text(&s);
    job_free(s.job);
    return APP_OK;
}

const struct cli_verb cli_status = {
    "status", "mailboxes, last run, what waits for approval",
    "Usage: contact-sync status [--json]\n"
    "\n"
    "  wanted    contacts the mailbox should hold      held   wait for `contact-sync approve`\n"
    "  synced    contacts it does hold                 kept   fell out while Delete Old Contacts "
    "was off\n"
    "  pending   on their way, or to be tried again    dead   refused by Exchange for good\n"
    "\n"
    "Example:\n"
    "  contact-sync status --json | jq '.mailboxes[] | select(.pending > 0)'\n",
    run};
