/* The Rock simulator as a server: wire, faults, control API, and what the generator promises. */
#include <criterion/criterion.h>
#include <curl/curl.h>

#include "tests/sim/rock/model.h"
#include "tests/sim/rock/sim_rock.h"
#include "tests/unit/sim_rock_support.h"

struct got { /* one answer over HTTP */
    CURLcode code;
    long status;
    struct str body, headers;
};

static size_t on_body(char *p, size_t size, size_t n, void *user)
{
    str_add(user, p, size * n);
    return size * n;
}

static CURL *request(struct sim_rock *s, const char *path, struct got *g)
{
    static struct curl_slist *headers;
    if (!headers)
        headers = curl_slist_append(NULL, "Authorization-Token: " SIM_ROCK_TOKEN);
    char url[4096], encoded[3500];
    url_encode(path, encoded, sizeof(encoded));
    snprintf(url, sizeof(url), "%s%s", sim_rock_url(s), encoded);
    *g = (struct got){0};
    str_init(&g->body, 64 << 20);
    str_init(&g->headers, 1 << 16);
    CURL *curl = curl_easy_init();
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &g->body);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_body);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, &g->headers);
    return curl;
}

static void fetch(struct sim_rock *s, const char *path, const char *accept, struct got *g)
{
    CURL *curl = request(s, path, g);
    curl_easy_setopt(curl, CURLOPT_ACCEPT_ENCODING, accept);
    g->code = curl_easy_perform(curl);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &g->status);
    curl_easy_cleanup(curl);
}

static void drop(struct got *g)
{
    str_release(&g->body);
    str_release(&g->headers);
}

static struct sim_rock *start(uint64_t seed, uint32_t people, uint32_t users, uint32_t latency_ms)
{
    struct err err;
    struct sim_rock_options o = {.size = {.seed = seed, .people = people, .users = users},
                                 .latency_ms = latency_ms,
                                 .fault_seed = seed};
    struct sim_rock *s = sim_rock_start(&o, &err);
    cr_assert(s != NULL, "%s", err.text);
    return s;
}

static char *
control(struct sim_rock *s, const char *method, const char *path, const char *body, int want)
{
    int status;
    char *text = sim_rock_control(s, method, path, body, &status);
    cr_expect_eq(status, want, "%s %s: %s", method, path, text);
    return text;
}

static json_t *
control_doc(struct sim_rock *s, const char *method, const char *path, const char *body)
{
    autofree char *text = control(s, method, path, body, 200);
    json_t *doc = json_loads(text, 0, NULL);
    cr_assert(doc != NULL, "%s", path);
    return doc;
}

Test(sim_rock, compresses_when_asked_and_only_then)
{
    autoptr(sim_rock_stop) struct sim_rock *s = start(1, 60, 4, 0);
    struct got plain, packed;
    fetch(s, "/api/People?$top=50", NULL, &plain);
    fetch(s, "/api/People?$top=50", "gzip", &packed);
    cr_expect(strstr(plain.headers.p, "Content-Encoding") == NULL);
    cr_expect(strstr(packed.headers.p, "Content-Encoding: gzip") != NULL);
    cr_expect(strstr(packed.headers.p, "application/json; charset=utf-8") != NULL);
    cr_expect_str_eq(plain.body.p, packed.body.p);
    drop(&plain);
    drop(&packed);
}

static const struct {
    const char *kind;
    CURLcode code;
    long status;
    const char *content_type, *header, *start; /* NULL: not looked at */
} fault_cases[] = {
    {"cold", CURLE_OK, 503, "text/html", NULL, "<!DOCTYPE html>"},
    {"html", CURLE_OK, 200, "text/html", NULL, "<!DOCTYPE html>"},
    {"busy", CURLE_OK, 429, "text/html", "Retry-After: 2", NULL},
    {"error", CURLE_OK, 500, "application/json", NULL, "{\"Message\":\"An error has occurred.\"}"},
    {"unauthorised", CURLE_OK, 401, NULL, NULL, NULL},
    {"cut", CURLE_PARTIAL_FILE, 200, "application/json", NULL, "["},
    {"close", CURLE_GOT_NOTHING, 0, NULL, NULL, NULL},
    {"reset", CURLE_RECV_ERROR, 0, NULL, NULL, NULL},
    {"empty", CURLE_OK, 200, "application/json", NULL, "[]"},
    {"wrong_types", CURLE_OK, 200, "application/json", NULL, "[{\"Id\":{\"a\":"},
    {"null_id", CURLE_OK, 200, "application/json", NULL, "[{\"Id\":null,"},
};

Test(sim_rock, each_fault_shows_on_the_wire_once_and_is_over)
{
    autoptr(sim_rock_stop) struct sim_rock *s = start(1, 60, 4, 0);
    for (size_t i = 0; i < ARRAY_LEN(fault_cases); i++) {
        char rule[128];
        snprintf(rule, sizeof(rule), "{\"kind\":\"%s\",\"ms\":1500}", fault_cases[i].kind);
        free(control(s, "POST", "/control/faults", rule, 200));
        struct got g;
        fetch(s, "/api/People?$top=3&$expand=PhoneNumbers", NULL, &g);
        cr_expect_eq((int)g.code, (int)fault_cases[i].code, "%s", fault_cases[i].kind);
        cr_expect_eq(g.status, fault_cases[i].status, "%s", fault_cases[i].kind);
        const char *wanted[] = {fault_cases[i].content_type, fault_cases[i].header};
        for (size_t k = 0; k < 2; k++)
            cr_expect(!wanted[k] || strstr(g.headers.p, wanted[k]), "%s: %s", fault_cases[i].kind,
                      g.headers.p);
        const char *from = fault_cases[i].start;
        cr_expect(!from || strncmp(g.body.p, from, strlen(from)) == 0, "%s: %s",
                  fault_cases[i].kind, g.body.p);
        drop(&g);
        fetch(s, "/api/People?$top=1", NULL, &g);
        cr_expect_eq(g.status, 200, "%s is over", fault_cases[i].kind);
        drop(&g);
    }
}

static const struct {
    const char *kind, *inside; /* text in the spoilt body; NULL: it is no JSON at all */
} body_cases[] = {
    {"truncated", NULL},
    {"partial", "},{\"Message\":\"An error has occurred.\"}]"},
    {"null_list", "\"PhoneNumbers\":null"},
    {"unknown_enum", "\"Gender\":99"},
};

Test(sim_rock, spoilt_bodies_are_complete_answers)
{
    autoptr(sim_rock_stop) struct sim_rock *s = start(1, 60, 4, 0);
    for (size_t i = 0; i < ARRAY_LEN(body_cases); i++) {
        char rule[128];
        snprintf(rule, sizeof(rule), "{\"kind\":\"%s\"}", body_cases[i].kind);
        free(control(s, "POST", "/control/faults", rule, 200));
        struct got g;
        fetch(s, "/api/People?$top=8&$expand=PhoneNumbers", "gzip", &g);
        cr_expect_eq((int)g.code, (int)CURLE_OK);
        json_t *doc = json_loads(g.body.p, 0, NULL);
        cr_expect((doc == NULL) == (body_cases[i].inside == NULL), "%s", body_cases[i].kind);
        cr_expect(!body_cases[i].inside || strstr(g.body.p, body_cases[i].inside), "%s",
                  body_cases[i].kind);
        json_decref(doc);
        drop(&g);
    }
}

Test(sim_rock, a_huge_field_is_ten_megabytes)
{
    autoptr(sim_rock_stop) struct sim_rock *s = start(1, 60, 4, 0);
    free(control(s, "POST", "/control/faults", "{\"kind\":\"huge_field\"}", 200));
    struct got g;
    fetch(s, "/api/People?$top=1", "gzip", &g);
    cr_expect_gt(g.body.n, 10u << 20);
    drop(&g);
}

Test(sim_rock, the_nth_request_of_one_endpoint_fails)
{
    autoptr(sim_rock_stop) struct sim_rock *s = start(1, 60, 4, 0);
    free(control(s, "POST", "/control/faults",
                 "{\"kind\":\"error\",\"endpoint\":\"Groups\",\"nth\":3}", 200));
    const char *paths[] = {"/api/Groups?$top=1", "/api/People?$top=1", "/api/Groups(2)",
                           "/api/Groups?$top=2", "/api/Groups?$top=3"};
    const long want[] = {200, 200, 200, 500, 200};
    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        struct got g;
        fetch(s, paths[i], NULL, &g);
        cr_expect_eq(g.status, want[i], "%s", paths[i]);
        drop(&g);
    }
    free(control(s, "POST", "/control/faults", "{\"kind\":\"nonsense\"}", 400));
}

/* Which of 40 requests fail under a rate, as text of 0 and 1. */
static void failures(uint64_t seed, char out[41])
{
    autoptr(sim_rock_stop) struct sim_rock *s = start(seed, 10, 0, 0);
    free(control(s, "POST", "/control/faults", "{\"kind\":\"error\",\"rate\":0.3}", 200));
    for (int i = 0; i < 40; i++) {
        struct got g;
        fetch(s, "/api/Campuses", NULL, &g);
        out[i] = g.status == 200 ? '0' : '1';
        drop(&g);
    }
    out[40] = '\0';
}

Test(sim_rock, random_failures_come_from_the_seed)
{
    char a[41], b[41], c[41];
    failures(7, a);
    failures(7, b);
    failures(8, c);
    cr_expect_str_eq(a, b);
    cr_expect(strcmp(a, c) != 0);
    cr_expect(strchr(a, '1') && strchr(a, '0'));
}

Test(sim_rock, counts_requests_at_once_and_the_longest_query)
{
    autoptr(sim_rock_stop) struct sim_rock *s = start(1, 30, 2, 600);
    CURLM *multi = curl_multi_init();
    struct got g[3];
    CURL *easy[3];
    for (int i = 0; i < 3; i++) {
        easy[i] = request(s, "/api/People?$filter=Id eq 1 or Id eq 2", &g[i]);
        curl_multi_add_handle(multi, easy[i]);
    }
    int running = 1;
    while (running) {
        curl_multi_perform(multi, &running);
        curl_multi_poll(multi, NULL, 0, 100, NULL);
    }
    for (int i = 0; i < 3; i++) {
        curl_multi_remove_handle(multi, easy[i]);
        curl_easy_cleanup(easy[i]);
        drop(&g[i]);
    }
    curl_multi_cleanup(multi);
    json_t *stats = control_doc(s, "GET", "/control/stats", NULL);
    cr_expect_eq((int)json_integer_value(json_object_get(stats, "max_concurrent")), 3);
    cr_expect_eq((int)json_integer_value(json_object_get(stats, "requests")), 3);
    cr_expect_eq((int)json_integer_value(json_object_get(stats, "most_filter_terms")), 2);
    cr_expect_eq((int)json_integer_value(json_object_get(stats, "longest_query")),
                 (int)strlen("$filter=Id%20eq%201%20or%20Id%20eq%202"));
    json_decref(stats);
    free(control(s, "DELETE", "/control/stats", NULL, 200));
}

Test(sim_rock, settings_take_rights_tables_and_the_key_away)
{
    autoptr(sim_rock_stop) struct sim_rock *s = start(1, 30, 2, 0);
    struct got g;
    free(control(s, "POST", "/control/settings", "{\"deny\":[\"People\"],\"empty\":[\"Groups\"]}",
                 200));
    fetch(s, "/api/People", NULL, &g);
    cr_expect_eq(g.status, 401);
    drop(&g);
    fetch(s, "/api/Groups", NULL, &g);
    cr_expect_str_eq(g.body.p, "[]");
    drop(&g);
    free(control(s, "POST", "/control/settings", "{\"allow\":[\"People\"],\"token\":\"other\"}",
                 200));
    fetch(s, "/api/People?$top=1", NULL, &g);
    cr_expect_eq(g.status, 401);
    drop(&g);
    free(control(s, "POST", "/control/settings", "{\"deny\":[\"Nothing\"]}", 400));
}

/* One person, one user and one group to change; ids go into the %d of each body in this order:
 * person, user, group. */
static const struct {
    const char *body;
    int status;
} change_cases[] = {
    {"{\"act\":\"set_phone\",\"person\":%1$d,\"number\":\"6235550199\"}", 200},
    {"{\"act\":\"clear_phone\",\"person\":%1$d}", 200},
    {"{\"act\":\"clear_phone\",\"person\":%1$d,\"type\":\"home\"}", 409},
    {"{\"act\":\"join\",\"person\":%1$d,\"group\":%3$d}", 200},
    {"{\"act\":\"join\",\"person\":%1$d,\"group\":%3$d}", 409},
    {"{\"act\":\"leave\",\"person\":%1$d,\"group\":%3$d,\"how\":\"archive\"}", 200},
    {"{\"act\":\"leave\",\"person\":%1$d,\"group\":%3$d}", 409},
    {"{\"act\":\"follow\",\"person\":%1$d,\"user\":%2$d}", 200},
    {"{\"act\":\"unfollow\",\"person\":%1$d,\"user\":%2$d}", 200},
    {"{\"act\":\"unfollow\",\"person\":%1$d,\"user\":%2$d}", 409},
    {"{\"act\":\"rename_group\",\"group\":%3$d,\"name\":\"Renamed\"}", 200},
    {"{\"act\":\"rename_group\",\"group\":\"Renamed\",\"name\":\"Again\"}", 200},
    {"{\"act\":\"group_state\",\"group\":%3$d,\"active\":false}", 200},
    {"{\"act\":\"employer\",\"person\":%1$d,\"value\":\"Acme\"}", 200},
    {"{\"act\":\"position\",\"person\":%1$d,\"value\":\"Owner\"}", 200},
    {"{\"act\":\"position\",\"person\":%1$d,\"value\":null}", 200},
    {"{\"act\":\"email\",\"person\":%2$d,\"value\":\"new@church.example\"}", 200},
    {"{\"act\":\"not_eligible\",\"person\":\"new@church.example\"}", 200},
    {"{\"act\":\"eligible\",\"person\":%2$d}", 200},
    {"{\"act\":\"text\",\"person\":%1$d,\"field\":\"NickName\",\"value\":\"Nick\"}", 200},
    {"{\"act\":\"text\",\"person\":%1$d,\"field\":\"Shoe\",\"value\":\"x\"}", 409},
    {"{\"act\":\"deceased\",\"person\":%1$d}", 200},
    {"{\"act\":\"deceased\",\"person\":%1$d,\"value\":false}", 200},
    {"{\"act\":\"merge\",\"person\":%1$d,\"into\":%2$d}", 200},
    {"{\"act\":\"delete\",\"person\":%1$d}", 404},
    {"{\"act\":\"delete\",\"person\":%2$d}", 200},
    {"{\"act\":\"dance\"}", 400},
    {"[", 400},
};

Test(sim_rock, changes_answer_200_or_say_why_not)
{
    struct church *c = a_church();
    int32_t uma = a_user(c, "Uma", "uma@church.example"), ann = a_person(c, "Ann", "A");
    int32_t choir = a_group(c, c->known.small_group, "Choir");
    struct err err;
    struct sim_rock_options o = {.church = c};
    autoptr(sim_rock_stop) struct sim_rock *s = sim_rock_start(&o, &err);
    cr_assert(s != NULL);
    for (size_t i = 0; i < ARRAY_LEN(change_cases); i++) {
        char body[256] = "";
        size_t n = 0;
        for (const char *t = change_cases[i].body; *t && n < sizeof(body) - 16; t++) {
            if (*t != '%') {
                body[n++] = *t;
                continue;
            }
            int32_t id = t[1] == '1' ? ann : t[1] == '2' ? uma : choir;
            n += (size_t)snprintf(body + n, 16, "%d", id);
            t += 3;
        }
        body[n] = '\0';
        free(control(s, "POST", "/control/change", body, change_cases[i].status));
    }
}

/* Mailboxes of two expected answers that differ. */
static size_t differing(const json_t *a, const json_t *b)
{
    size_t n = 0;
    const json_t *before = json_object_get(a, "mailboxes"),
                 *after = json_object_get(b, "mailboxes");
    for (void *it = json_object_iter((json_t *)(uintptr_t)before); it;
         it = json_object_iter_next((json_t *)(uintptr_t)before, it))
        n += !json_equal(json_object_iter_value(it),
                         json_object_get(after, json_object_iter_key(it)));
    return n;
}

Test(sim_rock, every_demo_change_changes_a_mailbox)
{
    const char *acts[] = {"set_phone", "clear_phone", "leave", "merge", "unfollow"};
    autoptr(sim_rock_stop) struct sim_rock *s = start(5, 300, 12, 0);
    for (size_t i = 0; i < ARRAY_LEN(acts); i++) {
        char body[64];
        snprintf(body, sizeof(body), "{\"act\":\"%s\"}", acts[i]);
        json_t *before = control_doc(s, "GET", "/control/expected", NULL);
        json_t *done = control_doc(s, "POST", "/control/demo-changes", body);
        json_t *after = control_doc(s, "GET", "/control/expected", NULL);
        cr_expect_eq(json_array_size(json_object_get(done, "changes")), 1, "%s", acts[i]);
        cr_expect(differing(before, after) > 0, "%s", acts[i]);
        json_decref(before);
        json_decref(done);
        json_decref(after);
    }
    json_t *all = control_doc(s, "POST", "/control/demo-changes", NULL);
    cr_expect_eq(json_array_size(json_object_get(all, "changes")), ARRAY_LEN(acts));
    json_decref(all);
}

Test(sim_rock, posting_the_prefs_file_gives_the_same_expectation)
{
    autoptr(sim_rock_stop) struct sim_rock *s = start(2, 300, 12, 0);
    autofree char *own = control(s, "GET", "/control/expected", NULL, 200);
    autofree char *prefs = control(s, "GET", "/control/prefs", NULL, 200);
    autofree char *posted = control(s, "POST", "/control/expected", prefs, 200);
    autofree char *none = control(s, "POST", "/control/expected", "{\"v\":1,\"users\":[]}", 200);
    cr_expect_str_eq(own, posted);
    cr_expect(strlen(none) < strlen(own) / 10);
    free(control(s, "POST", "/control/prefs", prefs, 200));
    autofree char *stored = control(s, "GET", "/control/expected", NULL, 200);
    cr_expect_str_eq(own, stored);
    free(control(s, "POST", "/control/expected",
                 "{\"users\":[{\"email\":\"a\",\"groups\":[\"x\"]}]}", 400));
}

Test(sim_rock, the_same_seed_gives_the_same_church)
{
    char *text[3];
    const uint64_t seeds[] = {11, 11, 12};
    for (int i = 0; i < 3; i++) {
        autoptr(sim_rock_stop) struct sim_rock *s = start(seeds[i], 200, 8, 0);
        text[i] = control(s, "GET", "/control/expected?shape=shared", NULL, 200);
    }
    cr_expect_str_eq(text[0], text[1]);
    cr_expect(strcmp(text[0], text[2]) != 0);
    for (int i = 0; i < 3; i++)
        free(text[i]);
}

/* Queries that must find something in every generated church: the oddities that readers have to
 * cope with. */
static const char *const oddities[] = {
    "/api/PhoneNumbers?$filter=NumberFormatted eq null",
    "/api/PhoneNumbers?$filter=NumberTypeValueId eq null",
    "/api/PhoneNumbers?$filter=CountryCode eq null",
    "/api/PhoneNumbers?$filter=CountryCode ne '1' and CountryCode ne null",
    "/api/PhoneNumbers?$filter=IsUnlisted eq true",
    "/api/PhoneNumbers?$filter=length(Extension) gt 2",
    "/api/PhoneNumbers?$filter=length(Number) ne 10",
    "/api/People?$filter=ModifiedDateTime eq null",
    "/api/People?$filter=ModifiedDateTime gt datetime'2026-11-01T01:00:00' and ModifiedDateTime lt "
    "datetime'2026-11-01T02:59:59'",
    "/api/People?$filter=BirthYear eq null and BirthDay ne null",
    "/api/People?$filter=BirthDay eq 29 and BirthMonth eq 2",
    "/api/People?$filter=length(LastName) ge 50",
    "/api/People?$filter=RecordTypeValue/Value eq 'Business'",
    "/api/People?$filter=RecordTypeValue/Value eq 'REST User'",
    "/api/People?$filter=RecordStatusValue/Value eq 'Inactive'",
    "/api/People?$filter=AgeClassification eq 'Child'",
    "/api/People?$filter=IsEmailActive eq false",
    "/api/People?includeDeceased=true&$filter=IsDeceased eq true",
    "/api/People?$filter=substringof('''',LastName)",
    "/api/People?$filter=SuffixValueId ne null",
    "/api/People?$filter=PhotoId ne null",
    "/api/GroupMembers?$filter=GroupMemberStatus eq 'Pending'",
    "/api/GroupMembers?$filter=GroupMemberStatus eq 'Inactive'",
    "/api/GroupMembers?$filter=GroupOrder ne null",
    "/api/Groups?$filter=IsActive eq false",
    "/api/Groups?$filter=GroupType/Guid eq guid'AAB2E9F4-E828-4FEE-8467-73DC9DAB784C'",
    "/api/Groups?$filter=GroupType/InheritedGroupTypeId ne null",
    "/api/Followings?$filter=EntityType/Name eq 'Rock.Model.Person'",
    "/api/Followings?$filter=EntityType/Name eq 'Rock.Model.Group'",
    "/api/Followings?$filter=PurposeKey eq ''",
    "/api/Followings?$filter=PurposeKey eq 'connection-board'",
    "/api/Attributes?$filter=Key eq 'MineCartStudio.SyncContacts.283.Groups'",
    "/api/GroupLocations?$filter=GroupLocationTypeValueId eq null or GroupLocationTypeValue/Value "
    "eq 'Previous'",
};

Test(sim_rock, a_church_of_six_hundred_holds_every_oddity)
{
    for (uint64_t seed = 1; seed <= 4; seed++) {
        struct church_size size = {.seed = seed, .people = 600, .users = 16};
        struct church *c = church_generate(&size);
        struct api api;
        api_init(&api, c, A_TOKEN);
        for (size_t i = 0; i < ARRAY_LEN(oddities); i++) {
            autofree char *ids = api_column(&api, oddities[i], "Id");
            cr_expect(*ids >= '0' && *ids <= '9', "seed %d: %s: %s", (int)seed, oddities[i], ids);
        }
        size_t merged = 0, archived = 0, doubled = 0;
        for (struct person_alias *a = NULL; (a = church_next(c, TABLE_PERSON_ALIAS, a));)
            merged += a->person_id != a->alias_person_id;
        int32_t last_group = 0, last_person = 0;
        for (struct group_member *m = NULL; (m = church_next(c, TABLE_GROUP_MEMBER, m));) {
            archived += m->is_archived;
            doubled += m->group_id == last_group && m->person_id == last_person;
            last_group = m->group_id;
            last_person = m->person_id;
        }
        cr_expect(merged > 0 && archived > 0 && doubled > 0, "seed %d", (int)seed);
        church_free(c);
    }
}

/* The generator keeps away from what the rules leave open: two users with one address, say. */
Test(sim_rock, users_have_addresses_of_their_own)
{
    for (uint64_t seed = 1; seed <= 4; seed++) {
        struct church_size size = {.seed = seed, .people = 900, .users = 40};
        struct church *c = church_generate(&size);
        autoptr(model_free) struct model *m = model_new(c, NULL, 0, NULL);
        for (size_t i = 0; i < m->n_skipped; i++)
            cr_expect(strcmp(m->skipped[i].why, "address of another user") != 0);
        cr_expect(m->n_mailboxes >= 30 && m->n_mailboxes + m->n_skipped <= 40);
        size_t contacts = 0;
        for (size_t i = 0; i < m->n_mailboxes; i++)
            contacts += m->mailboxes[i].n_items;
        cr_expect(contacts > 1000, "%zu", contacts);
        church_free(c);
    }
}
