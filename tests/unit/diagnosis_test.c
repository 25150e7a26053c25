#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/arena.h"

#include "common/core/checkup.h"

/* What the operator must read for each code; the facts in it. */
static const struct diagnosis_case {
    const char *code, *text, *problem, *remedy;
} cases[] = {
    {"curl.6", "x", "mail.church.example is not known", "getent hosts mail.church.example"},
    {"curl.7", "x", "nothing accepts connections", "curl -v https://mail.church.example/EWS"},
    {"curl.60", "SSL certificate problem: certificate has expired", "expired",
     "New-ExchangeCertificate"},
    {"curl.60", "SSL certificate problem: self-signed certificate",
     "nobody whom this machine trusts", "exchange.ca_file"},
    {"curl.60", "unable to get local issuer certificate", "nobody whom this machine trusts",
     "exchange.ca_file"},
    {"curl.60", "no alternative certificate subject name matches", "another name", "setting"},
    {"auth.refused", "x", "password of svc-sync", "contact-sync resume"},
    {"http.403", "x", "closed to svc-sync", "Set-CASMailbox pat@church.example -EwsEnabled $true"},
    {"http.302", "x", "elsewhere", "proxy"},
    {"ews.ErrorImpersonationDenied", "x", "role is missing",
     "New-ManagementRoleAssignment -Name ContactSync -Role ApplicationImpersonation -User "
     "svc-sync"},
    {"ews.ErrorImpersonateUserDenied", "x", "not for pat@church.example",
     "CustomRecipientWriteScope"},
    {"ews.ErrorNonExistentMailbox", "x", "no mailbox pat@church.example",
     "Get-Recipient pat@church.example"},
    {"ews.ErrorQuotaExceeded", "x", "full", "Get-MailboxStatistics pat@church.example"},
    {"autodiscover.host", "sent to mail.elsewhere.example", "sent to mail.elsewhere.example",
     "exchange.autodiscover_hosts"},
    {"rock.401", "Rock refuses the key of rock.token_file", "rock.token_file", "REST Keys"},
    {"rock.401", "the REST key has no View right on PhoneNumbers", "PhoneNumbers",
     "REST Controllers"},
    {"rock.html", "Rock answers text/html", "text/html", "try again"},
    {"kafka.scram", "this librdkafka cannot", "this librdkafka cannot", "PLAIN"},
    {"kafka.no_topic", "the topic tasks is missing", "tasks", "make"},
    {"kafka._TRANSPORT", "no broker", "no broker", "kafka.bootstrap.servers"},
    {"migrate.version", "old", "old", "contact-sync migrate"},
    {"pg.synchronous_commit", "off", "off", "ALTER DATABASE"},
    {"something.new", "the text itself", "the text itself", ""},
};

Test(diagnosis, says_what_is_wrong_and_what_mends_it)
{
    const struct diagnosis_facts facts = {"svc-sync", "pat@church.example", "mail.church.example",
                                          "https://mail.church.example/EWS/Exchange.asmx"};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct str problem = STR_INIT(2000), remedy = STR_INIT(2000);
        struct err e;
        err_set(&e, SCOPE_REMOTE, WHEN_NEVER, cases[i].code, "%s", cases[i].text);
        diagnosis_of(&e, &facts, &problem, &remedy);
        cr_expect_not_null(strstr(problem.p, cases[i].problem), "%s: %s", cases[i].code, problem.p);
        cr_expect_not_null(strstr(remedy.p, cases[i].remedy), "%s: %s", cases[i].code, remedy.p);
        cr_expect_null(strchr(problem.p, '{'), "%s: %s", cases[i].code, problem.p);
        str_release(&problem);
        str_release(&remedy);
    }
}

Test(diagnosis, a_fact_that_is_not_known_is_a_question_mark)
{
    struct str problem = STR_INIT(2000), remedy = STR_INIT(2000);
    struct err e;
    err_set(&e, SCOPE_REMOTE, WHEN_NEVER, "curl.6", "x");
    diagnosis_of(&e, &(struct diagnosis_facts){0}, &problem, &remedy);
    cr_expect_not_null(strstr(problem.p, "The name ? is not known"));
    str_release(&problem);
    str_release(&remedy);
}

static void fill(struct checkup *c)
{
    struct err e;
    err_set(&e, SCOPE_REMOTE, WHEN_NEVER, "http.403", "x");
    checkup_ok(c, "Exchange", "name", 3, "%s has an address", "a \"host\"");
    checkup_bad(c, "Exchange", "sign-in", CHECKUP_FAILED, 12, &e,
                &(struct diagnosis_facts){.user = "svc"});
    checkup_skip(c, "Exchange", "write", "not tried");
}

Test(checkup, tells_people_and_machines_the_same)
{
    autovalue(checkup_release) struct checkup c = {0};
    autovalue(str_release) struct str text = STR_INIT(1 << 16), json = STR_INIT(1 << 16);
    cr_expect_not(checkup_failed(&c));
    fill(&c);
    cr_expect(checkup_failed(&c));
    checkup_text(&c, false, &text);
    cr_expect_not_null(strstr(text.p, "Exchange\n"));
    cr_expect_not_null(strstr(text.p, "FAILED"));
    cr_expect_not_null(strstr(text.p, "To do: Set-CASMailbox"));
    cr_expect_null(strchr(text.p, '\033'));
    checkup_json(&c, &json);
    cr_expect_eq(strncmp(json.p,
                         "{\"ok\":false,\"steps\":[{\"part\":\"Exchange\",\"name\":\"name\","
                         "\"state\":\"ok\",\"ms\":3,",
                         74),
                 0, "%s", json.p);
    cr_expect_not_null(strstr(json.p, "a \\\"host\\\" has an address"));
    cr_expect_not_null(strstr(json.p, "\"code\":\"http.403\""));
    cr_expect_not_null(strstr(json.p, "\"state\":\"skipped\""));
}

Test(checkup, what_another_process_found_reads_as_it_was_written)
{
    autoptr(arena_free) struct arena *a = arena_new("test", 1 << 20);
    autovalue(checkup_release) struct checkup c = {0}, copy = {0};
    autovalue(str_release) struct str json = STR_INIT(1 << 16), again = STR_INIT(1 << 16);
    struct err e;
    fill(&c);
    checkup_json(&c, &json);
    cr_assert_eq(checkup_from_json(a, json.p, &copy, &e), 0, "%s", e.text);
    checkup_json(&copy, &again);
    cr_expect_str_eq(again.p, json.p);
    static const char *const broken[] = {
        "", "[]", "{\"steps\":[{}]}",
        "{\"steps\":[{\"part\":\"P\",\"name\":\"n\",\"state\":\"fine\",\"ms\":1,\"code\":\"\","
        "\"text\":\"\",\"remedy\":\"\"}]}"};
    for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++)
        cr_expect_eq(checkup_from_json(a, broken[i], &copy, &e), -1, "%zu", i);
}

Test(checkup, a_warning_is_no_failure)
{
    autovalue(checkup_release) struct checkup c = {0};
    struct err e;
    err_set(&e, SCOPE_REMOTE, WHEN_NEVER, "tls.expires_soon", "5 days");
    checkup_bad(&c, "Exchange", "certificate", CHECKUP_WARNING, 0, &e,
                &(struct diagnosis_facts){0});
    cr_expect_not(checkup_failed(&c));
}
