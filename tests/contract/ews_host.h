/*
 * ews_host: a mailbox of the Exchange simulator, which checks each request (by the schema too,
 * where it is there), behind the EWS driver, as host of the contract. Behind
 * contact_store_contract.c.
 */
#ifndef SYNC_TESTS_CONTRACT_EWS_HOST_H
#define SYNC_TESTS_CONTRACT_EWS_HOST_H

#include <criterion/criterion.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/contract/contact_store_contract.h"
#include "tests/sim/exchange/sim_exchange.h"
#include "worker/ews/ews_store.h"

#define ADDRESS "pat.rivera@church.example"
#define SCHEMA  "../shared/ews-schema"

/* ---- the simulator behind the store ---- */

static json_t *control(struct contract_host *h, const char *method, const char *path, json_t *body)
{
    autofree char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;
    int status = 0;
    autofree char *answer = sim_exchange_control(h->state, method, path, text, &status);
    json_decref(body);
    cr_assert_eq(status, 200, "%s %s: %d %s", method, path, status, answer);
    json_t *r = json_loads(answer, 0, NULL);
    cr_assert_not_null(r);
    return r;
}

static json_t *contacts(struct contract_host *h)
{
    json_t *box = control(h, "GET", "/control/mailboxes/" ADDRESS, NULL), *all = json_array(), *it;
    size_t i;
    json_array_foreach(json_object_get(box, "items"), i, it)
    {
        if (strcmp(json_string_value(json_object_get(it, "folder")), "contacts") == 0)
            json_array_append(all, it);
    }
    json_decref(box);
    return all;
}

static json_t *item(struct contract_host *h, const char *id)
{
    json_t *all = contacts(h), *it, *found = NULL;
    size_t i;
    json_array_foreach(all, i, it)
    {
        if (strcmp(json_string_value(json_object_get(it, "id")), id) == 0)
            found = json_incref(it);
    }
    json_decref(all);
    return found;
}

static size_t count(struct contract_host *h)
{
    json_t *all = contacts(h);
    size_t n = json_array_size(all);
    json_decref(all);
    return n;
}

static const char *const flat_name[CONTACT_FIELD_COUNT] = {
    [CONTACT_FILE_AS] = "FileAs",
    [CONTACT_DISPLAY_NAME] = "DisplayName",
    [CONTACT_GIVEN_NAME] = "GivenName",
    [CONTACT_MIDDLE_NAME] = "MiddleName",
    [CONTACT_SURNAME] = "Surname",
    [CONTACT_SUFFIX] = "Generation",
    [CONTACT_TITLE] = "Title",
    [CONTACT_COMPANY] = "CompanyName",
    [CONTACT_JOB_TITLE] = "JobTitle",
    [CONTACT_EMAIL] = "EmailAddress1",
    [CONTACT_PHONE_MOBILE] = "MobilePhone",
    [CONTACT_PHONE_HOME] = "HomePhone",
    [CONTACT_PHONE_HOME2] = "HomePhone2",
    [CONTACT_PHONE_BUSINESS] = "BusinessPhone",
    [CONTACT_PHONE_OTHER] = "OtherTelephone",
    [CONTACT_HOME_STREET] = "HomeStreet",
    [CONTACT_HOME_CITY] = "HomeCity",
    [CONTACT_HOME_STATE] = "Home"
                           "State",
    [CONTACT_HOME_POSTAL] = "HomePostalCode",
    [CONTACT_HOME_COUNTRY] = "HomeCountryOrRegion",
    [CONTACT_WORK_STREET] = "BusinessStreet",
    [CONTACT_WORK_CITY] = "BusinessCity",
    [CONTACT_WORK_STATE] = "BusinessState",
    [CONTACT_WORK_POSTAL] = "BusinessPostalCode",
    [CONTACT_WORK_COUNTRY] = "BusinessCountryOrRegion",
    [CONTACT_BIRTHDAY] = "Birthday",
    [CONTACT_ANNIVERSARY] = "WeddingAnniversary",
};

static char *field(struct contract_host *h, const char *id, enum contact_field f)
{
    json_t *it = item(h, id);
    char *r =
        xstrdup(json_string_value(json_object_get(json_object_get(it, "fields"), flat_name[f])));
    json_decref(it);
    return r;
}

static char *categories(struct contract_host *h, const char *id)
{
    json_t *it = item(h, id), *name;
    char joined[2000] = "";
    size_t i;
    if (!it)
        return NULL;
    json_array_foreach(json_object_get(it, "categories"), i, name)
    {
        size_t n = strlen(joined);
        snprintf(joined + n, sizeof(joined) - n, "%s%s", i ? "\n" : "", json_string_value(name));
    }
    json_decref(it);
    return xstrdup(joined);
}

static char *user_adds(struct contract_host *h, const char *surname)
{
    json_t *it = control(h, "POST", "/control/mailboxes/" ADDRESS "/items",
                         json_pack("{s:s, s:s}", "Surname", surname, "DisplayName", surname));
    char *id = xstrdup(json_string_value(json_object_get(it, "id")));
    json_decref(it);
    return id;
}

static void act(struct contract_host *h, const char *id, json_t *action)
{
    json_object_set_new(action, "select", json_pack("{s:s}", "id", id));
    json_decref(control(h, "POST", "/control/mailboxes/" ADDRESS "/actions", action));
}

static void
user_edits(struct contract_host *h, const char *id, enum contact_field f, const char *value)
{
    act(h, id, json_pack("{s:s, s:s?}", "action", "edit", flat_name[f], value));
}

static void user_sorts(struct contract_host *h, const char *id, const char *names)
{
    json_t *list = json_array();
    while (*names) {
        size_t n = strcspn(names, "\n");
        json_array_append_new(list, json_stringn(names, n));
        names += n + (names[n] == '\n');
    }
    act(h, id, json_pack("{s:s, s:o}", "action", "edit", "categories", list));
}

static void user_deletes(struct contract_host *h, const char *id)
{
    act(h, id, json_pack("{s:s, s:s}", "action", "delete", "type", "MoveToDeletedItems"));
}

static void user_moves(struct contract_host *h, const char *id)
{
    act(h, id, json_pack("{s:s, s:s}", "action", "move", "to", "Friends"));
}

static char *photo(struct contract_host *h, const char *id)
{
    json_t *it = item(h, id);
    char *r = xstrdup(json_string_value(json_object_get(it, "photo")));
    json_decref(it);
    return r;
}

static void user_sets_photo(struct contract_host *h, const char *id, bool there)
{
    act(h, id, json_pack("{s:s, s:b}", "action", "photo", "remove", !there));
}

struct opened {
    struct loop *l;
    struct contract_host host;
};

static struct contact_store *open_store(struct loop *l, uint16_t port, const char *password)
{
    char url[64];
    struct contact_store *s = NULL;
    struct err err;
    snprintf(url, sizeof(url), "http://127.0.0.1:%u/EWS/Exchange.asmx", port);
    struct ews_config c = {
        .url = url,
        .user = "svc-sync",
        .password = password,
        .user_agent = "contact-sync-test",
        .connections = 4,
        .read_timeout_ms = 5000,
        .allow_http = true,
    };
    cr_assert_eq(ews_store_new(l, &c, &s, &err), 0, "%s", err.text);
    return s;
}

/* max_version: the newest RequestServerVersion that the server knows; NULL: Exchange2016. */
static struct opened open_server(const char *password, const char *max_version)
{
    struct opened o = {.l = loop_new(clock_real())};
    struct err err;
    struct sim_exchange_options options = {
        .any_mailbox = "church.example", .seed = 7, .max_version = max_version};
    if (access(SCHEMA "/envelope/ews-envelope.xsd", R_OK) == 0)
        options.schema = SCHEMA;
    else
        printf("SKIPPED: checking requests by the schema, which is not at " SCHEMA "\n");
    struct sim_exchange *sim = sim_exchange_start(&options, &err);
    cr_assert_not_null(sim, "%s", err.text);
    o.host = (struct contract_host){
        .loop = o.l,
        .store = open_store(o.l, sim_exchange_port(sim), password),
        .address = ADDRESS,
        .state = sim,
        .count = count,
        .field = field,
        .categories = categories,
        .user_adds = user_adds,
        .user_edits = user_edits,
        .user_sorts = user_sorts,
        .user_deletes = user_deletes,
        .user_moves = user_moves,
        .photo = photo,
        .user_sets_photo = user_sets_photo,
    };
    keep = arena_new("contract", (size_t)64 << 20);
    return o;
}

static struct opened open_host(const char *password)
{
    return open_server(password, NULL);
}

/* Whatever the case was: nothing invalid was sent, no foreign contact touched. */
static void close_host(struct opened *o)
{
    json_t *stats = control(&o->host, "GET", "/control/stats", NULL),
           *foreign = control(&o->host, "GET", "/control/foreign", NULL);
    static const char *const never[] = {"invalid",         "anchor_missing", "anchor_wrong",
                                        "foreign_cookies", "no_user_agent",  "no_request_id"};
    for (size_t i = 0; i < ARRAY_LEN(never); i++) {
        autofree char *reasons = json_dumps(json_object_get(stats, "invalid_reasons"), 0);
        cr_expect_eq(json_integer_value(json_object_get(stats, never[i])), 0, "%s: %s", never[i],
                     reasons);
    }
    cr_expect_eq(json_integer_value(json_object_get(foreign, "touched")), 0);
    json_decref(stats);
    json_decref(foreign);
    contact_store_free(o->host.store);
    sim_exchange_stop(o->host.state);
    loop_free(o->l);
    arena_free(keep);
}

#endif
