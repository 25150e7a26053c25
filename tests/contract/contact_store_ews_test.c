/*
 * The EWS driver against the Exchange simulator, which checks each request (by the schema too,
 * where it is there) and keeps what it was told.
 */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdio.h>
#include <string.h>

#include "tests/contract/contact_store_contract.c"
#include "tests/contract/ews_host.h"
#include "worker/ews/ews_version.h"

ParameterizedTestParameters(contact_store_ews, keeps_the_contract)
{
    return contract_indexes();
}
ParameterizedTest(size_t *i, contact_store_ews, keeps_the_contract)
{
    struct opened o = open_host("secret");
    contact_store_contract[*i].run(&o.host);
    close_host(&o);
}

/* ---- what can go wrong on the way ---- */

static void plan(struct contract_host *h, const char *fault)
{
    json_decref(control(h, "POST", "/control/faults", json_pack("{s:s}", "text", fault)));
}

/* Two contacts are created; the fault hits that call. */
static const struct fault_case {
    const char *fault;
    enum outcome first, second;
    const char *code; /* begins with it; how the kernel tells of a reset depends on timing */
    size_t saved;
} faults[] = {
    {"drop_after_save", OUT_UNKNOWN, OUT_UNKNOWN, "curl.52", 2},
    {"reset_before_save", OUT_UNKNOWN, OUT_UNKNOWN, "curl.", 0},
    {"half_batch", OUT_DONE, OUT_NOT_TRIED, "ews.ErrorBatchProcessingStopped", 1},
    {"half_batch_drop", OUT_UNKNOWN, OUT_UNKNOWN, "curl.52", 1},
    {"wrong_count", OUT_UNKNOWN, OUT_UNKNOWN, "ews.wrong_count", 2},
    {"http_503,retry_after=7", OUT_RETRY_LATER, OUT_RETRY_LATER, "http.503", 0},
    {"http_502", OUT_UNKNOWN, OUT_UNKNOWN, "http.502", 2},
    {"http_status,status=403", OUT_STOP, OUT_STOP, "http.403", 0},
    {"http_status,status=413", OUT_SPLIT, OUT_SPLIT, "http.413", 0},
    {"server_busy,shape=fault,back_off_ms=7000", OUT_RETRY_LATER, OUT_RETRY_LATER,
     "ews.ErrorServerBusy", 0},
    {"server_busy,shape=message,back_off_ms=7000", OUT_RETRY_LATER, OUT_RETRY_LATER,
     "ews.ErrorServerBusy", 0},
    {"server_busy,shape=item,back_off_ms=7000", OUT_RETRY_LATER, OUT_RETRY_LATER,
     "ews.ErrorServerBusy", 0},
    {"item_error,code=ErrorItemSavePropertyError,item=2", OUT_DONE, OUT_DEAD,
     "ews.ErrorItemSavePropertyError", 1},
    {"item_error,code=ErrorQuotaExceeded,item=2", OUT_DONE, OUT_PARK, "ews.ErrorQuotaExceeded", 1},
    {"soap_fault,code=ErrorSchemaValidation", OUT_SPLIT, OUT_SPLIT, "ews.ErrorSchemaValidation", 0},
    {"soap_fault,code=ErrorImpersonationDenied", OUT_STOP, OUT_STOP, "ews.ErrorImpersonationDenied",
     0},
    {"html_200", OUT_STOP, OUT_STOP, "http.200", 0},
    {"truncated_xml", OUT_UNKNOWN, OUT_UNKNOWN, "ews.unreadable", 2},
    {"truncated_body", OUT_UNKNOWN, OUT_UNKNOWN, "curl.18", 2},
    {"dtd", OUT_UNKNOWN, OUT_UNKNOWN, "ews.unreadable", 2},
    {"entity_bomb", OUT_UNKNOWN, OUT_UNKNOWN, "ews.unreadable", 2},
    {"bad_charref", OUT_DONE, OUT_DONE, "", 2},
    {"long_ids", OUT_DONE, OUT_DONE, "", 2},
};

ParameterizedTestParameters(contact_store_ews, knows_what_a_fault_means_for_a_create)
{
    size_t n = ARRAY_LEN(faults), *v = cr_malloc(n * sizeof(*v));
    for (size_t i = 0; i < n; i++)
        v[i] = i;
    return cr_make_param_array(size_t, v, n);
}
ParameterizedTest(size_t *i, contact_store_ews, knows_what_a_fault_means_for_a_create)
{
    const struct fault_case *c = &faults[*i];
    struct opened o = open_host("secret");
    struct contract_host *h = &o.host;
    struct store_op ops[] = {an_op(1, &full), an_op(2, &small)};
    char fault[200];
    snprintf(fault, sizeof(fault), "%s,op=CreateItem", c->fault);
    created(h, 9, &small, ""); /* the connection is open and reused by the call that is hit */
    plan(h, fault);
    struct applied a = apply_ops(h, STORE_CREATE, ops, 2);
    cr_expect_str_eq(outcome_name(a.r[0].outcome), outcome_name(c->first), "%s: %s", c->fault,
                     a.r[0].err.text);
    cr_expect_str_eq(outcome_name(a.r[1].outcome), outcome_name(c->second), "%s: %s", c->fault,
                     a.r[1].err.text);
    cr_expect_eq(strncmp(a.r[1].err.code, c->code, strlen(c->code)), 0, "%s: %s", c->fault,
                 a.r[1].err.code);
    if (strstr(c->fault, "=7"))
        cr_expect_eq(a.r[0].err.after_ms, 7000u, "%s", c->fault);
    cr_expect_eq(count(h), c->saved + 1, "%s: %zu", c->fault, count(h)); /* sent once, saved once */
    if (c->first == OUT_DONE && c->second == OUT_DONE) {
        cr_expect_eq(list_keys(h, NULL, 0).n, 3u);
        cr_expect_eq(apply_ops(h, STORE_DELETE, (struct store_op[]){{.item_id = a.r[0].item_id}}, 1)
                         .r[0]
                         .outcome,
                     OUT_DONE);
    }
    close_host(&o);
}

Test(contact_store_ews, a_slow_server_leaves_a_write_unknown_and_a_read_for_later)
{
    struct opened o = open_host("secret");
    struct store_mailbox mb = mailbox(&o.host);
    struct store_op op = an_op(1, &full);
    struct applied a = {0};
    plan(&o.host, "late_answer,ms=600,op=CreateItem");
    o.host.store->ops->apply(o.host.store, &mb, STORE_CREATE, &op, 1, 200, on_applied, &a);
    cr_assert_eq(loop_wait(o.l, &a.done, WAIT_MS), 0);
    cr_expect_eq(a.r[0].outcome, OUT_UNKNOWN);
    cr_expect_str_eq(a.r[0].err.code, "curl.28");
    cr_expect_eq(count(&o.host), 1u);
    plan(&o.host, "drop_after_save,op=FindItem");
    struct listed l = list_in(&o.host, &mb, NULL, 0);
    cr_expect(l.outcome == OUT_DONE || l.outcome == OUT_RETRY_LATER);
    close_host(&o);
}

Test(contact_store_ews, an_update_that_cannot_read_the_categories_writes_nothing)
{
    struct opened o = open_host("secret");
    struct store_op op = created(&o.host, 1, &full, "Staff");
    op.after = &small;
    op.cats_after = "";
    plan(&o.host, "server_busy,shape=fault,back_off_ms=7000,op=GetItem");
    struct applied a = apply_ops(&o.host, STORE_UPDATE, &op, 1);
    cr_expect_eq(a.r[0].outcome, OUT_RETRY_LATER);
    cr_expect_eq(a.r[0].err.after_ms, 7000u);
    expect_fields(&o.host, op.item_id, &full);
    plan(&o.host, "truncated_xml,op=GetItem");
    a = apply_ops(&o.host, STORE_UPDATE, &op, 1);
    cr_expect_eq(a.r[0].outcome, OUT_RETRY_LATER, "%s", outcome_name(a.r[0].outcome));
    expect_fields(&o.host, op.item_id, &full);
    close_host(&o);
}

Test(contact_store_ews, only_the_ops_in_conflict_are_written_again)
{
    struct opened o = open_host("secret");
    struct contract_host *h = &o.host;
    struct store_op ops[] = {created(h, 1, &full, ""), created(h, 2, &full, ""),
                             created(h, 3, &full, "")};
    for (size_t i = 0; i < 3; i++)
        ops[i].after = &small;
    plan(h, "item_error,code=ErrorIrresolvableConflict,item=2,op=UpdateItem");
    struct applied a = apply_ops(h, STORE_UPDATE, ops, 3);
    for (size_t i = 0; i < 3; i++) {
        cr_expect_eq(a.r[i].outcome, OUT_DONE, "%s", a.r[i].err.text);
        expect_fields(h, ops[i].item_id, &small);
    }
    json_t *stats = control(h, "GET", "/control/stats", NULL);
    cr_expect_eq(json_integer_value(json_object_get(json_object_get(stats, "calls"), "UpdateItem")),
                 2);
    cr_expect_eq(json_integer_value(json_object_get(stats, "updated")), 3, "%lld",
                 (long long)json_integer_value(json_object_get(stats, "updated")));
    json_decref(stats);
    plan(h, "item_error,code=ErrorIrresolvableConflict,times=2,op=UpdateItem");
    a = apply_ops(h, STORE_UPDATE, ops, 1);
    cr_expect_eq(a.r[0].outcome, OUT_CONFLICT, "twice is for the caller");
    close_host(&o);
}

/* ---- the login ---- */

static size_t unauthorized(struct contract_host *h)
{
    json_t *stats = control(h, "GET", "/control/stats", NULL);
    size_t n = (size_t)json_integer_value(json_object_get(stats, "unauthorized"));
    json_decref(stats);
    return n;
}

Test(contact_store_ews, a_wrong_password_is_sent_twice_whatever_waits)
{
    enum { CALLS = 20 };
    struct opened o = open_host("wrong");
    struct store_mailbox mb = mailbox(&o.host);
    struct store_op op = an_op(1, &full);
    struct applied a[CALLS] = {{0}};
    for (size_t i = 0; i < CALLS; i++)
        o.host.store->ops->apply(o.host.store, &mb, STORE_CREATE, &op, 1, TIMEOUT_MS, on_applied,
                                 &a[i]);
    for (size_t i = 0; i < CALLS; i++) {
        cr_assert_eq(loop_wait(o.l, &a[i].done, WAIT_MS), 0);
        cr_expect_eq(a[i].r[0].outcome, OUT_STOP, "%s", a[i].r[0].err.text);
        cr_expect_str_eq(a[i].r[0].err.code, "auth.refused");
        cr_expect_null(strstr(a[i].r[0].err.text, "wrong"));
    }
    cr_expect_eq(unauthorized(&o.host), 2u);
    close_host(&o);
}

Test(contact_store_ews, a_passing_401_is_tried_again_once_and_nobody_notices)
{
    enum { CALLS = 3 };
    struct opened o = open_host("secret");
    struct store_mailbox mb = mailbox(&o.host);
    struct applied a[CALLS] = {{0}};
    struct store_op ops[CALLS], first = an_op(CALLS, &small);
    cr_assert_eq(apply_ops(&o.host, STORE_CREATE, &first, 1).r[0].outcome, OUT_DONE);
    plan(&o.host, "http_status,status=401,op=CreateItem,times=3");
    for (unsigned i = 0; i < CALLS; i++) {
        ops[i] = an_op(i, &small);
        o.host.store->ops->apply(o.host.store, &mb, STORE_CREATE, &ops[i], 1, TIMEOUT_MS,
                                 on_applied, &a[i]);
    }
    for (unsigned i = 0; i < CALLS; i++) {
        cr_assert_eq(loop_wait(o.l, &a[i].done, WAIT_MS), 0);
        cr_expect_eq(a[i].r[0].outcome, OUT_DONE, "%s", a[i].r[0].err.text);
    }
    cr_expect_eq(count(&o.host), (size_t)CALLS + 1);
    close_host(&o);
}

/* ---- cancel ---- */

struct leaving {
    unsigned asked, wanted;
    bool there;
};

static bool count_leaving(void *user)
{
    struct leaving *l = user;
    l->there = ++l->asked == l->wanted;
    return true;
}

/* The nth request of the call is on its way, its answer far away. */
static struct applied
cancel_at(struct contract_host *h, enum store_verb verb, const struct store_op *op, unsigned nth)
{
    struct leaving l = {.wanted = nth};
    struct store_mailbox mb = mailbox(h);
    struct applied a = {0};
    mb.may_send = count_leaving;
    mb.user = &l;
    h->store->ops->apply(h->store, &mb, verb, op, 1, TIMEOUT_MS, on_applied, &a);
    cr_assert_eq(loop_wait(h->loop, &l.there, WAIT_MS), 0);
    cr_assert_not(a.done);
    h->store->ops->cancel(h->store);
    cr_assert(a.done);
    cr_expect_str_eq(a.r[0].err.code, "canceled");
    return a;
}

Test(contact_store_ews, a_canceled_write_is_unknown_but_a_canceled_look_before_it_is_not)
{
    struct opened o = open_host("secret");
    struct contract_host *h = &o.host;
    struct store_op op = created(h, 1, &full, ""), create = an_op(2, &full);
    op.cats_after = "Staff";
    cr_expect_eq(cancel_at(h, STORE_CREATE, &create, 1).r[0].outcome, OUT_UNKNOWN);
    cr_expect_eq(cancel_at(h, STORE_DELETE, &op, 1).r[0].outcome, OUT_UNKNOWN);
    op = created(h, 3, &full, "");
    op.cats_after = "Staff";
    cr_expect_eq(cancel_at(h, STORE_UPDATE, &op, 1).r[0].outcome, OUT_NOT_TRIED);
    cr_expect_eq(cancel_at(h, STORE_UPDATE, &op, 2).r[0].outcome, OUT_UNKNOWN);
    close_host(&o);
}

Test(contact_store_ews, an_address_with_a_line_break_parks_the_mailbox)
{
    struct opened o = open_host("secret");
    struct store_mailbox mb = mailbox(&o.host);
    struct store_op op = an_op(1, &full);
    mb.address = "pat@church.example\r\nX-Evil: 1";
    struct applied a = apply_to(&o.host, &mb, STORE_CREATE, &op, 1);
    cr_expect_eq(a.r[0].outcome, OUT_PARK, "%s", a.r[0].err.text);
    cr_expect_str_eq(a.r[0].err.code, "ews.bad_address");
    close_host(&o);
}

/* ---- settings ---- */

Test(contact_store_ews, refuses_settings_that_are_none)
{
    static const struct ews_config bad[] = {
        {.url = "http://mail.church.example/EWS/Exchange.asmx", .user = "u", .password = "p"},
        {.url = "ftp://mail.church.example", .user = "u", .password = "p", .allow_http = true},
        {.url = "https://mail.church.example", .user = "u", .password = "p", .version = "1999"},
        {.url = "https://mail.church.example", .user = "u", .password = "p", .delete_type = "gone"},
    };
    autoptr(loop_free) struct loop *l = loop_new(clock_real());
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct contact_store *s = NULL;
        struct err err;
        cr_expect_eq(ews_store_new(l, &bad[i], &s, &err), -1, "%zu", i);
        cr_expect_str_eq(err.code, "conf");
        cr_expect_null(s);
    }
    cr_expect_str_eq(ews_version_of("2019"), "Exchange2013_SP1");
    cr_expect_str_eq(ews_version_of("exchange2010_sp2"), "Exchange2010_SP2");
    cr_expect_null(ews_version_of(""));
}

Test(contact_store_ews, a_request_that_is_too_big_is_to_be_split)
{
    enum { N = 100 };
    struct opened o = open_host("secret");
    struct store_op ops[N];
    char *street = xalloc(1025);
    struct contact big = full;
    memset(street, '&', 1024); /* five bytes each */
    big.f[CONTACT_HOME_STREET] = big.f[CONTACT_WORK_STREET] = street;
    for (unsigned i = 0; i < N; i++)
        ops[i] = an_op(i, &big);
    struct applied a = apply_ops(&o.host, STORE_CREATE, ops, N);
    for (size_t i = 0; i < N; i++)
        cr_expect_eq(a.r[i].outcome, OUT_SPLIT);
    cr_expect_str_eq(a.r[0].err.code, "ews.too_big");
    cr_expect_eq(count(&o.host), 0u);
    free(street);
    close_host(&o);
}
