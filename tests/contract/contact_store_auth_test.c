/*
 * The EWS store signing in, against the simulator, which checks each login and counts handshakes by
 * connection.
 */
#include <criterion/criterion.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "common/base/clock.h"

#include "common/drv/login_memory.h"
#include "tests/contract/contract_contacts.h"
#include "tests/sim/exchange/sim_exchange.h"
#include "worker/ews/ews_store.h"

#define ADDRESS "pat.rivera@church.example"

enum { WAIT_MS = 20000, TIMEOUT_MS = 5000, CONNECTIONS = 4 };

static struct loop *loop;
static struct sim_exchange *sim;
static struct contact_store *store;
static struct login *login;
static char url[64], token_url[96];
static int resumed, versions;
static char version[32];

static bool may_send(void *user)
{
    (void)user;
    return true;
}

static const struct store_mailbox mailbox = {.id = 7, .address = ADDRESS, .may_send = may_send};

static void on_resumed(void *user)
{
    (void)user;
    resumed++;
}

static void on_version(int64_t id, const char *found, void *user)
{
    (void)user;
    cr_expect_eq(id, mailbox.id);
    versions++;
    snprintf(version, sizeof(version), "%s", found);
}

static void open_sim(struct sim_exchange_options options)
{
    struct err err;
    loop = loop_new(clock_real());
    login = login_memory_new(loop);
    options.any_mailbox = "church.example";
    sim = sim_exchange_start(&options, &err);
    cr_assert_not_null(sim, "%s", err.text);
    snprintf(url, sizeof(url), "http://127.0.0.1:%u/EWS/Exchange.asmx", sim_exchange_port(sim));
    snprintf(token_url, sizeof(token_url), "http://127.0.0.1:%u/church/oauth2/v2.0/token",
             sim_exchange_port(sim));
}

static void open_store(const char *auth, const char *password, const char *client)
{
    struct err err;
    const struct ews_config c = {.url = url,
                                 .auth = auth,
                                 .user = "svc-sync",
                                 .domain = "CHURCH",
                                 .password = password,
                                 .client_id = client,
                                 .token_url = token_url,
                                 .user_agent = "contact-sync-test",
                                 .connections = CONNECTIONS,
                                 .login = login,
                                 .resumed = on_resumed,
                                 .version_found = on_version,
                                 .allow_http = true};
    cr_assert_eq(ews_store_new(loop, &c, &store, &err), 0, "%s", err.text);
}

static void tear_down(void)
{
    contact_store_free(store);
    login_free(login);
    sim_exchange_stop(sim);
    loop_free(loop);
}

static json_t *control(const char *method, const char *path, const char *body)
{
    int status = 0;
    autofree char *answer = sim_exchange_control(sim, method, path, body, &status);
    cr_assert_eq(status, 200, "%s: %s", path, answer);
    return json_loads(answer, 0, NULL);
}

/* "ntlm.ok" */
static long number(const char *path, const char *what)
{
    char key_of[32];
    json_t *doc = control("GET", path, NULL), *v = doc;
    for (const char *p = what; v && *p; p += *p == '.') {
        size_t n = strcspn(p, ".");
        snprintf(key_of, sizeof(key_of), "%.*s", (int)n, p);
        v = json_object_get(v, key_of);
        p += n;
    }
    cr_assert(json_is_integer(v), "%s has no %s", path, what);
    long r = (long)json_integer_value(v);
    json_decref(doc);
    return r;
}

static long logins(const char *what)
{
    return number("/control/auth", what);
}

static void tell(const char *body)
{
    json_decref(control("POST", "/control/auth", body));
}

struct applied {
    bool done;
    enum outcome outcome;
    struct err err;
};

static void on_applied(const struct store_result *r, size_t n, uint32_t took_ms, void *user)
{
    struct applied *a = user;
    (void)took_ms;
    cr_assert_eq(n, 1u);
    *a = (struct applied){.done = true, .outcome = r->outcome};
    if (r->outcome != OUT_DONE)
        a->err = r->err;
}

/* n creates at once, with keys from first on. All must end so. */
static void create(unsigned first, unsigned n, enum outcome want, const char *code)
{
    struct applied a[32] = {{0}};
    struct store_op ops[32];
    cr_assert_leq(n, 32u);
    for (unsigned i = 0; i < n; i++) {
        ops[i] = (struct store_op){
            .tag = i, .key = key(first + i), .hash = HASH, .after = &small, .cats_after = ""};
        store->ops->apply(store, &mailbox, STORE_CREATE, &ops[i], 1, TIMEOUT_MS, on_applied, &a[i]);
    }
    for (unsigned i = 0; i < n; i++) {
        cr_assert_eq(loop_wait(loop, &a[i].done, WAIT_MS), 0);
        cr_expect_eq(a[i].outcome, want, "%s: %s", outcome_name(a[i].outcome), a[i].err.text);
        if (want != OUT_DONE)
            cr_expect_str_eq(a[i].err.code, code);
    }
}

static void expect_created(long n)
{
    cr_expect_eq(number("/control/stats", "created"), n);
    cr_expect_leq(number("/control/stats", "max_creates_per_key"), 1);
    cr_expect_eq(number("/control/stats", "invalid"), 0);
}

TestSuite(contact_store_auth, .fini = tear_down, .timeout = 60);

Test(contact_store_auth, ntlm_logs_in_each_connection_once)
{
    open_sim((struct sim_exchange_options){.auth = "ntlm", .latency_ms = 5});
    open_store("ntlm", "secret", NULL);
    for (unsigned i = 0; i < 3; i++)
        create(i * 20, 20, OUT_DONE, NULL);
    expect_created(60);
    cr_expect_eq(logins("connections.max_begun"), 1);
    cr_expect_eq(logins("ntlm.ok"), logins("connections.logged_in"));
    cr_expect_leq(logins("connections.logged_in"), CONNECTIONS);
    cr_expect_eq(logins("refused"), 0);
}

/* The 401 comes as the answer to the body: libcurl must be let to send it again, and nothing else
 * may be. */
Test(contact_store_auth, logins_that_the_server_forgot_are_made_again_and_nothing_goes_twice)
{
    open_sim((struct sim_exchange_options){.auth = "ntlm"});
    open_store("ntlm", "secret", NULL);
    for (unsigned i = 0; i < 5; i++) {
        create(i * 4, 4, OUT_DONE, NULL);
        tell("{\"forget_logins\":true}");
    }
    expect_created(20);
    cr_expect_geq(logins("connections.max_done"), 2);
    cr_expect_eq(logins("refused"), 0);
}

Test(contact_store_auth, auto_finds_basic_without_a_password_in_vain)
{
    open_sim((struct sim_exchange_options){.auth = "basic"});
    open_store("auto", "secret", NULL);
    create(1, 10, OUT_DONE, NULL);
    cr_expect_eq(logins("basic.ok"), 10);
    cr_expect_eq(logins("refused"), 0);
    cr_expect_eq(logins("asked"), 1);
}

Test(contact_store_auth, a_way_that_is_not_offered_stops_and_names_those_that_are)
{
    open_sim((struct sim_exchange_options){.auth = "basic"});
    open_store("ntlm", "secret", NULL);
    create(1, 3, OUT_STOP, "auth.not_offered");
    cr_expect_eq(logins("refused"), 0);
}

Test(contact_store_auth, a_wrong_password_goes_out_twice_until_it_is_resumed)
{
    open_sim((struct sim_exchange_options){.auth = "ntlm"});
    open_store("ntlm", "wrong", NULL);
    create(1, 20, OUT_STOP, "auth.refused");
    create(1, 20, OUT_STOP, "auth.refused");
    cr_expect_eq(logins("refused"), 2);
    tell("{\"password\":\"wrong\"}"); /* the account has that one now */
    create(1, 1, OUT_STOP, "auth.refused");
    login_memory_resume(login);
    for (int64_t end = clock_now(loop_clock(loop)) + WAIT_MS;
         !resumed && clock_now(loop_clock(loop)) < end;) {
        bool never = false;
        (void)loop_wait(loop, &never, 50);
    }
    cr_assert_eq(resumed, 1);
    create(1, 5, OUT_DONE, NULL);
    expect_created(5);
    cr_expect_eq(logins("refused"), 2);
}

Test(contact_store_auth, tokens_are_fetched_once_and_renewed_when_they_end)
{
    open_sim((struct sim_exchange_options){.auth = "bearer"});
    open_store("oauth2", "secret", "app-sync");
    create(1, 10, OUT_DONE, NULL);
    cr_expect_eq(logins("tokens.issued"), 1);
    tell("{\"expire_tokens\":true}");
    create(11, 4, OUT_DONE, NULL);
    expect_created(14);
    cr_expect_eq(logins("tokens.issued"), 2);
    cr_expect_eq(logins("refused"), 0);
}

Test(contact_store_auth, a_client_that_is_refused_is_asked_for_twice)
{
    open_sim((struct sim_exchange_options){.auth = "bearer"});
    open_store("oauth2", "wrong", "app-sync");
    create(1, 6, OUT_STOP, "auth.refused");
    create(1, 6, OUT_STOP, "auth.refused");
    cr_expect_eq(logins("tokens.refused"), 2);
}

Test(contact_store_auth, a_token_endpoint_that_is_away_stops_nobody)
{
    open_sim((struct sim_exchange_options){.auth = "bearer"});
    open_store("oauth2", "secret", "app-sync");
    tell("{\"token_status\":503}");
    create(1, 1, OUT_RETRY_LATER, "oauth.http.503");
    tell("{\"token_status\":0}");
    create(1, 3, OUT_DONE, NULL);
}

Test(contact_store_auth, an_older_server_is_asked_as_an_older_client_from_then_on)
{
    open_sim((struct sim_exchange_options){.max_version = "Exchange2010_SP2"});
    open_store("basic", "secret", NULL);
    create(1, 1, OUT_DONE, NULL);
    create(2, 5, OUT_DONE, NULL);
    cr_expect_eq(number("/control/stats", "soap_faults"), 1);
    cr_expect_eq(versions, 1);
    cr_expect_str_eq(version, "Exchange2010_SP2");
    cr_expect_eq(number("/control/stats", "created"), 6);
}

Test(contact_store_auth, a_version_that_was_remembered_is_asked_with_at_once)
{
    open_sim((struct sim_exchange_options){.max_version = "Exchange2010_SP2"});
    open_store("basic", "secret", NULL);
    ews_store_version(store, mailbox.id, "Exchange2010_SP2");
    create(1, 1, OUT_DONE, NULL);
    cr_expect_eq(number("/control/stats", "soap_faults"), 0);
    cr_expect_eq(versions, 0);
}

Test(contact_store_auth, a_server_older_than_everything_parks_the_mailbox_and_stops_nobody)
{
    open_sim((struct sim_exchange_options){0});
    open_store("basic", "secret", NULL);
    json_decref(control("POST", "/control/faults",
                        "{\"text\":\"soap_fault,code=ErrorInvalidServerVersion,times=0\"}"));
    create(1, 1, OUT_PARK, "ews.ErrorInvalidServerVersion");
    cr_expect_str_eq(version, "Exchange2007");
}
