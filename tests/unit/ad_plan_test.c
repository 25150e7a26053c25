/*
 * The search as tables: a world of URLs and what each says, the steps that the plan takes through
 * it, and how it ends. Nothing here touches a network.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/str.h"

#include "tests/unit/ad_plan_cases.h"
#include "worker/autodiscover/ad_plan.h"

/* ---- the world ---- */

struct walk {
    const struct plan_case *c;
    struct str steps, body;
    char location[AD_MAX_URL + 1];
    struct err err;
    struct dns_srv srv[4];
    int busy;
};

static const char *rule_for(const struct plan_case *c, const char *url)
{
    for (size_t i = 0; i < MAX_RULES && c->rules[i].url; i++)
        if (strcmp(c->rules[i].url, url) == 0)
            return c->rules[i].says;
    return "curl 6";
}

static const char *after(const char *text, const char *word)
{
    size_t n = strlen(word);
    return strncmp(text, word, n) == 0 ? text + n : NULL;
}

static void write_soap(struct walk *w, const char *says)
{
    const char *v;
    str_puts(&w->body,
             "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Body>");
    if (after(says, "err Fault")) {
        str_puts(&w->body, "<s:Fault/></s:Body></s:Envelope>");
        return;
    }
    str_puts(&w->body, "<GetUserSettingsResponseMessage xmlns=\"http://schemas.microsoft.com/"
                       "exchange/2010/Autodiscover\"><Response><UserResponses><UserResponse>");
    if ((v = after(says, "ews ")))
        str_addf(&w->body,
                 "<UserSettings><UserSetting><Name>ExternalEwsUrl</Name><Value>%s</Value>"
                 "</UserSetting></UserSettings>",
                 v);
    else if ((v = after(says, "addr ")))
        str_addf(&w->body,
                 "<ErrorCode>RedirectAddress</ErrorCode><RedirectTarget>%s</RedirectTarget>", v);
    else if ((v = after(says, "url ")))
        str_addf(&w->body, "<ErrorCode>RedirectUrl</ErrorCode><RedirectTarget>%s</RedirectTarget>",
                 v);
    else if ((v = after(says, "err ")))
        str_addf(&w->body, "<ErrorCode>%s</ErrorCode>", v);
    str_puts(&w->body, "</UserResponse></UserResponses></Response>"
                       "</GetUserSettingsResponseMessage></s:Body></s:Envelope>");
}

static void write_pox(struct walk *w, const char *says)
{
    const char *v;
    str_puts(&w->body, "<Autodiscover xmlns=\"http://schemas.microsoft.com/exchange/autodiscover/"
                       "responseschema/2006\"><Response xmlns=\"http://schemas.microsoft.com/"
                       "exchange/autodiscover/outlook/responseschema/2006a\">");
    if ((v = after(says, "ews ")))
        str_addf(&w->body,
                 "<Account><Action>settings</Action><Protocol><Type>EXPR</Type><EwsUrl>%s</EwsUrl>"
                 "</Protocol></Account>",
                 v);
    else if ((v = after(says, "err ")))
        str_addf(&w->body, "<Error><ErrorCode>%s</ErrorCode></Error>", v);
    else
        cr_assert_fail("no POX for %s", says);
    str_puts(&w->body, "</Response></Autodiscover>");
}

static void say_srv(struct walk *w, const char *says, struct ad_answer *a)
{
    unsigned priority, weight, port;
    for (; says; says = strchr(says, ',') ? strchr(says, ',') + 1 : NULL) {
        struct dns_srv *r = &w->srv[a->n_srv++];
        cr_assert(sscanf(says, " %u %u %u %253[^,]", &priority, &weight, &port, r->target) == 4);
        r->port = (uint16_t)port;
    }
    a->srv = w->srv;
}

static void
say(struct walk *w, const struct ad_action *action, const char *says, struct ad_answer *a)
{
    const char *v;
    str_clear(&w->body);
    a->status = 200;
    a->content_type = "text/xml; charset=utf-8";
    a->location = "";
    if ((v = after(says, "401 then "))) {
        if (action->sign) {
            say(w, action, v, a);
            return;
        }
        a->status = 401;
    } else if (after(says, "401 ")) {
        a->status = 401;
        a->cannot_sign = after(says, "401 other") != NULL;
    } else if ((v = after(says, "busy "))) {
        if (w->busy++ < atoi(v))
            write_soap(w, "err ServerBusy");
        else
            write_soap(w, strstr(v, "then ") + 5);
    } else if ((v = after(says, "302 "))) {
        a->status = 302;
        a->location = v;
    } else if (after(says, "html")) {
        a->content_type = "text/html";
        str_puts(&w->body, "<html><body>Welcome</body></html>");
    } else if ((v = after(says, "status "))) {
        a->status = atoi(v);
    } else if ((v = after(says, "curl "))) {
        char code[16];
        snprintf(code, sizeof(code), "curl.%s", v);
        err_set(&w->err, SCOPE_REMOTE, WHEN_LATER, code, "x");
        a->err = &w->err;
    } else if ((v = after(says, "code "))) {
        err_set(&w->err, SCOPE_REMOTE, WHEN_LATER, v, "x");
        a->err = &w->err;
    } else if ((v = after(says, "srv "))) {
        say_srv(w, v, a);
    } else if (action->protocol == AD_SOAP) {
        write_soap(w, says);
    } else {
        write_pox(w, says);
    }
    a->body = w->body.p;
    a->body_len = w->body.n;
}

static void note_step(struct walk *w, const struct ad_action *a)
{
    static const char *const names[] = {[AD_ASK] = "S", [AD_GET] = "G", [AD_SRV] = "?"};
    if (w->steps.n)
        str_puts(&w->steps, ", ");
    if (a->step == AD_WAIT) {
        cr_expect(a->wait_ms > 0 && a->wait_ms <= 10000);
        str_putc(&w->steps, '~');
        return;
    }
    str_puts(&w->steps, a->step == AD_ASK && a->protocol == AD_POX ? "P" : names[a->step]);
    if (a->sign)
        str_putc(&w->steps, '+');
    str_putc(&w->steps, ' ');
    const char *host = a->step == AD_SRV ? a->name : strstr(a->url, "://") + 3;
    str_add(&w->steps, host, strcspn(host, ":/"));
}

static const char *const domains[] = {"church.example", NULL};
static const char *const hosts[] = {"mail.partner.example", "autodiscover.partner.example", NULL};

static void run(const struct plan_case *c)
{
    struct ad_policy policy = {.mail_domains = domains, .hosts = hosts, .url = c->configured};
    struct walk w = {.c = c, .steps = STR_INIT(16384), .body = STR_INIT(65536)};
    struct ad_plan *p;
    struct err err;
    cr_assert(ad_plan_new(&policy, c->address, c->known, &p, &err) == 0);
    const struct ad_action *a;
    for (int i = 0; (a = ad_plan_action(p))->step < AD_FOUND; i++) {
        struct ad_answer answer = {.retry_after_ms = -1};
        cr_assert(i < 200, "%s: no end", c->name);
        note_step(&w, a);
        if (a->step != AD_WAIT)
            say(&w, a, rule_for(c, a->step == AD_SRV ? a->name : a->url), &answer);
        ad_plan_answer(p, &answer);
    }
    cr_expect(strcmp(w.steps.p, c->steps) == 0, "%s:\n  %s, not\n  %s", c->name, w.steps.p,
              c->steps);
    if (a->step == AD_FOUND) {
        cr_expect_str_eq(ad_plan_found(p)->url, c->end, "%s", c->name);
    } else {
        ad_plan_err(p, &err);
        cr_expect(strcmp(err.code, c->end) == 0, "%s: %s (%s)", c->name, err.code, err.text);
        cr_expect(err.scope == SCOPE_MAILBOX && err.when == WHEN_LATER);
    }
    ad_plan_free(p);
    str_release(&w.steps);
    str_release(&w.body);
}

Test(ad_plan, table)
{
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        run(&cases[i]);
}

Test(ad_plan, what_is_no_address_is_refused)
{
    const struct ad_policy policy = {.mail_domains = domains};
    struct ad_plan *p;
    struct err err;
    cr_expect(ad_plan_new(&policy, "nobody", NULL, &p, &err) < 0);
    cr_expect_str_eq(err.code, "autodiscover.mail_address");
}

static struct ad_found found_with(bool internal_first, const char *internal, const char *external)
{
    struct ad_policy policy = {.mail_domains = domains, .internal_first = internal_first};
    autovalue(str_release) struct str body = STR_INIT(8192);
    struct ad_plan *p;
    struct err err;
    struct ad_found f = {.url = ""};
    str_addf(&body,
             "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Body>"
             "<GetUserSettingsResponseMessage xmlns=\"http://schemas.microsoft.com/exchange/2010/"
             "Autodiscover\"><Response><UserResponses><UserResponse><UserSettings>"
             "<UserSetting><Name>InternalEwsUrl</Name><Value>%s</Value></UserSetting>"
             "<UserSetting><Name>ExternalEwsUrl</Name><Value>%s</Value></UserSetting>"
             "</UserSettings></UserResponse></UserResponses></Response>"
             "</GetUserSettingsResponseMessage></s:Body></s:Envelope>",
             internal, external);
    cr_assert(ad_plan_new(&policy, "pat@church.example", NULL, &p, &err) == 0);
    ad_plan_answer(p, &(struct ad_answer){.status = 200,
                                          .content_type = "text/xml",
                                          .body = body.p,
                                          .body_len = body.n,
                                          .retry_after_ms = -1});
    if (ad_plan_found(p))
        f = *ad_plan_found(p);
    ad_plan_free(p);
    return f;
}

Test(ad_plan, external_before_internal_unless_the_setting_says_otherwise)
{
    struct ad_found f =
        found_with(false, "https://in.church.example/e", "https://out.church.example/e");
    cr_expect_str_eq(f.url, "https://out.church.example/e");
    cr_expect_str_eq(f.alt, "https://in.church.example/e");
    cr_expect_str_eq(f.via, AD("church.example") ".svc");
    cr_expect_str_eq(f.address, "pat@church.example");
    f = found_with(true, "https://in.church.example/e", "https://out.church.example/e");
    cr_expect_str_eq(f.url, "https://in.church.example/e");
    cr_expect_str_eq(f.alt, "https://out.church.example/e");
}

Test(ad_plan, a_url_that_is_not_allowed_leaves_the_other_one)
{
    struct ad_found f = found_with(false, "https://in.church.example/e", "https://evil.example/e");
    cr_expect_str_eq(f.url, "https://in.church.example/e");
    cr_expect_str_eq(f.alt, "");
    f = found_with(false, "https://ex1.corp.local/e", "https://out.church.example/e");
    cr_expect_str_eq(f.url, "https://out.church.example/e");
    cr_expect_str_eq(f.alt, "");
    f = found_with(false, "https://out.church.example/e", "https://out.church.example/e");
    cr_expect_str_eq(f.alt, "");
}
