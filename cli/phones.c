#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/progress.h"
#include "producer/phone_report.h"
#include "producer/producer_host.h"
#ifdef CONTACT_SYNC_LIBPHONENUMBER
#    include "cli/phones_valid.h"
#endif

struct shown {
    struct app *app;
    struct progress bar;
    json_t *findings; /* NULL: print lines */
};

static void progress(const char *phase, size_t done, size_t of, void *user)
{
    struct shown *s = user;
    progress_show(&s->bar, phase, done, of, clock_now(loop_clock(s->app->loop)));
}

static void found(const struct phone_finding *f, void *user)
{
    struct shown *s = user;
    if (s->findings) {
        json_array_append_new(s->findings,
                              json_pack("{s:I, s:I, s:s, s:s, s:s, s:s, s:s}", "person",
                                        (json_int_t)f->person, "number", (json_int_t)f->phone,
                                        "type", f->type, "shown", f->shown, "reason", f->reason,
                                        "what", f->what, "advice", f->advice));
        return;
    }
    progress_end(&s->bar);
    printf("person %lld, %s", (long long)f->person, f->type);
    if (f->phone)
        printf(" (number %lld)", (long long)f->phone);
    printf("%s%s: %s; %s\n", *f->shown ? " " : "", f->shown, f->what, f->advice);
}

static void summary(const struct shown *s, const struct phone_report *r)
{
    if (!s->findings) {
        printf("%zu findings; %zu numbers of %zu people were looked at\n", r->findings, r->numbers,
               r->people);
        return;
    }
    json_t *all = json_pack("{s:I, s:I, s:O}", "people", (json_int_t)r->people, "numbers",
                            (json_int_t)r->numbers, "findings", s->findings);
    json_dumpf(all, stdout, JSON_INDENT(1) | JSON_ENSURE_ASCII);
    putchar('\n');
    json_decref(all);
}

static int lint(struct app *app, bool json, struct err *err)
{
    struct shown s = {.app = app, .findings = json ? json_array() : NULL};
    struct phone_report report = {.found = found, .progress = progress, .user = &s};
    struct producer_host h;
#ifdef CONTACT_SYNC_LIBPHONENUMBER
    report.valid = phones_valid;
#endif
    progress_init(&s.bar, json);
    int rc = producer_host_open(&h, app, NULL, err);
    if (rc == 0) {
        const struct run_parts parts = {app->loop, h.store, h.source, NULL};
        rc = phone_report(&parts, &h.settings.run, &report, err);
    }
    progress_end(&s.bar);
    if (rc == 0)
        summary(&s, &report);
    producer_host_close(&h);
    json_decref(s.findings);
    return rc;
}

static int run(struct app *app, int argc, char **argv)
{
    bool json = false, asked = false;
    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--json"))
            json = true;
        else if (!strcmp(argv[i], "--lint"))
            asked = true;
        else
            return cli_usage(app, &cli_phones, "unknown argument", argv[i]);
    }
    if (!asked)
        return cli_usage(app, &cli_phones, "say --lint", NULL);
    struct err err;
    return lint(app, json, &err) < 0 ? app_fail(app, &err) : APP_OK;
}

const struct cli_verb cli_phones = {
    "phones", "numbers in Rock that no phone will match",
    "Usage: contact-sync phones --lint [--json]\n"
    "\n"
    "Reads the people whom the users' choices bring into mailboxes and names each number that no\n"
    "phone's caller id will match, or that finds no room in a contact: Rock's Id of the person and "
    "of\n"
    "the number, the number with its last two digits, what is wrong and what to do. Writes "
    "nothing.\n"
    "\n"
    "Example:\n"
    "  contact-sync phones --lint --json | jq '.findings | group_by(.reason) | map([.[0].reason, "
    "length])'\n",
    run};
