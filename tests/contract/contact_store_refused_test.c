/*
 * What Exchange refuses of one contact, and what of that is tried once more: as it was, or without
 * the field that the answer names. Against the simulator, which refuses whatever carries the field.
 */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdio.h>
#include <string.h>

#include "tests/contract/contact_store_contract.c"
#include "tests/contract/ews_host.h"

static void plan(struct contract_host *h, const char *fault)
{
    json_decref(control(h, "POST", "/control/faults", json_pack("{s:s}", "text", fault)));
}

static int64_t calls(struct contract_host *h, const char *operation)
{
    json_t *stats = control(h, "GET", "/control/stats", NULL);
    int64_t n = json_integer_value(json_object_get(json_object_get(stats, "calls"), operation));
    json_decref(stats);
    return n;
}

#define BIT(f) (UINT64_C(1) << CONTACT_##f)

static const struct field_case {
    const char *path;
    enum contact_field field;
} fields[] = {
    {"contacts:JobTitle", CONTACT_JOB_TITLE},
    {"contacts:PhoneNumber:MobilePhone", CONTACT_PHONE_MOBILE},
    {"contacts:EmailAddress:EmailAddress1", CONTACT_EMAIL},
    {"contacts:PhysicalAddress:Street:Home", CONTACT_HOME_STREET},
    {"contacts:Birthday", CONTACT_BIRTHDAY},
};

ParameterizedTestParameters(contact_store_refused, a_field)
{
    size_t n = ARRAY_LEN(fields), *v = cr_malloc(n * sizeof(*v));
    for (size_t i = 0; i < n; i++)
        v[i] = i;
    return cr_make_param_array(size_t, v, n);
}

static void expect_without(struct contract_host *h, const char *id, enum contact_field field)
{
    struct contact c = full;
    c.f[field] = NULL;
    expect_fields(h, id, &c);
}

/* Of three contacts the first and the last carry it. Two requests in all. */
ParameterizedTest(size_t *i, contact_store_refused, a_field)
{
    const struct field_case *c = &fields[*i];
    struct opened o = open_host("secret");
    struct contract_host *h = &o.host;
    struct store_op ops[] = {an_op(1, &full), an_op(2, &small), an_op(3, &full)};
    char fault[200];
    snprintf(fault, sizeof(fault),
             "item_error,code=ErrorItemSavePropertyError,times=0,op=CreateItem,field=%s", c->path);
    plan(h, fault);
    struct applied a = apply_ops(h, STORE_CREATE, ops, 3);
    for (int k = 0; k < 3; k++) {
        cr_assert_eq(a.r[k].outcome, OUT_DONE, "%s: %s", c->path, a.r[k].err.text);
        cr_expect_eq(a.r[k].lacks, k == 1 ? 0 : UINT64_C(1) << c->field, "%s %d", c->path, k);
    }
    cr_expect_str_eq(a.r[0].err.code, "ews.ErrorItemSavePropertyError");
    cr_expect_not_null(strstr(a.r[0].err.text, c->path), "%s", a.r[0].err.text);
    expect_without(h, a.r[0].item_id, c->field);
    expect_without(h, a.r[2].item_id, c->field);
    expect_fields(h, a.r[1].item_id, &small);
    cr_expect_eq(count(h), 3u);
    cr_expect_eq(calls(h, "CreateItem"), 2);
    close_host(&o);
}

Test(contact_store_refused, an_update_leaves_the_field_as_it_was_and_writes_the_rest)
{
    struct opened o = open_host("secret");
    struct contract_host *h = &o.host;
    struct store_op ops[] = {created(h, 1, &full, "Staff"), created(h, 2, &full, "")};
    struct contact after = full;
    after.f[CONTACT_JOB_TITLE] = "Elder";
    after.f[CONTACT_SURNAME] = "Mori";
    for (int k = 0; k < 2; k++) {
        ops[k].after = &after;
        ops[k].changed = BIT(JOB_TITLE) | BIT(SURNAME);
        ops[k].cats_after = "Following";
    }
    ops[1].changed = BIT(SURNAME); /* carries it, and does not write it */
    plan(h, "item_error,code=ErrorPropertyUpdate,times=0,op=UpdateItem,field=contacts:JobTitle");
    struct applied a = apply_ops(h, STORE_UPDATE, ops, 2);
    cr_assert_eq(a.r[0].outcome, OUT_DONE, "%s", a.r[0].err.text);
    cr_assert_eq(a.r[1].outcome, OUT_DONE, "%s", a.r[1].err.text);
    cr_expect_eq(a.r[0].lacks, BIT(JOB_TITLE));
    cr_expect_eq(a.r[1].lacks, 0u);
    after.f[CONTACT_JOB_TITLE] = full.f[CONTACT_JOB_TITLE];
    expect_fields(h, ops[0].item_id, &after);
    cr_expect_eq(calls(h, "UpdateItem"), 2);
    close_host(&o);
}

/* One that is refused twice, for whatever reason, is dead. */
static const struct twice_case {
    const char *fault;
    unsigned times;
    enum outcome want;
    int64_t requests;
} twice[] = {
    {"code=ErrorItemCorrupt", 1, OUT_DONE, 2},
    {"code=ErrorItemSave", 1, OUT_DONE, 2},
    {"code=ErrorItemPropertyRequestFailed", 1, OUT_DONE, 2},
    {"code=ErrorItemCorrupt", 2, OUT_DEAD, 2},
    {"code=ErrorItemSave", 2, OUT_DEAD, 2},
    {"code=ErrorItemPropertyRequestFailed", 2, OUT_DEAD, 2},
    {"code=ErrorInvalidContactEmailAddress", 1, OUT_DONE, 2},
    {"code=ErrorInvalidContactEmailAddress", 2, OUT_DEAD, 2},
    {"code=ErrorItemSavePropertyError", 1, OUT_DEAD, 1}, /* names no field */
    {"code=ErrorInvalidPropertySet", 1, OUT_DEAD, 1},
};

ParameterizedTestParameters(contact_store_refused, once_or_twice)
{
    size_t n = ARRAY_LEN(twice), *v = cr_malloc(n * sizeof(*v));
    for (size_t i = 0; i < n; i++)
        v[i] = i;
    return cr_make_param_array(size_t, v, n);
}
ParameterizedTest(size_t *i, contact_store_refused, once_or_twice)
{
    const struct twice_case *c = &twice[*i];
    for (int update = 0; update < 2; update++) {
        struct opened o = open_host("secret");
        struct contract_host *h = &o.host;
        struct store_op ops[] = {an_op(1, &full), an_op(2, &small)};
        struct contact other = full;
        other.f[CONTACT_EMAIL] = "other@example.org";
        for (unsigned k = 0; k < 2 && update; k++)
            ops[k] = created(h, k + 1, k ? &small : &full, "");
        if (update)
            ops[0].after = &other;
        const char *operation = update ? "UpdateItem" : "CreateItem";
        int64_t before = calls(h, operation);
        char fault[200];
        snprintf(fault, sizeof(fault), "item_error,%s,times=%u,op=%s", c->fault, c->times,
                 operation);
        plan(h, fault);
        struct applied a = apply_ops(h, update ? STORE_UPDATE : STORE_CREATE, ops, 2);
        cr_expect_eq(a.r[0].outcome, c->want, "%s %d: %s", c->fault, update,
                     outcome_name(a.r[0].outcome));
        cr_expect_eq(a.r[1].outcome, OUT_DONE);
        cr_expect_eq(calls(h, operation) - before, c->requests, "%s %d", c->fault, update);
        close_host(&o);
    }
}

Test(contact_store_refused, a_second_try_that_is_lost_is_unknown_and_nothing_else_is)
{
    struct opened o = open_host("secret");
    struct contract_host *h = &o.host;
    struct store_op ops[] = {an_op(1, &full), an_op(2, &small)};
    plan(h, "item_error,code=ErrorItemSave,op=CreateItem");
    plan(h, "drop_after_save,op=CreateItem,nth=2");
    struct applied a = apply_ops(h, STORE_CREATE, ops, 2);
    cr_expect_eq(a.r[0].outcome, OUT_UNKNOWN, "%s", outcome_name(a.r[0].outcome));
    cr_expect_eq(a.r[1].outcome, OUT_DONE);
    cr_expect_eq(count(h), 2u);
    close_host(&o);
}

Test(contact_store_refused, a_conflict_beside_it_is_solved_first)
{
    struct opened o = open_host("secret");
    struct contract_host *h = &o.host;
    struct store_op ops[] = {created(h, 1, &full, ""), created(h, 2, &full, "")};
    struct contact after = full;
    after.f[CONTACT_JOB_TITLE] = "Elder";
    after.f[CONTACT_SURNAME] = "Mori";
    for (int k = 0; k < 2; k++) {
        ops[k].after = &after;
        ops[k].changed = BIT(SURNAME);
    }
    ops[0].changed |= BIT(JOB_TITLE);
    h->user_edits(h, ops[1].item_id, CONTACT_COMPANY, "My own");
    plan(h, "item_error,code=ErrorPropertyUpdate,times=0,op=UpdateItem,field=contacts:JobTitle");
    struct applied a = apply_ops(h, STORE_UPDATE, ops, 2);
    cr_expect_eq(a.r[0].outcome, OUT_DONE, "%s", a.r[0].err.text);
    cr_expect_eq(a.r[0].lacks, BIT(JOB_TITLE));
    cr_expect_eq(a.r[1].outcome, OUT_DONE, "%s", a.r[1].err.text);
    cr_expect_eq(a.r[1].lacks, 0u);
    close_host(&o);
}

/* ---- what concerns a mailbox, or all of them ---- */

static enum outcome look(struct opened *o, int64_t id, struct err *err)
{
    struct store_mailbox mb = mailbox(&o->host);
    mb.id = id;
    struct store_op op = an_op(1, &small);
    struct applied a = {0};
    o->host.store->ops->apply(o->host.store, &mb, STORE_CREATE, &op, 1, WAIT_MS, on_applied, &a);
    cr_assert_eq(loop_wait(o->l, &a.done, WAIT_MS), 0);
    *err = a.r[0].err;
    return a.r[0].outcome;
}

Test(contact_store_refused, denied_for_one_mailbox_parks_it_for_all_stops_the_account)
{
    struct opened o = open_host("secret");
    struct err err;
    plan(&o.host, "soap_fault,code=ErrorImpersonateUserDenied,times=5,op=CreateItem");
    cr_expect_eq(look(&o, 1, &err), OUT_PARK);
    cr_expect_eq(look(&o, 1, &err), OUT_PARK, "the same one again");
    cr_expect_eq(look(&o, 2, &err), OUT_PARK);
    cr_expect_eq(err.scope, SCOPE_MAILBOX);
    cr_expect_eq(look(&o, 3, &err), OUT_STOP);
    cr_expect_eq(err.scope, SCOPE_REMOTE);
    cr_expect_str_eq(err.code, "ews.ErrorImpersonateUserDenied");
    cr_expect_eq(look(&o, 1, &err), OUT_STOP);
    cr_expect_eq(look(&o, 4, &err), OUT_DONE, "mended");
    plan(&o.host, "soap_fault,code=ErrorImpersonateUserDenied,times=1,op=CreateItem");
    cr_expect_eq(look(&o, 5, &err), OUT_PARK);
    close_host(&o);
}

Test(contact_store_refused,
     a_proxy_that_calls_everything_malformed_condemns_no_contact_after_the_second_mailbox)
{
    struct opened o = open_host("secret");
    struct err err;
    plan(&o.host, "http_status,status=400,times=0,op=CreateItem");
    cr_expect_eq(look(&o, 1, &err), OUT_SPLIT);
    cr_expect_eq(look(&o, 2, &err), OUT_SPLIT);
    cr_expect_eq(look(&o, 3, &err), OUT_STOP);
    cr_expect_eq(look(&o, 1, &err), OUT_STOP);
    close_host(&o);
}

/* ---- known by another address ---- */

static void a_mailbox_with_aliases(struct contract_host *h)
{
    json_decref(
        control(h, "POST", "/control/mailboxes",
                json_pack("{s:[{s:s, s:[s, s]}]}", "mailboxes", "address", "first@church.example",
                          "aliases", "second@church.example", "third@church.example")));
}

static const char *identified_as(struct opened *o, int64_t id, const char *address)
{
    struct store_mailbox mb = mailbox(&o->host);
    mb.id = id;
    mb.address = address;
    mb.folder_id = NULL;
    struct identified i = identify(&o->host, &mb);
    cr_assert_eq(i.outcome, OUT_DONE, "%s: %s", address, i.err.text);
    return i.folder_id;
}

/* Requests of EWS since the last time. */
static int64_t since_then(struct contract_host *h)
{
    static int64_t before;
    json_t *stats = control(h, "GET", "/control/stats", NULL);
    int64_t now = json_integer_value(json_object_get(stats, "requests")), n = now - before;
    json_decref(stats);
    before = now;
    return n;
}

Test(contact_store_refused, a_mailbox_that_is_known_by_a_second_address_is_asked_by_its_first)
{
    struct opened o = open_host("secret");
    a_mailbox_with_aliases(&o.host);
    const char *folder = identified_as(&o, 1, "first@church.example");
    since_then(&o.host);
    cr_expect_str_eq(identified_as(&o, 7, "second@church.example"), folder);
    cr_expect_eq(since_then(&o.host), 2);
    cr_expect_str_eq(identified_as(&o, 7, "second@church.example"), folder);
    cr_expect_eq(since_then(&o.host), 1);
    cr_expect_str_eq(identified_as(&o, 7, "third@church.example"), folder);
    cr_expect_eq(since_then(&o.host), 2);
    cr_expect_str_eq(identified_as(&o, 8, "first@church.example"), folder);
    cr_expect_eq(since_then(&o.host), 1);
    close_host(&o);
}
