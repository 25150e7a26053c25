/*
 * Photos by the EWS driver under everything at once: what is wanted changes, the user puts and
 * takes photos, requests are lost on either way, and nobody takes notes of the results. Each
 * schedule follows from its number. At rest every contact shows what it should: the user's photo
 * where there is one, else ours; none twice, none of the user's lost.
 */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdio.h>
#include <string.h>

#include "tests/contract/contact_store_contract.c"
#include "tests/contract/ews_host.h"

enum { SCHEDULES = 24, STEPS = 40, CONTACTS = 5, PHOTOS = 4 };

struct play {
    struct contract_host *h;
    uint64_t dice;
    struct store_op op[CONTACTS];
    unsigned wanted[CONTACTS]; /* number of our photo; 0 none */
    char *users[CONTACTS];     /* what the user's photo looks like; NULL: none of the user's */
};

/* xorshift64*, below n. */
static unsigned dice(struct play *p, unsigned n)
{
    p->dice ^= p->dice >> 12;
    p->dice ^= p->dice << 25;
    p->dice ^= p->dice >> 27;
    return (unsigned)((p->dice * UINT64_C(2685821657736338717) >> 33) % n);
}

static struct store_photo photo_now(const struct play *p, unsigned i)
{
    return p->wanted[i] ? a_photo(&p->op[i], p->wanted[i]) : no_photo(&p->op[i]);
}

static void want_another(struct play *p)
{
    p->wanted[dice(p, CONTACTS)] = dice(p, PHOTOS + 1);
}

static void user_acts(struct play *p)
{
    unsigned i = dice(p, CONTACTS);
    bool there = dice(p, 3) > 0;
    p->h->user_sets_photo(p->h, p->op[i].item_id, there);
    free(p->users[i]);
    p->users[i] = there ? p->h->photo(p->h, p->op[i].item_id) : NULL;
}

static void plan_fault(struct play *p)
{
    static const char *const faults[] = {"drop_after_save",
                                         "reset_before_save",
                                         "http_502",
                                         "http_503",
                                         "wrong_count",
                                         "half_batch",
                                         "half_batch_drop",
                                         "truncated_body",
                                         "truncated_xml",
                                         "bad_charref",
                                         "server_busy,shape=item",
                                         "server_busy,shape=fault",
                                         "dtd",
                                         "http_status,status=413",
                                         "item_error,code=ErrorInternalServerError",
                                         "late_answer",
                                         "item_error,code=ErrorItemNotFound"};
    static const char *const ops[] = {"GetItem", "DeleteAttachment", "CreateAttachment"};
    char text[160];
    snprintf(text, sizeof(text), "%s,op=%s,nth=%u", faults[dice(p, ARRAY_LEN(faults))],
             ops[dice(p, ARRAY_LEN(ops))], 1 + dice(p, 3));
    json_decref(control(p->h, "POST", "/control/faults", json_pack("{s:s}", "text", text)));
}

static void call_for_some(struct play *p)
{
    struct store_mailbox mb = mailbox(p->h);
    struct store_photo v[CONTACTS];
    size_t n = 0;
    for (unsigned i = 0; i < CONTACTS; i++)
        if (dice(p, 2))
            v[n++] = photo_now(p, i);
    if (n)
        photo_in(p->h, &mb, v, n);
}

static void step(struct play *p)
{
    switch (dice(p, 5)) {
    case 0:
        want_another(p);
        break;
    case 1:
        user_acts(p);
        break;
    case 2:
        plan_fault(p);
        break;
    default:
        call_for_some(p);
        break;
    }
}

/* Without faults one call for all is enough, and the next one writes nothing. */
static void come_to_rest(struct play *p)
{
    struct store_mailbox mb = mailbox(p->h);
    struct store_photo v[CONTACTS];
    json_decref(control(p->h, "DELETE", "/control/faults", NULL));
    for (unsigned i = 0; i < CONTACTS; i++)
        v[i] = photo_now(p, i);
    for (int call = 0; call < 2; call++) {
        struct applied a = photo_in(p->h, &mb, v, CONTACTS);
        for (unsigned i = 0; i < CONTACTS; i++) {
            cr_expect_eq(a.r[i].outcome, OUT_DONE, "%u: %s", i, a.r[i].err.text);
            cr_expect(call == 0 || !a.r[i].version, "%u was written again", i);
            cr_expect_str_eq(a.r[i].err.code, p->users[i] && p->wanted[i] ? STORE_PHOTO_OWN : "");
        }
    }
}

static void expect_all_as_it_should(struct play *p)
{
    for (unsigned i = 0; i < CONTACTS; i++) {
        json_t *it = item(p->h, p->op[i].item_id);
        size_t n = json_array_size(json_object_get(it, "attachments"));
        json_decref(it);
        cr_expect_eq(n, p->users[i] || p->wanted[i] ? 1u : 0u, "contact %u has %zu files", i, n);
        expect_photo(p->h, p->op[i].item_id, p->users[i] ? p->users[i] : photo_now(p, i).mark);
        expect_fields(p->h, p->op[i].item_id, &small);
    }
    json_t *stats = control(p->h, "GET", "/control/stats", NULL);
    cr_expect_eq(json_integer_value(json_object_get(stats, "second_photos")), 0);
    cr_expect_eq(json_integer_value(json_object_get(stats, "users_photos_lost")), 0);
    json_decref(stats);
}

ParameterizedTestParameters(contact_store_ews_photo_random, comes_to_rest_as_it_should)
{
    size_t *v = cr_malloc(SCHEDULES * sizeof(*v));
    for (size_t i = 0; i < SCHEDULES; i++)
        v[i] = i + 1;
    return cr_make_param_array(size_t, v, SCHEDULES);
}
ParameterizedTest(size_t *seed, contact_store_ews_photo_random, comes_to_rest_as_it_should)
{
    struct opened o = open_host("secret");
    struct play p = {.h = &o.host, .dice = *seed * UINT64_C(0x9E3779B97F4A7C15)};
    /* every other server keeps the photo before: then a second one would show */
    json_decref(control(p.h, "POST", "/control/settings",
                        json_pack("{s:b}", "photo_replaces", *seed % 2 == 0)));
    for (unsigned i = 0; i < CONTACTS; i++)
        p.op[i] = created(p.h, i, &small, "");
    for (int i = 0; i < STEPS; i++)
        step(&p);
    come_to_rest(&p);
    expect_all_as_it_should(&p);
    for (unsigned i = 0; i < CONTACTS; i++)
        free(p.users[i]);
    close_host(&o);
}
