/*
 * doctor: everything that the product stands on, looked at from here.
 */
#include "cli/doctor.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/base/arena.h"

#include "cli/cli.h"
#include "worker/account.h"
#include "worker/discover.h"
#include "worker/probe.h"
#include "worker/worker_host.h"

enum { TEXT_MAX = 1 << 20, NAMES_MAX = 1 << 20, EXCHANGE_MS = 3 * 60 * 1000 };

struct doctor_args {
    const char *mailbox;
    bool json, by_worker;
};

static void set_true(void *flag)
{
    *(bool *)flag = true;
}

struct exchange { /* what the probe works with */
    struct account account;
    struct discover *discover;
    struct autodiscover *search;
    struct contact_store *store;
    struct probe *probe;
};

static void exchange_release(struct exchange *e)
{
    contact_store_free(e->store); /* whoever waits for it is told before the probe goes */
    probe_free(e->probe);
    autodiscover_free(e->search);
    discover_free(e->discover);
    account_release(&e->account);
}

static int exchange_open(struct app *app, struct exchange *e, struct err *err)
{
    if (account_read(app, &e->account, err) < 0 || worker_host_store(app, &e->store, err) < 0)
        return -1;
    if (discover_fixed_url(app->conf))
        return 0;
    if (discover_new(app, &e->account, &e->discover, err) < 0)
        return -1;
    e->search = discover_open(e->discover, err);
    return e->search ? 0 : -1;
}

static void doctor_exchange(struct app *app, const char *mailbox, struct checkup *c)
{
    const struct conf *conf = app->conf;
    const struct diagnosis_facts facts = {.user = conf_str(conf, "exchange.user")};
    struct exchange e = {0};
    struct probe_parts parts = {.loop = app->loop, .user = facts.user};
    struct err err;
    bool done = false;

    if (exchange_open(app, &e, &err) < 0) {
        checkup_bad(c, "Exchange", "settings", CHECKUP_FAILED, 0, &err, &facts);
        exchange_release(&e);
        return;
    }
    const char *ca_file = conf_str(conf, "exchange.ca_file");
    conf_list(conf, "exchange.connect_to", &parts.connect_to);
    parts.store = e.store;
    parts.url = discover_fixed_url(conf);
    parts.search = e.search;
    parts.ca_file = *ca_file ? ca_file : NULL;
    parts.allow_http = conf_bool(conf, "exchange.allow_http");
    e.probe = probe_start(&parts, mailbox, c, set_true, &done);
    if (loop_wait(app->loop, &done, EXCHANGE_MS) < 0) {
        err_set(&err, SCOPE_REMOTE, WHEN_LATER, "curl.28", "no answer");
        checkup_bad(c, "Exchange", "answer", CHECKUP_FAILED, EXCHANGE_MS, &err, &facts);
    }
    exchange_release(&e);
}

static int parse(const struct app *app, int argc, char **argv, struct doctor_args *a)
{
    for (int i = 1; i < argc; i++) {
        const char *mailbox = app_option("--mailbox", argc, argv, &i);
        if (mailbox)
            a->mailbox = mailbox;
        else if (!strcmp(argv[i], "--json"))
            a->json = true;
        else if (!strcmp(argv[i], "--by-worker"))
            a->by_worker = true;
        else
            return cli_usage(app, &cli_doctor, "unknown argument", argv[i]);
        if (mailbox && !strchr(mailbox, '@'))
            return cli_usage(app, &cli_doctor, "--mailbox wants an address", NULL);
    }
    if (a->by_worker && !a->mailbox)
        return cli_usage(app, &cli_doctor, "--by-worker tests a mailbox: name it with --mailbox",
                         NULL);
    return APP_OK;
}

static void show(const struct checkup *c, const struct doctor_args *a)
{
    autovalue(str_release) struct str out = STR_INIT(TEXT_MAX);

    if (a->json)
        checkup_json(c, &out);
    else
        checkup_text(c, isatty(STDOUT_FILENO), &out);
    printf(a->json ? "%s\n" : "%s", out.p);
    if (!a->json && !a->mailbox)
        puts("Sign-in and the right to write are tried with --mailbox ADDRESS.");
}

static int run(struct app *app, int argc, char **argv)
{
    struct doctor_args a = {0};
    autoptr(arena_free) struct arena *names = arena_new("doctor", NAMES_MAX);
    autovalue(checkup_release) struct checkup c = {0};
    int code = parse(app, argc, argv, &a);

    if (code != APP_OK)
        return code;
    doctor_postgres(app, &c);
    doctor_kafka(app, &c);
    doctor_rock(app, &c);
    if (a.by_worker)
        doctor_worker(app, names, a.mailbox, &c);
    else
        doctor_exchange(app, a.mailbox, &c);
    show(&c, &a);
    return checkup_failed(&c) ? APP_FAILED : APP_OK;
}

const struct cli_verb cli_doctor = {
    "doctor", "what does not work, and what to do about it",
    "Usage: contact-sync doctor [--mailbox ADDRESS [--by-worker]] [--json]\n"
    "\n"
    "Looks at PostgreSQL, Kafka, Rock and Exchange with the settings in force and says for each "
    "step "
    "what was\n"
    "found, or what is wrong and how it is mended. Changes nothing; with --mailbox it also signs "
    "in, "
    "acts for\n"
    "that mailbox and writes and deletes one marked contact there.\n"
    "\n"
    "  --by-worker   the mailbox is tested by a worker that runs, with its settings, from its "
    "machine: what\n"
    "                Test Connection does. Needs producer and worker, and a mailbox that somebody "
    "syncs to\n"
    "\n"
    "Exit codes: 0 all is well (warnings included), 1 something failed.\n"
    "\n"
    "Examples:\n"
    "  contact-sync doctor --mailbox pat@church.example --config ./site.conf\n"
    "  contact-sync doctor --mailbox pat@church.example --by-worker\n"
    "  contact-sync doctor --json | jq '.steps[] | select(.state == \"failed\")'\n",
    run};
