/*
 * The fault plan of the Exchange simulator: for each fault what the client sees and what the
 * mailbox then holds.
 */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <curl/curl.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/base/str.h"

#include "tests/sim/exchange/sim_exchange.h"
#include "tests/sim/exchange/sx_xml.h"
#include "tests/support/sim_ews.h"

#define PAT "pat@church.example"

static struct sim_exchange *sim;
static struct sim_client *client;

static json_t *control(const char *method, const char *path, const char *body)
{
    int status;
    autofree char *text = sim_exchange_control(sim, method, path, body, &status);
    cr_assert(eq(int, status, 200), "%s", text);
    return json_loads(text, 0, NULL);
}

static long number_at(const char *path, const char *name)
{
    json_t *o = control("GET", path, NULL);
    long v = (long)json_integer_value(json_object_get(o, name));
    json_decref(o);
    return v;
}

static void setup(void)
{
    struct sim_exchange_options o = {.seed = 7, .any_mailbox = "church.example"};
    struct err err = {0};
    sim = sim_exchange_start(&o, &err);
    cr_assert(sim != NULL, "%s", err.text);
    client = sim_client_new(sim_exchange_port(sim));
}

static void teardown(void)
{
    sim_client_free(client);
    sim_exchange_stop(sim);
}

TestSuite(sim_exchange_fault, .init = setup, .fini = teardown);

static long saved(void)
{
    return number_at("/control/mailboxes/" PAT, "contacts");
}

static void plan(const char *json)
{
    json_decref(control("POST", "/control/faults", json));
}

static struct sim_reply create(unsigned first, unsigned n)
{
    autofree char *xml = sim_ews_create(first, n);
    return sim_ews(client, PAT, xml);
}

static bool well_formed(const char *xml)
{
    struct sx_fail fail;
    xmlDoc *doc = sx_xml_parse(xml, strlen(xml), &fail);
    xmlFreeDoc(doc);
    return doc != NULL;
}

/* libcurl repeats a POST by itself when a reused connection dies: each case has a connection of its
 * own. */
static void reconnect(void)
{
    sim_client_free(client);
    client = sim_client_new(sim_exchange_port(sim));
}

/* Four contacts are sent; `has` must be in the answer (or the headers). */
static const struct fault_case {
    const char *plan;
    int curl;
    long status, saved;
    const char *has;
    bool xml; /* the answer is XML that a careful parser takes */
} fault_cases[] = {
    {"{\"fault\":\"drop_after_save\"}", CURLE_GOT_NOTHING, 0, 4, "", false},
    {"{\"fault\":\"reset_before_save\"}", CURLE_RECV_ERROR, 0, 0, "", false},
    {"{\"fault\":\"late_answer\",\"ms\":50}", CURLE_OK, 200, 4, "NoError", true},
    {"{\"fault\":\"half_batch\"}", CURLE_OK, 200, 2, "ErrorBatchProcessingStopped", true},
    {"{\"fault\":\"half_batch_drop\"}", CURLE_GOT_NOTHING, 0, 2, "", false},
    {"{\"fault\":\"wrong_count\"}", CURLE_OK, 200, 4, "NoError", true},
    {"{\"fault\":\"http_503\",\"retry_after\":7}", CURLE_OK, 503, 0, "Retry-After: 7", true},
    {"{\"fault\":\"http_502\"}", CURLE_OK, 502, 4, "Bad Gateway", true},
    {"{\"fault\":\"http_status\",\"status\":403}", CURLE_OK, 403, 0, "", true},
    {"{\"fault\":\"http_status\",\"status\":302,\"location\":\"https://x.example/owa\"}", CURLE_OK,
     302, 0, "Location: https://x.example/owa", true},
    {"{\"fault\":\"server_busy\",\"back_off_ms\":777}", CURLE_OK, 500, 0,
     "BackOffMilliseconds\">777<", true},
    {"{\"fault\":\"server_busy\",\"shape\":\"message\"}", CURLE_OK, 200, 0,
     "BackOffMilliseconds\">1000<", true},
    {"{\"fault\":\"server_busy\",\"shape\":\"item\"}", CURLE_OK, 200, 0,
     "BackOffMilliseconds\">1000<", true},
    {"{\"fault\":\"item_error\",\"code\":\"ErrorItemSave\",\"item\":2,\"every\":2}", CURLE_OK, 200,
     2, "ErrorItemSave", true},
    {"{\"fault\":\"item_error\",\"code\":\"ErrorQuotaExceeded\",\"item\":2}", CURLE_OK, 200, 1,
     "ErrorBatchProcessingStopped", true},
    {"{\"fault\":\"soap_fault\",\"code\":\"ErrorMailboxMoveInProgress\"}", CURLE_OK, 500, 0,
     "ErrorMailboxMoveInProgress", true},
    {"{\"fault\":\"html_200\"}", CURLE_OK, 200, 0, "Content-Type: text/html", false},
    {"{\"fault\":\"truncated_xml\"}", CURLE_OK, 200, 4, "CreateItemResponse", false},
    {"{\"fault\":\"truncated_body\"}", CURLE_PARTIAL_FILE, 200, 4, "CreateItemResponse", false},
    {"{\"fault\":\"dtd\"}", CURLE_OK, 200, 4, "<!DOCTYPE", false},
    {"{\"fault\":\"entity_bomb\"}", CURLE_OK, 200, 4, "<!ENTITY h", false},
    {"{\"fault\":\"bad_charref\"}", CURLE_OK, 200, 4, "&#x1F;", false},
    {"{\"fault\":\"long_ids\"}", CURLE_OK, 200, 4, "NoError", true},
};

Test(sim_exchange_fault, each_fault_shows_and_saves_what_it_says)
{
    for (size_t i = 0; i < ARRAY_LEN(fault_cases); i++) {
        const struct fault_case *c = &fault_cases[i];
        json_decref(control("POST", "/control/reset", NULL));
        plan(c->plan);
        reconnect();
        autovalue(sim_reply_release) struct sim_reply r = create(0, 4);
        cr_expect(eq(int, r.curl, c->curl), "%s", c->plan);
        cr_expect(eq(long, r.status, c->status), "%s", c->plan);
        cr_expect(eq(long, saved(), c->saved), "%s", c->plan);
        cr_expect(strstr(r.body, c->has) || strstr(r.headers, c->has), "%s: %s", c->plan, r.body);
        cr_expect(well_formed(r.body) == c->xml, "%s: %s", c->plan, r.body);
        cr_expect(eq(long, number_at("/control/stats", "in_flight"), 0), "%s", c->plan);
        autovalue(sim_reply_release) struct sim_reply next = create(10, 1);
        cr_expect(strstr(next.body, "NoError") != NULL, "%s happens once: %s", c->plan, next.body);
        cr_expect(eq(long, number_at("/control/stats", "invalid"), 0), "%s", c->plan);
    }
}

Test(sim_exchange_fault, a_dropped_reused_connection_makes_a_careless_client_create_twice)
{
    autovalue(sim_reply_release) struct sim_reply first = create(0, 1);
    plan("{\"fault\":\"drop_after_save\",\"op\":\"CreateItem\"}");
    autovalue(sim_reply_release) struct sim_reply second = create(1, 1);
    cr_expect(eq(int, second.curl, CURLE_OK), "the library hides the first attempt");
    cr_expect(eq(long, saved(), 3));
    cr_expect(eq(long, number_at("/control/stats", "max_creates_per_key"), 2),
              "the simulator does not");
}

Test(sim_exchange_fault, shapes_of_busy_and_counts_of_messages)
{
    static const struct {
        const char *plan;
        size_t messages;
    } cases[] = {{"{\"fault\":\"server_busy\",\"shape\":\"message\"}", 1},
                 {"{\"fault\":\"server_busy\",\"shape\":\"item\"}", 4},
                 {"{\"fault\":\"wrong_count\"}", 3},
                 {"{\"fault\":\"half_batch\"}", 4}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        plan(cases[i].plan);
        autovalue(sim_reply_release) struct sim_reply r = create(0, 4);
        cr_expect(eq(sz, sim_count(r.body, "<m:CreateItemResponseMessage"), cases[i].messages),
                  "%s", cases[i].plan);
    }
}

Test(sim_exchange_fault, long_ids_have_512_bytes_and_work)
{
    plan("{\"fault\":\"long_ids\"}");
    autovalue(sim_reply_release) struct sim_reply r = create(0, 2);
    autofree char *id = sim_between(r.body, "<t:ItemId Id=\"", "\"", 1);
    cr_expect(eq(sz, strlen(id), 512));
    autofree char *xml = NULL;
    cr_assert(asprintf(&xml,
                       "<m:DeleteItem DeleteType=\"HardDelete\"><m:ItemIds><t:ItemId "
                       "Id=\"%s\"/></m:ItemIds></m:DeleteItem>",
                       id) > 0);
    autovalue(sim_reply_release) struct sim_reply d = sim_ews(client, PAT, xml);
    cr_expect(strstr(d.body, "NoError") != NULL);
    cr_expect(eq(long, saved(), 1));
}

/* Waits until the simulator says so; the client's own time-outs bound a failure. */
static bool becomes(const char *path, const char *name, long value)
{
    for (int i = 0; i < 2000; i++) {
        if (number_at(path, name) == value)
            return true;
        usleep(1000);
    }
    return false;
}

Test(sim_exchange_fault, a_late_save_lands_after_the_connection_is_gone)
{
    plan("{\"fault\":\"late_save\",\"ms\":300}");
    autovalue(sim_reply_release) struct sim_reply r = create(0, 4);
    cr_expect(eq(int, r.curl, CURLE_GOT_NOTHING));
    cr_expect(eq(long, saved(), 0));
    autovalue(sim_reply_release) struct sim_reply early = create(10, 1);
    cr_expect(eq(long, number_at("/control/stats", "writes_over_late_saves"), 1),
              "a write before the deadline shows");
    cr_expect(becomes("/control/mailboxes/" PAT, "contacts", 5));
    autovalue(sim_reply_release) struct sim_reply later = create(11, 1);
    cr_expect(eq(long, number_at("/control/stats", "writes_over_late_saves"), 1));
}

Test(sim_exchange_fault, a_late_save_that_is_pending_is_saved_when_the_simulator_stops)
{
    plan("{\"fault\":\"late_save\",\"ms\":3600000}");
    autovalue(sim_reply_release) struct sim_reply r = create(0, 4);
    cr_expect(eq(int, r.curl,
                 CURLE_GOT_NOTHING)); /* teardown: the leak checker sees that nothing is left */
}

static struct curl_slist *ews_headers(void)
{
    struct curl_slist *list = curl_slist_append(NULL, "Content-Type: text/xml");
    return curl_slist_append(list, "Authorization: Basic c3ZjLXN5bmM6c2VjcmV0");
}

static size_t discard(char *p, size_t size, size_t n, void *user)
{
    (void)p, (void)user;
    return size * n;
}

struct parallel { /* what was seen while CREATES calls of one contact each ran at the same time */
    bool all_in_flight, early_save;
    int ok, refused;
};
enum { CREATES = 3 };

static char *create_envelope(void)
{
    autofree char *contact = sim_ews_contact("k", "K");
    char *xml = NULL;
    cr_assert(
        asprintf(&xml,
                 "<s:Envelope xmlns:s=\"" SX_NS_SOAP "\" xmlns:m=\"" SX_NS_M "\" xmlns:t=\"" SX_NS_T
                 "\"><s:Header><t:ExchangeImpersonation><t:ConnectingSID><t:SmtpAddress>" PAT
                 "</t:SmtpAddress></t:ConnectingSID></t:ExchangeImpersonation></s:Header><s:Body>"
                 "<m:CreateItem><m:Items>%s</m:Items></m:CreateItem></s:Body></s:Envelope>",
                 contact) > 0);
    return xml;
}

static CURL *open_call(const char *body, struct curl_slist *headers)
{
    char url[80];
    CURL *easy = curl_easy_init();
    snprintf(url, sizeof(url), "http://127.0.0.1:%u/EWS/Exchange.asmx", sim_exchange_port(sim));
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, discard);
    return easy;
}

static struct parallel create_at_once(void)
{
    struct parallel seen = {0};
    CURLM *multi = curl_multi_init();
    CURL *easy[CREATES];
    struct curl_slist *headers = ews_headers();
    autofree char *body = create_envelope();
    int running = CREATES;
    for (int i = 0; i < CREATES; i++) {
        easy[i] = open_call(body, headers);
        curl_multi_add_handle(multi, easy[i]);
    }
    while (running && curl_multi_perform(multi, &running) == CURLM_OK && running) {
        bool now = number_at("/control/stats", "in_flight") == CREATES;
        seen.early_save |= now && saved() > 0;
        seen.all_in_flight |= now;
        curl_multi_poll(multi, NULL, 0, 20, NULL);
    }
    for (int i = 0; i < CREATES; i++) {
        long status = 0;
        curl_easy_getinfo(easy[i], CURLINFO_RESPONSE_CODE, &status);
        seen.ok += status == 200;
        seen.refused += status == 500;
        curl_multi_remove_handle(multi, easy[i]);
        curl_easy_cleanup(easy[i]);
    }
    curl_multi_cleanup(multi);
    curl_slist_free_all(headers);
    return seen;
}

Test(sim_exchange_fault, items_are_saved_when_the_service_time_is_over_and_calls_in_flight_counted)
{
    json_decref(control("POST", "/control/settings", "{\"latency_ms\":300,\"item_ms\":0.5}"));
    struct parallel seen = create_at_once();
    cr_expect(seen.all_in_flight && !seen.early_save);
    cr_expect(eq(int, seen.ok, CREATES));
    cr_expect(eq(long, saved(), CREATES));
    cr_expect(eq(long, number_at("/control/stats", "max_per_mailbox"), CREATES), "this shows");
    cr_expect(eq(long, number_at("/control/stats", "max_creates_per_key"), CREATES), "and this");
}

Test(sim_exchange_fault, calls_above_the_concurrency_budget_of_a_mailbox_are_refused)
{
    json_decref(control("POST", "/control/settings", "{\"latency_ms\":300,\"concurrency\":2}"));
    struct parallel seen = create_at_once();
    cr_expect(eq(int, seen.ok, 2));
    cr_expect(eq(int, seen.refused, 1));
    cr_expect(eq(long, saved(), 2));
    cr_expect(eq(long, number_at("/control/stats", "invalid"), 0),
              "a budget is no mistake of the request");
}

static unsigned hits_in(unsigned calls)
{
    unsigned hits = 0;
    for (unsigned i = 0; i < calls; i++) {
        autovalue(sim_reply_release) struct sim_reply r = create(i, 1);
        hits = hits * 2 + (r.status == 503);
    }
    return hits;
}

Test(sim_exchange_fault, matches_operation_mailbox_nth_and_times)
{
    plan("[{\"fault\":\"http_503\",\"op\":\"DeleteItem\",\"times\":0},"
         "{\"fault\":\"http_503\",\"mailbox\":\"sam@church.example\",\"times\":0},"
         "{\"fault\":\"http_503\",\"op\":\"CreateItem\",\"mailbox\":\"" PAT
         "\",\"nth\":3,\"times\":2}]");
    cr_expect(eq(uint, hits_in(6), 0x0c), "calls three and four");
    json_t *faults = control("GET", "/control/faults", NULL);
    cr_expect(
        eq(int, (int)json_integer_value(json_object_get(json_array_get(faults, 2), "hits")), 2));
    json_decref(faults);
}

Test(sim_exchange_fault, probable_faults_follow_from_the_seed)
{
    plan("{\"fault\":\"http_503\",\"probability\":0.5,\"times\":0}");
    unsigned first = hits_in(24);
    cr_expect(first != 0 && first != 0xffffff);
    teardown();
    setup();
    plan("{\"fault\":\"http_503\",\"probability\":0.5,\"times\":0}");
    cr_expect(eq(uint, hits_in(24), first));
}

Test(sim_exchange_fault, a_plan_with_a_mistake_is_refused)
{
    static const char *const bad[] = {"{\"fault\":\"no_such\"}",
                                      "{\"fault\":\"late_save\",\"msec\":1}",
                                      "{\"op\":\"CreateItem\"}",
                                      "{\"fault\":\"server_busy\",\"shape\":\"round\"}",
                                      "{\"fault\":\"late_save\",\"ms\":\"soon\"}",
                                      "{\"text\":\"drop_after_save,nth\"}"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        int status;
        free(sim_exchange_control(sim, "POST", "/control/faults", bad[i], &status));
        cr_expect(eq(int, status, 400), "%s", bad[i]);
    }
    json_t *faults = control("GET", "/control/faults", NULL);
    cr_expect(eq(sz, json_array_size(faults), 0));
    json_decref(faults);
}
