/*
 * A Rock that is not itself: the snapshot is whole, or fails with one plain line that names the
 * place; and the next one is fine.
 */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <jansson.h>

#include "tests/contract/rock_rig.h"

static struct rock_rig rig;
static struct err err;

static const char *const endpoints[] = {
    "EntityTypes", "GroupTypes",      "GroupTypeRoles", "DefinedTypes", "DefinedValues",
    "Attributes",  "Groups",          "GroupMembers",   "PersonAlias",  "Followings",
    "People",      "AttributeValues", "GroupLocations"};

static void open_church(const char *retry_for)
{
    char retry[48];
    const char *const settings[] = {retry, "rock.timeout=1s", NULL};
    const struct sim_rock_options o = {.size = {.seed = 5, .people = 80, .users = 6}};

    snprintf(retry, sizeof(retry), "rock.retry_for=%s", retry_for);
    rock_rig_open(&rig, &o, settings);
}

static void patient(void)
{
    open_church("20s");
}

static void impatient(void)
{
    open_church("0");
}

static void close_church(void)
{
    rock_rig_close(&rig);
}

#define FAULT_TEST(name, patience)                                                                 \
    Test(rock_fault, name, .init = patience, .fini = close_church, .timeout = 60)
#define FAULT_TABLE(name, patience)                                                                \
    ParameterizedTest(size_t *i, rock_fault, name, .init = patience, .fini = close_church,         \
                      .timeout = 60)

/* Something of everything that was read. */
static long sum_of(const struct directory *d)
{
    size_t n = d->n_people + 1000 * d->staff.n;

    for (size_t i = 0; i < d->n_people; i++) {
        const struct dir_person *p = &d->people[i];
        n += p->n_phones * 7 + (p->home != NULL) * 11 + (p->employer != NULL) * 13;
        n += (p->position != NULL) * 17 + (size_t)p->age_class * 19;
    }
    for (size_t i = 0; i < d->n_users; i++)
        n += 100000 * d->users[i].follows.n;
    for (size_t i = 0; i < d->n_groups; i++)
        n += 10000000 * d->groups[i].members.n;
    return (long)n;
}

/* What everybody chose; a number that changes with what was read, -1 with err. */
static long snapshot(void)
{
    autoptr(arena_free) struct arena *a = arena_new("wish", 1 << 20);
    const struct rock_wish w = rock_wish_of(&rig, a);
    const struct source_request rq = rock_wish_request(&w);
    struct directory *d = NULL;
    long sum = -1;

    err = (struct err){0};
    int rc = rig.source->ops->snapshot(rig.source, &rq, &d, &err);
    if (rc < 0)
        cr_expect(d == NULL);
    if (d)
        sum = sum_of(d);
    directory_free(d);
    return sum;
}

static void fault(const char *kind, const char *endpoint, int times, int ms)
{
    char body[160];

    snprintf(body, sizeof(body), "{\"kind\":\"%s\",\"endpoint\":\"%s\",\"times\":%d,\"ms\":%d}",
             kind, endpoint, times, ms);
    rock_rig_tell(&rig, "/control/faults", body);
}

static void no_faults(void)
{
    int status;

    free(sim_rock_control(rig.sim, "DELETE", "/control/faults", NULL, &status));
}

static void expect_line(const char *endpoint, const char *want)
{
    char url[48];

    snprintf(url, sizeof(url), "/api/%s", endpoint);
    cr_expect(strstr(err.text, url) != NULL, "no %s in: %s", url, err.text);
    cr_expect(strstr(err.text, want) != NULL, "no \"%s\" in: %s", want, err.text);
    cr_expect(strstr(err.text, SIM_ROCK_TOKEN) == NULL, "%s", err.text);
    cr_expect(strchr(err.text, '\n') == NULL);
}

/* ---- what passes by itself ---- */

static const struct {
    const char *kind, *endpoint;
    int times, ms;
} passing[] = {
    {"cold", "EntityTypes", 2, 0},    {"cold", "", 3, 0},        {"html", "People", 1, 0},
    {"busy", "GroupMembers", 1, 0},   {"error", "People", 2, 0}, {"cut", "People", 1, 0},
    {"close", "Followings", 1, 0},    {"reset", "Groups", 1, 0}, {"stall", "People", 1, 1500},
    {"slow", "PersonAlias", 1, 1500},
};

ParameterizedTestParameters(rock_fault, passes_when_it_is_over)
{
    size_t n = ARRAY_LEN(passing), *v = cr_malloc(n * sizeof(*v));
    for (size_t i = 0; i < n; i++)
        v[i] = i;
    return cr_make_param_array(size_t, v, n);
}
FAULT_TABLE(passes_when_it_is_over, patient)
{
    long sum = snapshot();

    cr_assert(sum > 10, "%s", err.text);
    fault(passing[*i].kind, passing[*i].endpoint, passing[*i].times, passing[*i].ms);
    cr_expect(eq(long, snapshot(), sum), "%s", err.text);
    autofree char *stats = rock_rig_ask(&rig, "/control/stats");
    cr_expect(strstr(stats, "\"faults\": 0") == NULL, "%s", stats);
}

FAULT_TEST(retry_after_is_obeyed, patient)
{
    int64_t start = clock_now(clock_real());

    fault("busy", "GroupMembers", 1, 2000);
    cr_expect(snapshot() > 10, "%s", err.text);
    cr_expect(clock_now(clock_real()) - start >= 2000);
}

FAULT_TEST(a_wait_longer_than_the_patience_is_not_begun, patient)
{
    fault("busy", "GroupMembers", 0, 60000);
    cr_expect(snapshot() < 0);
    expect_line("GroupMembers", "429 (too many requests)");
    cr_expect(err.when == WHEN_LATER);
}

/* ---- what does not ---- */

static const struct fatal_case {
    const char *kind, *want;
} fatal[] = {
    {"cold", "Rock answers 503 (starting or overloaded)"},
    {"html", "text/html; charset=utf-8 instead of JSON"},
    {"error", "Rock answers 500"},
    {"truncated", "JSON ends too early"},
    {"partial", ""}, /* of one row: a syntax error */
    {"wrong_types", "Id: expected a whole number, found an object"},
    {"null_id", "Id: missing"},
    {"cut", "(GET "},
    {"reset", "(GET "},
};

ParameterizedTestParameters(rock_fault, fails_whole_wherever_it_is)
{
    size_t n = ARRAY_LEN(fatal) * ARRAY_LEN(endpoints), *v = cr_malloc(n * sizeof(*v));
    for (size_t i = 0; i < n; i++)
        v[i] = i;
    return cr_make_param_array(size_t, v, n);
}
FAULT_TABLE(fails_whole_wherever_it_is, impatient)
{
    const struct fatal_case *f = &fatal[*i / ARRAY_LEN(endpoints)];
    const char *endpoint = endpoints[*i % ARRAY_LEN(endpoints)];

    fault(f->kind, endpoint, 0, 0);
    cr_assert(snapshot() < 0, "%s of %s is not noticed", f->kind, endpoint);
    expect_line(endpoint, f->want);
    no_faults();
    cr_expect(snapshot() > 10, "after %s of %s: %s", f->kind, endpoint, err.text);
}

/* The second page fails: nothing of the first is used. */
FAULT_TEST(half_an_answer_is_none, impatient)
{
    rock_rig_tell(&rig, "/control/faults",
                  "{\"kind\":\"error\",\"endpoint\":\"People\",\"nth\":2,\"times\":0}");
    cr_expect(snapshot() < 0);
    expect_line("People", "Rock answers 500");
}

static const char *const lists[] = {"EntityTypes",   "GroupTypes", "GroupTypeRoles", "DefinedTypes",
                                    "DefinedValues", "Attributes", "Groups",         "GroupMembers",
                                    "PersonAlias",   "People"};

ParameterizedTestParameters(rock_fault, a_table_that_cannot_be_empty)
{
    size_t n = ARRAY_LEN(lists), *v = cr_malloc(n * sizeof(*v));
    for (size_t i = 0; i < n; i++)
        v[i] = i;
    return cr_make_param_array(size_t, v, n);
}
FAULT_TABLE(a_table_that_cannot_be_empty, impatient)
{
    char body[64];

    snprintf(body, sizeof(body), "{\"empty\":[\"%s\"]}", lists[*i]);
    rock_rig_tell(&rig, "/control/settings", body);
    cr_assert(snapshot() < 0, "%s", lists[*i]);
    expect_line(lists[*i], "");
    cr_expect(err.when == WHEN_LATER);
}

static const char *const data[] = {"Followings", "AttributeValues", "GroupLocations"};

ParameterizedTestParameters(rock_fault, a_table_that_was_full)
{
    size_t n = ARRAY_LEN(data), *v = cr_malloc(n * sizeof(*v));
    for (size_t i = 0; i < n; i++)
        v[i] = i;
    return cr_make_param_array(size_t, v, n);
}
FAULT_TABLE(a_table_that_was_full, impatient)
{
    char body[64];

    cr_assert(snapshot() > 10, "%s", err.text);
    snprintf(body, sizeof(body), "{\"empty\":[\"%s\"]}", data[*i]);
    rock_rig_tell(&rig, "/control/settings", body);
    cr_assert(snapshot() < 0, "%s", data[*i]);
    expect_line(data[*i], "without a single row");
}

/* One empty answer, once: it is not believed. */
static const char *const doubted[] = {"GroupMembers", "PersonAlias",     "Followings",
                                      "People",       "AttributeValues", "GroupLocations"};

FAULT_TEST(an_empty_answer_must_come_twice, impatient)
{
    long sum = snapshot();

    for (size_t i = 0; i < ARRAY_LEN(doubted); i++) {
        fault("empty", doubted[i], 1, 0);
        cr_expect(eq(long, snapshot(), sum), "%s: %s", doubted[i], err.text);
        no_faults();
    }
}

/* Chosen groups come in batches; one that is answered without a row would look like many deleted
 * groups. */
FAULT_TEST(a_batch_of_groups_without_the_eligible_one_is_no_answer, impatient)
{
    struct guid groups[60] = {0};
    struct directory *d = NULL;
    struct source_request rq = {
        .eligible_group = a_guid(GUID_ELIGIBLE_GROUP), .groups = groups, .n_groups = 60};

    for (size_t i = 0; i < 60; i++)
        groups[i].b[15] = (uint8_t)(i + 1);
    cr_assert(rig.source->ops->snapshot(rig.source, &rq, &d, &err) == 0, "%s", err.text);
    cr_expect(eq(sz, d->n_groups, 60));
    directory_free(d);
    d = NULL;
    fault("empty", "Groups", 1, 0);
    cr_expect(rig.source->ops->snapshot(rig.source, &rq, &d, &err) < 0);
    expect_line("Groups", "the eligible group");
}

Test(rock_fault,
     half_a_page_and_then_an_error_is_no_page,
     .init = impatient,
     .fini = close_church,
     .timeout = 60)
{
    fault("partial", "GroupMembers", 0, 0);
    cr_expect(snapshot() < 0);
    expect_line("GroupMembers", "]: an error message stands where a row should be");
}

ParameterizedTestParameters(rock_fault, a_right_that_is_missing_is_named)
{
    size_t n = ARRAY_LEN(endpoints), *v = cr_malloc(n * sizeof(*v));
    for (size_t i = 0; i < n; i++)
        v[i] = i;
    return cr_make_param_array(size_t, v, n);
}
FAULT_TABLE(a_right_that_is_missing_is_named, patient)
{
    char body[64], want[64];

    snprintf(body, sizeof(body), "{\"deny\":[\"%s\"]}", endpoints[*i]);
    rock_rig_tell(&rig, "/control/settings", body);
    cr_assert(snapshot() < 0);
    snprintf(want, sizeof(want), "no View right on %s", endpoints[*i]);
    expect_line(endpoints[*i], want);
    cr_expect_str_eq(err.code, "rock.401");
    cr_expect(err.when == WHEN_NEVER);
}

FAULT_TEST(a_wrong_key_is_named, patient)
{
    rock_rig_tell(&rig, "/control/settings", "{\"token\":\"another\"}");
    cr_expect(snapshot() < 0);
    cr_expect(strstr(err.text, "Rock refuses the key of rock.token_file") == err.text, "%s",
              err.text);
}

FAULT_TEST(a_refused_query_shows_the_reason, patient)
{
    rock_rig_tell(&rig, "/control/settings", "{\"v4\":true}");
    cr_expect(snapshot() < 0);
    cr_expect_str_eq(err.code, "rock.400");
    cr_expect(strstr(err.text, "Rock answers 400: ") == err.text, "%s", err.text);
    expect_line("", "");
}

FAULT_TEST(a_server_that_takes_only_short_queries, patient)
{
    rock_rig_tell(&rig, "/control/settings", "{\"max_query\":100}");
    cr_expect(snapshot() < 0);
    cr_expect_str_eq(err.code, "rock.404");
}

/* ---- rows that make no sense ---- */

FAULT_TEST(null_where_a_list_was_asked_for, impatient)
{
    fault("null_list", "People", 0, 0);
    cr_expect(snapshot() < 0);
    expect_line("People", "].PhoneNumbers: missing");
}

FAULT_TEST(a_status_that_nobody_knows, impatient)
{
    fault("unknown_enum", "GroupMembers", 0, 0);
    cr_expect(snapshot() < 0);
    expect_line("GroupMembers", "].GroupMemberStatus: unknown status 99");
}

FAULT_TEST(enums_that_only_describe_may_be_unknown, impatient)
{
    long sum = snapshot();

    fault("unknown_enum", "People", 0, 0);
    cr_expect(eq(long, snapshot(), sum), "%s", err.text);
}

FAULT_TEST(a_field_of_ten_megabytes, impatient)
{
    fault("huge_field", "People", 0, 0);
    cr_expect(snapshot() < 0);
    expect_line("People", "more than the 1048576 allowed");
    no_faults();
    fault("huge_field", "GroupLocations", 0, 0);
    cr_expect(snapshot() < 0);
    expect_line("GroupLocations", "more than the 1048576 allowed");
}

/* ---- the others of the port ---- */

FAULT_TEST(resolve_does_not_take_an_empty_answer_for_gone, impatient)
{
    autoptr(arena_free) struct arena *a = arena_new("wish", 1 << 20);
    const struct rock_wish w = rock_wish_of(&rig, a);
    struct source_resolved res[16];

    cr_assert(w.n_people <= 16);
    fault("empty", "PersonAlias", 1, 0);
    cr_assert(rig.source->ops->resolve(rig.source, w.people, w.n_people, res, &err) == 0, "%s",
              err.text);
    for (size_t i = 0; i < w.n_people; i++)
        cr_expect(res[i].fate == SOURCE_THERE);
    fault("empty", "PersonAlias", 0, 0);
    cr_expect(rig.source->ops->resolve(rig.source, w.people, w.n_people, res, &err) < 0);
    expect_line("PersonAlias", "without a single row");
}

FAULT_TEST(a_rock_without_the_old_store_has_no_old_choices, impatient)
{
    autoptr(arena_free) struct arena *a = arena_new("prefs", 1 << 20);
    struct guid group = a_guid(GUID_ELIGIBLE_GROUP);
    struct source_old_prefs *prefs = NULL;
    size_t n = 7;

    rock_rig_tell(&rig, "/control/settings", "{\"empty\":[\"EntityTypes\"]}");
    cr_assert(rig.source->ops->old_prefs(rig.source, &group, a, &prefs, &n, &err) == 0, "%s",
              err.text);
    cr_expect(eq(sz, n, 0));
}

/* ---- nobody there, and being told to stop ---- */

Test(rock_fault, a_server_that_is_not_there, .timeout = 60)
{
    struct rock_rig g = {0};
    struct directory *d = NULL;
    const char *const settings[] = {"rock.retry_for=0", NULL};
    const struct source_request rq = {.eligible_group = a_guid(GUID_ELIGIBLE_GROUP)};

    rock_rig_connect(&g, "http://127.0.0.1:1", "key", settings);
    cr_expect(g.source->ops->snapshot(g.source, &rq, &d, &err) < 0);
    cr_expect(strstr(err.text, "127.0.0.1:1: ") == err.text, "%s", err.text);
    expect_line("EntityTypes", "");
    cr_expect(err.when == WHEN_LATER);
    rock_rig_close(&g);
}

static void quit(void *user)
{
    loop_quit(user);
}

FAULT_TEST(a_loop_that_quits_ends_the_snapshot, patient)
{
    fault("slow", "", 0, 800);
    loop_after(rig.l, 100, quit, rig.l);
    cr_expect(snapshot() < 0);
    cr_expect_str_eq(err.code, "stopped");
}

/* ---- settings ---- */

static const struct {
    const char *setting, *want;
} wrong[] = {
    {"rock.url=", "is not set"},
    {"rock.url=rock.example.org", "must begin with https://"},
    {"rock.url=ftp://rock.example.org", "must begin with https://"},
    {"rock.url=http://rock.example.org", "over which the key would travel in clear"},
    {"rock.url=https://", "must be a plain address"},
    {"rock.url=https://ann:secret@rock.example.org", "must be a plain address"},
    {"rock.url=https://rock.example.org/?apikey=secret", "must be a plain address"},
    {"rock.token_file=/nonexistent", "rock.token_file"},
};

Test(rock_settings, that_cannot_be_used_are_refused)
{
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        autoptr(loop_free) struct loop *l = loop_new(clock_real());
        autoptr(conf_free) struct conf *c = conf_new(settings_table, settings_count);
        struct directory_source *s = NULL;
        cr_assert(conf_set(c, "rock.url=https://rock.example.org", &err) == 0);
        cr_assert(conf_set(c, wrong[i].setting, &err) == 0, "%s", err.text);
        cr_expect(rock_source_new(l, c, &s, &err) < 0, "%s", wrong[i].setting);
        cr_expect_str_eq(err.code, "conf");
        cr_expect(strstr(err.text, wrong[i].want) != NULL, "%s", err.text);
        cr_expect(strstr(err.text, "secret") == NULL, "%s", err.text);
    }
}
