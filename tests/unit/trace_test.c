#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/clock.h"

#include "common/net/loop.h"
#include "worker/ews/ews_store.h"
#include "worker/trace.h"

static char dir[64], path[128];
static struct clock_fake clk;
static struct loop *l;
static struct trace *t;
static struct err err;
static char kept[1 << 16];
static int copies;

static void keep(const char *text, void *user)
{
    (void)user;
    copies++;
    snprintf(kept, sizeof(kept), "%s", text);
}

static void setup(void)
{
    snprintf(dir, sizeof(dir), "/tmp/trace_test.XXXXXX");
    cr_assert(mkdtemp(dir) != NULL);
    snprintf(path, sizeof(path), "%s/ExchangeContactSync.txt", dir);
    clock_fake_init(&clk, INT64_C(1795500000000));
    l = loop_new(&clk.clock);
    copies = 0;
    cr_assert_eq(trace_new(l, dir, false, keep, NULL, &t, &err), 0, "%s", err.text);
}

static void teardown(void)
{
    trace_free(t);
    loop_free(l);
    unlink(path);
    rmdir(dir);
}

TestSuite(trace, .init = setup, .fini = teardown);

static struct ews_trace attempt(const char *mailbox)
{
    static const char request[] = "<m:CreateItem><t:GivenName>Aiko</t:GivenName></m:CreateItem>",
                      answer[] = "<m:ResponseCode>NoError</m:ResponseCode>";
    return (struct ews_trace){.mailbox_id = 1,
                              .mailbox = mailbox,
                              .url = "https://mail.church.example/EWS/Exchange.asmx",
                              .operation = "CreateItem",
                              .status = 200,
                              .took_ms = 35,
                              .request = request,
                              .n_request = strlen(request),
                              .answer = answer,
                              .n_answer = strlen(answer)};
}

static char *file(void)
{
    static char text[1 << 16];
    FILE *f = fopen(path, "r");
    size_t n = f ? fread(text, 1, sizeof(text) - 1, f) : 0;
    text[n] = '\0';
    if (f)
        fclose(f);
    return text;
}

Test(trace, tells_of_the_attempt_and_of_nobody_in_it)
{
    struct ews_trace a = attempt("pat@church.example");
    trace_attempt(t, &a);
    static const char *const says[] = {"pat@church.example",
                                       "https://mail.church.example/EWS/Exchange.asmx",

                                       "CreateItem",
                                       "HTTP 200 after 35 ms",
                                       "NoError",
                                       "t:GivenName"};
    for (size_t i = 0; i < sizeof(says) / sizeof(says[0]); i++)
        cr_expect_not_null(strstr(file(), says[i]), "%s is not in:\n%s", says[i], file());
    cr_expect_null(strstr(file(), "Aiko"));
    cr_expect_str_eq(file(), kept);
}

Test(trace, the_file_is_for_its_group_and_nobody_else)
{
    struct ews_trace a = attempt("pat@church.example");
    struct stat st;
    umask(0);
    trace_attempt(t, &a);
    cr_assert_eq(stat(path, &st), 0);
    cr_expect_eq(st.st_mode & 0777, (mode_t)0640);
}

Test(trace, says_why_there_was_no_answer)
{
    struct ews_trace a = attempt("pat@church.example");
    struct err why;
    err_set(&why, SCOPE_REMOTE, WHEN_LATER, "curl.6", "mail.church.example:443: no such host");
    a.err = &why;
    a.status = 0;
    trace_attempt(t, &a);
    cr_expect_not_null(strstr(file(), "no such host (curl.6)"));
    cr_expect_null(strstr(file(), "Answer"));
}

Test(trace, the_last_of_a_burst_stays_and_the_file_is_not_written_for_each)
{
    for (int i = 0; i < 50; i++) {
        char mailbox[64];
        snprintf(mailbox, sizeof(mailbox), "user%d@church.example", i);
        struct ews_trace a = attempt(mailbox);
        trace_attempt(t, &a);
    }
    cr_expect_not_null(strstr(file(), "user0@"));
    clock_fake_advance(&clk, 1000);
    loop_turn(l, 0);
    cr_expect_not_null(strstr(file(), "user49@"));
    cr_expect_eq(copies, 2);
}

Test(trace, what_waits_is_written_at_the_end)
{
    struct ews_trace a = attempt("first@church.example");
    trace_attempt(t, &a);
    a = attempt("last@church.example");
    trace_attempt(t, &a);
    trace_free(t);
    t = NULL;
    cr_expect_not_null(strstr(file(), "last@"));
}

Test(trace, a_search_is_told_with_the_attempts_it_was_for)
{
    struct ews_trace a = attempt("pat@church.example");
    trace_search(t, 1, "https://church.example/autodiscover.svc", "a web page", false);
    trace_search(t, 1, "https://autodiscover.church.example/autodiscover.svc", "settings", false);
    trace_search(t, 1, "https://mail.church.example/EWS/Exchange.asmx", "found", true);
    trace_attempt(t, &a);
    cr_expect_not_null(
        strstr(file(), "Autodiscover URL: https://autodiscover.church.example/autodiscover.svc"));
    cr_expect_not_null(strstr(file(), "church.example/autodiscover.svc: a web page"));
    clock_fake_advance(&clk, 2000);
    a.mailbox_id = 2;
    trace_attempt(t, &a);
    cr_expect_null(strstr(file(), "a web page"));
    cr_expect_not_null(strstr(file(), "known from an earlier search"));
    trace_search(t, 1, "https://church.example/autodiscover.svc", "refused", false);
    clock_fake_advance(&clk, 2000);
    a.mailbox_id = 1;
    trace_attempt(t, &a);
    cr_expect_null(strstr(file(), "a web page"), "the search before is told no more");
}

Test(trace, a_folder_that_cannot_be_written_to_is_refused)
{
    struct trace *none = NULL;
    cr_expect_eq(trace_new(l, "/nowhere/at/all", true, NULL, NULL, &none, &err), -1);
    cr_expect_str_eq(err.code, "conf");
    cr_expect_not_null(strstr(err.text, "trace.folder"));
}
