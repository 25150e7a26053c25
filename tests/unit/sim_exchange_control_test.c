/*
 * The control API of the Exchange simulator: the verdicts that the project's end-to-end tests rest
 * on.
 */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "common/base/str.h"

#include "tests/sim/exchange/sim_exchange.h"
#include "tests/support/sim_ews.h"

#define PAT "pat@church.example"
#define SAM "sam@church.example"

static struct sim_exchange *sim;
static struct sim_client *client;

static json_t *control(const char *method, const char *path, const char *body)
{
    int status;
    autofree char *text = sim_exchange_control(sim, method, path, body, &status);
    cr_assert(eq(int, status, 200), "%s %s: %s", path, body ? body : "", text);
    return json_loads(text, 0, NULL);
}

static void post(const char *path, const char *body)
{
    json_decref(control("POST", path, body));
}

static long member(const json_t *o, const char *name)
{
    return (long)json_integer_value(json_object_get(o, name));
}

static long number_at(const char *path, const char *name)
{
    json_t *o = control("GET", path, NULL);
    long v = member(o, name);
    json_decref(o);
    return v;
}

static bool is_ok(const json_t *verdict)
{
    return json_is_true(json_object_get(verdict, "ok"));
}

static void setup(void)
{
    struct sim_exchange_options o = {.seed = 7};
    struct err err = {0};
    sim = sim_exchange_start(&o, &err);
    cr_assert(sim != NULL, "%s", err.text);
    client = sim_client_new(sim_exchange_port(sim));
    post("/control/mailboxes", "{\"mailboxes\":[\"" PAT "\",\"" SAM "\"],\"foreign\":5}");
}

static void teardown(void)
{
    sim_client_free(client);
    sim_exchange_stop(sim);
}

TestSuite(sim_exchange_control, .init = setup, .fini = teardown);

static void create(const char *mailbox, unsigned first, unsigned n)
{
    autofree char *xml = sim_ews_create(first, n);
    autovalue(sim_reply_release) struct sim_reply r = sim_ews(client, mailbox, xml);
    cr_assert(eq(sz, sim_count(r.body, "NoError"), n), "%s", r.body);
}

#define PERSON(n)                                                                                  \
    "{\"key\":\"key-" n "\",\"DisplayName\":\"Person " n "\",\"GivenName\":\"Person " n "\"}"

static const struct verdict_case {
    const char *name, *do_path, *do_body; /* what happens after two contacts were created in PAT */
    const char *expectation;
    long found, missing, extra, doubled, different, foreign;
} verdict_cases[] = {
    {"as expected", NULL, NULL, "{\"" PAT "\":[" PERSON("0") "," PERSON("1") "]}", 2, 0, 0, 0, 0,
     0},
    {"null and absent are the same", NULL, NULL,
     "{\"" PAT
     "\":[" PERSON("0") ",{\"key\":\"key-1\",\"DisplayName\":\"Person 1\",\"GivenName\":\"Person "
                        "1\",\"Surname\":null,\"categories\":[]}]}",
     2, 0, 0, 0, 0, 0},
    {"one too many", NULL, NULL, "{\"" PAT "\":[" PERSON("0") "]}", 2, 0, 1, 0, 0, 0},
    {"one too few", NULL, NULL, "{\"" PAT "\":[" PERSON("0") "," PERSON("1") "," PERSON("2") "]}",
     2, 1, 0, 0, 0, 0},
    {"mailbox not listed", NULL, NULL, "{}", 2, 0, 2, 0, 0, 0},
    {"mailbox that is not there", NULL, NULL,
     "{\"" PAT "\":[" PERSON("0") "," PERSON("1") "],\"x@y.z\":[" PERSON("3") "]}", 2, 1, 0, 0, 0,
     0},
    {"wrong value", NULL, NULL,
     "{\"" PAT
     "\":[" PERSON("0") ",{\"key\":\"key-1\",\"DisplayName\":\"Person 1\",\"GivenName\":\"X\"}]}",
     2, 0, 0, 0, 1, 0},
    {"value too many", NULL, NULL,
     "{\"" PAT "\":[" PERSON("0") ",{\"key\":\"key-1\",\"DisplayName\":\"Person 1\"}]}", 2, 0, 0, 0,
     1, 0},
    {"value missing", NULL, NULL,
     "{\"" PAT "\":[" PERSON("0") ",{\"key\":\"key-1\",\"DisplayName\":\"Person "
                                  "1\",\"GivenName\":\"Person 1\",\"MobilePhone\":\"1\"}]}",
     2, 0, 0, 0, 1, 0},
    {"category", NULL, NULL,
     "{\"" PAT "\":[" PERSON("0") ",{\"key\":\"key-1\",\"DisplayName\":\"Person "
                                  "1\",\"GivenName\":\"Person 1\",\"categories\":[\"Staff\"]}]}",
     2, 0, 0, 0, 1, 0},
    {"copy", "/control/mailboxes/" PAT "/actions",
     "{\"action\":\"copy\",\"select\":{\"key\":\"key-1\"}}",
     "{\"" PAT "\":[" PERSON("0") "," PERSON("1") "]}", 3, 0, 0, 1, 0, 0},
    {"copy in a sub-folder", "/control/mailboxes/" PAT "/actions",
     "{\"action\":\"move\",\"select\":{\"key\":\"key-1\"},\"to\":\"Choir\"}",
     "{\"" PAT "\":[" PERSON("0") "," PERSON("1") "]}", 2, 0, 0, 0, 0, 0},
    {"copy in another mailbox", "/control/mailboxes/" PAT "/actions",
     "{\"action\":\"copy\",\"select\":{\"key\":\"key-1\"},\"to_mailbox\":\"" SAM "\"}",
     "{\"" PAT "\":[" PERSON("0") "," PERSON("1") "]}", 3, 0, 1, 0, 0, 0},
    {"deleted by the user", "/control/mailboxes/" PAT "/actions",
     "{\"action\":\"delete\",\"select\":{\"key\":\"key-1\"}}",
     "{\"" PAT "\":[" PERSON("0") "," PERSON("1") "]}", 1, 1, 0, 0, 0, 0},
    {"edited by the user", "/control/mailboxes/" PAT "/actions",
     "{\"action\":\"edit\",\"select\":{\"key\":\"key-1\"},\"GivenName\":\"P.\",\"categories\":["
     "\"Mine\"]}",
     "{\"" PAT "\":[" PERSON("0") "," PERSON("1") "]}", 2, 0, 0, 0, 1, 0},
};

Test(sim_exchange_control, compare_counts_what_is_wrong)
{
    for (size_t i = 0; i < ARRAY_LEN(verdict_cases); i++) {
        const struct verdict_case *c = &verdict_cases[i];
        autofree char *body = NULL;
        post("/control/reset", NULL);
        create(PAT, 0, 2);
        if (c->do_path)
            post(c->do_path, c->do_body);
        cr_assert(asprintf(&body, "{\"mailboxes\":%s}", c->expectation) > 0);
        json_t *v = control("POST", "/control/compare", body);
        cr_expect(eq(long, member(v, "found"), c->found), "%s", c->name);
        cr_expect(eq(long, member(v, "missing"), c->missing), "%s", c->name);
        cr_expect(eq(long, member(v, "extra"), c->extra), "%s", c->name);
        cr_expect(eq(long, member(v, "doubled"), c->doubled), "%s", c->name);
        cr_expect(eq(long, member(v, "different"), c->different), "%s", c->name);
        bool clean = !c->missing && !c->extra && !c->doubled && !c->different;
        cr_expect(is_ok(v) == clean, "%s", c->name);
        bool listed = json_array_size(json_object_get(v, "differences")) > 0;
        cr_expect(listed == !clean || strstr(c->name, "not there"), "%s", c->name);
        json_decref(v);
    }
}

Test(sim_exchange_control, compare_can_be_limited_to_fields_and_listed_mailboxes)
{
    create(PAT, 0, 1);
    create(SAM, 0, 1);
    json_t *v =
        control("POST", "/control/compare",
                "{\"fields\":[\"GivenName\"],\"only_listed\":true,\"mailboxes\":{\"" PAT
                "\":[{\"key\":\"key-0\",\"GivenName\":\"Person 0\",\"DisplayName\":\"other\"}]}}");
    cr_expect(is_ok(v));
    json_decref(v);
}

Test(sim_exchange_control, compare_takes_fields_that_mailboxes_share)
{
    create(PAT, 0, 1);
    create(SAM, 0, 1);
    json_t *v = control(
        "POST", "/control/compare",
        "{\"mailboxes\":{\"" PAT "\":[{\"key\":\"key-0\"}],\"" SAM
        "\":[{\"key\":\"key-0\",\"categories\":[\"Staff\"]}]},\"people\":{\"key-0\":" PERSON(
            "0") "}}");
    cr_expect(eq(long, member(v, "different"), 1), "the category that is missing");
    json_decref(v);
}

Test(sim_exchange_control, every_change_of_a_foreign_item_shows_and_the_users_own_does_not)
{
    json_t *mailbox = control("GET", "/control/mailboxes/" PAT, NULL);
    json_t *item = json_array_get(json_object_get(mailbox, "items"), 0);
    const char *id = json_string_value(json_object_get(item, "id"));
    autofree char *own = NULL, *ours = NULL, *gone = NULL;
    cr_expect(eq(long, number_at("/control/foreign", "foreign"), 10));
    cr_assert(asprintf(&own,
                       "{\"action\":\"edit\",\"select\":{\"id\":\"%s\"},\"JobTitle\":\"Cook\"}",
                       id) > 0);
    post("/control/mailboxes/" PAT "/actions", own);
    cr_expect(eq(long, number_at("/control/foreign", "touched"), 0),
              "the user's own edit is no harm");
    cr_assert(asprintf(&ours,
                       "<m:UpdateItem "
                       "ConflictResolution=\"AlwaysOverwrite\"><m:ItemChanges><t:ItemChange><t:"
                       "ItemId Id=\"%s\"/>"
                       "<t:Updates><t:DeleteItemField><t:FieldURI "
                       "FieldURI=\"contacts:Manager\"/></t:DeleteItemField></t:Updates>"
                       "</t:ItemChange></m:ItemChanges></m:UpdateItem>",
                       id) > 0);
    autovalue(sim_reply_release) struct sim_reply r = sim_ews(client, PAT, ours);
    cr_expect(strstr(r.body, "NoError") != NULL);
    cr_expect(eq(long, number_at("/control/foreign", "touched"), 1),
              "even an update that changes nothing");
    cr_assert(asprintf(&gone,
                       "<m:DeleteItem DeleteType=\"HardDelete\"><m:ItemIds><t:ItemId "
                       "Id=\"%s\"/></m:ItemIds></m:DeleteItem>",
                       id) > 0);
    autovalue(sim_reply_release) struct sim_reply d = sim_ews(client, PAT, gone);
    cr_expect(eq(long, number_at("/control/foreign", "touched"), 1));
    json_t *v = control("POST", "/control/compare", "{\"mailboxes\":{}}");
    cr_expect(eq(long, member(v, "foreign_touched"), 1));
    cr_expect(is_ok(v) == false);
    json_decref(v);
    json_decref(mailbox);
}

Test(sim_exchange_control, duplicates_lists_keys_that_stand_twice)
{
    create(PAT, 0, 3);
    create(PAT, 2, 1);
    json_t *o = control("GET", "/control/duplicates", NULL),
           *list = json_object_get(o, "duplicates");
    cr_assert(eq(sz, json_array_size(list), 1));
    cr_expect(eq(long, member(json_array_get(list, 0), "count"), 2));
    json_decref(o);
    cr_expect(eq(long, number_at("/control/stats", "max_creates_per_key"), 2));
}

Test(sim_exchange_control, items_that_the_user_makes_are_foreign_unless_they_carry_the_key)
{
    post("/control/mailboxes/" PAT "/items",
         "{\"DisplayName\":\"Own\",\"HomeCity\":\"Springfield\",\"Birthday\":\"1980-01-02\","
         "\"EmailAddress2\":\"o@example.net\","
         "\"categories\":[\"A\",\"B\"],\"extended\":{\"00020329-0000-0000-c000-000000000046/X/"
         "String\":\"y\"}}");
    post("/control/mailboxes/" PAT "/items",
         "{\"DisplayName\":\"Planted\",\"key\":\"k\",\"hash\":\"h\"}");
    cr_expect(eq(long, number_at("/control/mailboxes/" PAT, "foreign"), 6));
    cr_expect(eq(long, number_at("/control/mailboxes/" PAT, "keyed"), 1));
    static const char *const bad[] = {"{\"Nonsense\":\"x\"}",
                                      "{\"GivenName\":5}",
                                      "{\"categories\":\"A\"}",
                                      "{\"HomeNowhere\":\"x\"}",
                                      "[",
                                      "{\"extended\":[]}"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        int status;
        free(
            sim_exchange_control(sim, "POST", "/control/mailboxes/" PAT "/items", bad[i], &status));
        cr_expect(eq(int, status, 400), "%s", bad[i]);
    }
}

Test(sim_exchange_control, statistics_count_calls_connections_and_start_again)
{
    create(PAT, 0, 3);
    create(SAM, 0, 2);
    json_t *stats = control("GET", "/control/stats", NULL);
    cr_expect(eq(long, member(json_object_get(stats, "calls"), "CreateItem"), 2));
    cr_expect(eq(long, member(stats, "created"), 5));
    cr_expect(eq(long, member(stats, "connections"), 1));
    cr_expect(eq(long, member(stats, "requests_on_reused_connections"), 1));
    cr_expect(eq(long, member(stats, "anchor_missing"), 2),
              "the test client sends no X-AnchorMailbox");
    cr_expect(eq(long, member(stats, "max_per_mailbox"), 1));
    json_decref(stats);
    json_decref(control("DELETE", "/control/stats", NULL));
    cr_expect(eq(long, number_at("/control/stats", "created"), 0));
    cr_expect(eq(long, number_at("/control/stats", "requests"), 0));
}

Test(sim_exchange_control, settings_are_shown_and_unknown_ones_refused)
{
    json_t *o = control("POST", "/control/settings", "{\"latency_ms\":1.5,\"concurrency\":3}");
    cr_expect(eq(long, member(o, "concurrency"), 3));
    json_decref(o);
    static const char *const bad[] = {"{\"latency\":1}", "{\"latency_ms\":-1}", "{\"login\":1}",
                                      "{\"stale_code\":\"ErrorItemNotFound\"}"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        int status;
        free(sim_exchange_control(sim, "POST", "/control/settings", bad[i], &status));
        cr_expect(eq(int, status, 400), "%s", bad[i]);
    }
}

Test(sim_exchange_control, answers_over_http_too)
{
    autovalue(sim_reply_release) struct sim_reply r =
        sim_client_send(client, "GET", "/control/mailboxes", NULL, NULL);
    cr_expect(eq(long, r.status, 200));
    cr_expect(strstr(r.headers, "application/json") != NULL &&
              strstr(r.body, "\"" SAM "\"") != NULL);
}

Test(sim_exchange_control, the_same_seed_gives_the_same_foreign_contacts)
{
    json_t *first = control("GET", "/control/mailboxes/" PAT, NULL);
    teardown();
    setup();
    json_t *second = control("GET", "/control/mailboxes/" PAT, NULL);
    json_t *a = json_object_get(json_array_get(json_object_get(first, "items"), 4), "fields");
    json_t *b = json_object_get(json_array_get(json_object_get(second, "items"), 4), "fields");
    cr_expect(a && json_equal(a, b));
    json_decref(first);
    json_decref(second);
}
