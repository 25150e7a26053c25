/*
 * Photos by the EWS driver: what a fault means in each of its three steps, and what it asks of the
 * server.
 */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdio.h>
#include <string.h>

#include "tests/contract/contact_store_contract.c"
#include "tests/contract/ews_host.h"

static void plan(struct contract_host *h, const char *op, const char *fault)
{
    char text[200];
    snprintf(text, sizeof(text), "%s,op=%s", fault, op);
    json_decref(control(h, "POST", "/control/faults", json_pack("{s:s}", "text", text)));
}

static json_int_t stat(struct contract_host *h, const char *object, const char *name)
{
    json_t *stats = control(h, "GET", "/control/stats", NULL);
    json_t *o = object ? json_object_get(stats, object) : stats;
    json_int_t v = json_integer_value(json_object_get(o, name));
    json_decref(stats);
    return v;
}

static struct criterion_test_params indexes(size_t n)
{
    size_t *v = cr_malloc(n * sizeof(*v));
    for (size_t i = 0; i < n; i++)
        v[i] = i;
    return cr_make_param_array(size_t, v, n);
}

/* Three contacts; the second has another photo of ours. The fault hits the first request of that
 * operation. */
static const struct fault_case {
    const char *op, *fault;
    enum outcome want[3];
    const char *code; /* of the first that is not done begins with it */
    int shown;        /* contacts that show the photo they should, afterwards */
} faults[] = {
    /* a look does no harm */
    {"GetItem",
     "truncated_xml",
     {OUT_RETRY_LATER, OUT_RETRY_LATER, OUT_RETRY_LATER},
     "ews.unreadable",
     0},
    {"GetItem", "http_502", {OUT_RETRY_LATER, OUT_RETRY_LATER, OUT_RETRY_LATER}, "http.502", 0},
    {"GetItem", "http_status,status=403", {OUT_STOP, OUT_STOP, OUT_STOP}, "http.403", 0},
    {"GetItem",
     "item_error,code=ErrorItemCorrupt,item=3",
     {OUT_DONE, OUT_DONE, OUT_DEAD},
     "ews.ErrorItemCorrupt",
     2},
    /* only the second has something to take off */
    {"DeleteAttachment",
     "drop_after_save",
     {OUT_NOT_TRIED, OUT_UNKNOWN, OUT_NOT_TRIED},
     "curl.",
     0},
    {"DeleteAttachment",
     "server_busy,shape=fault,back_off_ms=7000",
     {OUT_RETRY_LATER, OUT_RETRY_LATER, OUT_RETRY_LATER},
     "ews.ErrorServerBusy",
     0},
    {"DeleteAttachment",
     "item_error,code=ErrorInvalidAttachmentId",
     {OUT_DONE, OUT_RETRY_LATER, OUT_DONE},
     "ews.ErrorInvalidAttachmentId",
     2},
    /* one after the other: what was put stays, what was not sent is not unknown */
    {"CreateAttachment",
     "drop_after_save",
     {OUT_UNKNOWN, OUT_NOT_TRIED, OUT_NOT_TRIED},
     "curl.",
     1},
    {"CreateAttachment",
     "drop_after_save,nth=2",
     {OUT_DONE, OUT_UNKNOWN, OUT_NOT_TRIED},
     "curl.",
     2},
    {"CreateAttachment", "http_502,nth=3", {OUT_DONE, OUT_DONE, OUT_UNKNOWN}, "http.502", 3},
    {"CreateAttachment",
     "reset_before_save",
     {OUT_UNKNOWN, OUT_NOT_TRIED, OUT_NOT_TRIED},
     "curl.",
     0},
    {"CreateAttachment",
     "wrong_count",
     {OUT_UNKNOWN, OUT_NOT_TRIED, OUT_NOT_TRIED},
     "ews.wrong",
     1},
    {"CreateAttachment",
     "http_503,retry_after=7,nth=2",
     {OUT_DONE, OUT_RETRY_LATER, OUT_RETRY_LATER},
     "http.503",
     1},
    {"CreateAttachment",
     "http_status,status=413,nth=2",
     {OUT_DONE, OUT_DEAD, OUT_DONE},
     "http.413",
     2},
    {"CreateAttachment",
     "item_error,code=ErrorAttachmentSizeLimitExceeded,nth=2",
     {OUT_DONE, OUT_DEAD, OUT_DONE},
     "ews.ErrorAttachmentSizeLimitExceeded",
     2},
    {"CreateAttachment",
     "item_error,code=ErrorItemNotFound",
     {OUT_GONE, OUT_DONE, OUT_DONE},
     "ews.ErrorItemNotFound",
     2},
    {"CreateAttachment",
     "item_error,code=ErrorQuotaExceeded,nth=2",
     {OUT_DONE, OUT_PARK, OUT_PARK},
     "ews.ErrorQuotaExceeded",
     1},
    {"CreateAttachment",
     "soap_fault,code=ErrorImpersonationDenied",
     {OUT_STOP, OUT_STOP, OUT_STOP},
     "ews.ErrorImpersonationDenied",
     0},
    {"CreateAttachment",
     "truncated_xml",
     {OUT_UNKNOWN, OUT_NOT_TRIED, OUT_NOT_TRIED},
     "ews.unr",
     1},
};

ParameterizedTestParameters(contact_store_ews_photo, knows_what_a_fault_means)
{
    return indexes(ARRAY_LEN(faults));
}
ParameterizedTest(size_t *i, contact_store_ews_photo, knows_what_a_fault_means)
{
    const struct fault_case *c = &faults[*i];
    struct opened o = open_host("secret");
    struct contract_host *h = &o.host;
    struct store_mailbox mb = mailbox(h);
    struct store_op ops[] = {created(h, 1, &full, ""), created(h, 2, &full, ""),
                             created(h, 3, &full, "")};
    struct store_photo v[] = {a_photo(&ops[0], 1), a_photo(&ops[1], 2), a_photo(&ops[2], 3)};
    const char *code = NULL;
    int shown = 0;
    put_photo(h, a_photo(&ops[1], 7));
    json_decref(control(h, "POST", "/control/settings", json_pack("{s:b}", "photo_replaces", 0)));
    json_decref(control(h, "DELETE", "/control/stats", NULL));
    plan(h, c->op, c->fault);
    struct applied a = photo_in(h, &mb, v, 3);
    for (size_t k = 0; k < 3; k++) {
        cr_expect_str_eq(outcome_name(a.r[k].outcome), outcome_name(c->want[k]), "%s %s: %zu %s",
                         c->op, c->fault, k, a.r[k].err.text);
        if (!code && a.r[k].outcome != OUT_DONE)
            code = a.r[k].err.code;
        autofree char *mark = h->photo(h, ops[k].item_id);
        shown += mark && strcmp(mark, v[k].mark) == 0;
    }
    cr_expect(code && strncmp(code, c->code, strlen(c->code)) == 0, "%s %s: %s", c->op, c->fault,
              code ? code : "none");
    cr_expect_eq(shown, c->shown, "%s %s: %d shown", c->op, c->fault, shown);
    /* whatever it was, the next call makes it good, and nobody gets two */
    a = photo_in(h, &mb, v, 3);
    for (size_t k = 0; k < 3; k++) {
        cr_expect_eq(a.r[k].outcome, OUT_DONE, "%s", a.r[k].err.text);
        expect_photo(h, ops[k].item_id, v[k].mark);
    }
    cr_expect_eq(stat(h, NULL, "second_photos"), 0, "%s %s", c->op, c->fault);
    cr_expect_eq(stat(h, NULL, "attached"), 3, "%s %s", c->op, c->fault);
    close_host(&o);
}

Test(contact_store_ews_photo, that_is_there_costs_one_look_for_all)
{
    struct opened o = open_host("secret");
    struct contract_host *h = &o.host;
    struct store_mailbox mb = mailbox(h);
    struct store_photo v[10];
    for (unsigned i = 0; i < 10; i++) {
        struct store_op op = created(h, i, &small, "");
        v[i] = a_photo(&op, i);
    }
    photo_in(h, &mb, v, 10);
    cr_expect_eq(stat(h, "calls", "CreateAttachment"), 10);
    cr_expect_eq(stat(h, "calls", "DeleteAttachment"), 0);
    json_decref(control(h, "DELETE", "/control/stats", NULL));
    photo_in(h, &mb, v, 10);
    cr_expect_eq(stat(h, "calls", "GetItem"), 1);
    cr_expect_eq(stat(h, "calls", "CreateAttachment"), 0);
    close_host(&o);
}

Test(contact_store_ews_photo, that_was_half_replaced_tells_the_version)
{
    struct opened o = open_host("secret");
    struct contract_host *h = &o.host;
    struct store_mailbox mb = mailbox(h);
    struct store_op op = created(h, 1, &full, "");
    struct store_result first = put_photo(h, a_photo(&op, 1));
    struct store_photo two = a_photo(&op, 2);
    plan(h, "CreateAttachment", "http_503");
    struct applied a = photo_in(h, &mb, &two, 1);
    cr_expect_eq(a.r[0].outcome, OUT_RETRY_LATER);
    cr_assert_not_null(a.r[0].version, "ours was taken off");
    cr_expect_str_neq(a.r[0].version, first.version);
    expect_photo(h, op.item_id, NULL);
    close_host(&o);
}

/* The server would take the user's away for ours. */
Test(contact_store_ews_photo, that_the_user_sets_while_we_look_stays)
{
    struct opened o = open_host("secret");
    struct contract_host *h = &o.host;
    struct store_mailbox mb = mailbox(h);
    struct store_op op = created(h, 1, &full, "");
    struct store_photo ours = a_photo(&op, 1);
    struct applied a = {0};
    plan(h, "GetItem", "late_answer,ms=500");
    h->store->ops->photo(h->store, &mb, &ours, 1, TIMEOUT_MS, on_applied, &a);
    while (stat(h, "calls", "GetItem") == 0)
        loop_turn(h->loop, 5);
    h->user_sets_photo(h, op.item_id, true);
    cr_assert_eq(loop_wait(h->loop, &a.done, WAIT_MS), 0);
    cr_expect_eq(a.r[0].outcome, OUT_CONFLICT, "%s", outcome_name(a.r[0].outcome));
    cr_expect_eq(stat(h, NULL, "users_photos_lost"), 0);
    cr_expect_str_eq(put_photo(h, ours).err.code, STORE_PHOTO_OWN);
    close_host(&o);
}

Test(contact_store_ews_photo, beside_files_of_the_user_leaves_them)
{
    struct opened o = open_host("secret");
    struct contract_host *h = &o.host;
    struct store_op op = created(h, 1, &full, "");
    struct store_photo ours = a_photo(&op, 1);
    put_photo(h, ours);
    /* ours goes where the user's appears beside it, as a client may do that does not replace */
    act(h, op.item_id,
        json_pack("{s:s, s:b, s:b}", "action", "photo", "beside", true, "remove", 0));
    struct store_result r = put_photo(h, ours);
    cr_expect_str_eq(r.err.code, STORE_PHOTO_OWN);
    cr_expect_not_null(r.version);
    json_t *it = item(h, op.item_id), *list = json_object_get(it, "attachments");
    cr_expect_eq(json_array_size(list), 1u);
    cr_expect_str_eq(json_string_value(json_object_get(json_array_get(list, 0), "by")), "user");
    json_decref(it);
    close_host(&o);
}

Test(contact_store_ews_photo, is_not_for_exchange_2007)
{
    struct opened o = open_host("secret");
    struct contract_host *h = &o.host;
    struct store_op op = created(h, 1, &full, "");
    ews_store_version(h->store, 1, "Exchange2007_SP1");
    json_decref(control(h, "DELETE", "/control/stats", NULL));
    struct store_result r = put_photo(h, a_photo(&op, 1));
    cr_expect_str_eq(r.err.code, STORE_PHOTO_UNSUPPORTED);
    cr_expect_null(r.version);
    cr_expect_eq(stat(h, NULL, "requests"), 0);
    close_host(&o);
}

Test(contact_store_ews_photo, of_a_server_that_turns_out_to_be_2007_ends_with_the_look)
{
    struct opened o = open_server("secret", "Exchange2007_SP1");
    struct contract_host *h = &o.host;
    autofree char *id = user_adds(h, "Lee");
    struct store_op op = {.item_id = id};
    struct store_result r = put_photo(h, a_photo(&op, 1));
    cr_expect_str_eq(r.err.code, STORE_PHOTO_UNSUPPORTED);
    cr_expect_eq(stat(h, "calls", "GetItem"), 1);
    cr_expect_eq(stat(h, "calls", "CreateAttachment"), 0);
    contact_store_free(h->store); /* not close_host: the server counts versions it does not know */
    sim_exchange_stop(h->state);
    loop_free(o.l);
    arena_free(keep);
}
