/*
 * Pictures from Rock: each has its own fate, and none of them stops a run.
 */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <jansson.h>

#include "common/base/clock.h"

#include "tests/contract/rock_rig.h"
#include "tests/sim/rock/mutate.h"

static struct rock_rig rig;
static struct err err;
static struct arena *arena;
static struct source_photo got[SOURCE_PHOTOS_MAX];

static void open_church(void)
{
    const char *const settings[] = {"rock.timeout=1s", NULL};
    const struct sim_rock_options o = {.size = {.seed = 5, .people = 80, .users = 6}};

    rock_rig_open(&rig, &o, settings);
    arena = arena_new("pictures", 64 << 20);
    err = (struct err){0};
}

static void close_church(void)
{
    arena_free(arena);
    rock_rig_close(&rig);
}

TestSuite(rock_photos, .init = open_church, .fini = close_church, .timeout = 60);

struct making { /* n people get pictures of this kind */
    enum picture picture;
    int32_t bytes;
    bool needs_login;
    size_t n;
    struct photo_ref refs[SOURCE_PHOTOS_MAX];
};

static void make(struct church *c, void *user)
{
    struct making *m = user;
    struct person *p = NULL;
    size_t n = 0;

    church_each(c, TABLE_PERSON, p)
    {
        if (n == m->n)
            break;
        int32_t id = mutate_photo(c, p->row.id, m->picture, m->bytes, m->needs_login);
        m->refs[n++] =
            (struct photo_ref){id, ((struct row *)church_row(c, TABLE_BINARY_FILE, id))->guid};
    }
}

static struct making pictures(enum picture picture, int32_t bytes, bool needs_login, size_t n)
{
    struct making m = {.picture = picture, .bytes = bytes, .needs_login = needs_login, .n = n};

    sim_rock_with(rig.sim, make, &m);
    return m;
}

static int read_photos(const struct photo_ref *refs, size_t n)
{
    return rig.source->ops->photos(rig.source, refs, n, arena, got, &err);
}

static void expect_jpeg(const struct source_photo *p)
{
    cr_assert_eq(p->fate, SOURCE_PHOTO_THERE, "fate %d", (int)p->fate);
    cr_expect(p->len > 100 && memcmp(p->bytes, "\xff\xd8\xff", 3) == 0);
}

static void expect_one(const struct making *m, enum source_photo_fate fate)
{
    cr_assert_eq(read_photos(m->refs, 1), 0, "%s", err.text);
    cr_expect_eq(got[0].fate, fate, "fate %d", (int)got[0].fate);
    cr_expect_eq(got[0].len != 0, fate == SOURCE_PHOTO_THERE);
}

Test(rock_photos, come_small_each_at_its_place)
{
    const struct making m = pictures(PICTURE_JPEG, 400000, false, SOURCE_PHOTOS_MAX);

    cr_assert_eq(read_photos(m.refs, m.n), 0, "%s", err.text);
    for (size_t i = 0; i < m.n; i++) {
        char guid[GUID_TEXT];
        expect_jpeg(&got[i]);
        cr_expect_lt(got[i].len, 20000u, "%zu bytes", got[i].len);
        guid_format(&m.refs[i].guid, guid); /* the simulator writes it into the picture */
        cr_expect_not_null(memmem(got[i].bytes, got[i].len, guid, strlen(guid)), "%zu", i);
    }
    cr_expect_str_eq(err.code, "");
}

Test(rock_photos, of_a_png_are_jpegs_too)
{
    const struct making m = pictures(PICTURE_PNG, 3000, false, 1);

    expect_one(&m, SOURCE_PHOTO_THERE);
}

Test(rock_photos, that_are_none_or_too_large_are_unfit)
{
    const struct making text = pictures(PICTURE_TEXT, 0, false, 1),
                        huge = pictures(PICTURE_HUGE, 0, false, 1);

    expect_one(&text, SOURCE_PHOTO_UNFIT);
    expect_one(&huge, SOURCE_PHOTO_UNFIT);
    cr_expect_str_eq(err.code, "");
}

Test(rock_photos, that_need_a_login_are_refused_with_the_remedy_and_the_others_come)
{
    const struct making closed = pictures(PICTURE_JPEG, 3000, true, 1),
                        open = pictures(PICTURE_JPEG, 3000, false, 1);
    const struct photo_ref refs[] = {open.refs[0], closed.refs[0], open.refs[0]};

    cr_assert_eq(read_photos(refs, 3), 0, "%s", err.text);
    expect_jpeg(&got[0]);
    cr_expect_eq(got[1].fate, SOURCE_PHOTO_REFUSED);
    expect_jpeg(&got[2]);
    cr_expect_not_null(strstr(err.text, "Requires View Security"), "%s", err.text);
}

static void lose(struct church *c, void *user)
{
    struct person *p = NULL;

    (void)user;
    church_each(c, TABLE_PERSON, p) mutate_lose_photo(c, p->row.id);
}

Test(rock_photos, that_are_gone_are_gone)
{
    const struct making m = pictures(PICTURE_JPEG, 3000, false, 1);

    sim_rock_with(rig.sim, lose, NULL);
    expect_one(&m, SOURCE_PHOTO_GONE);
    cr_assert_eq(read_photos(&(struct photo_ref){.id = 0}, 1), 0);
    cr_expect_eq(got[0].fate, SOURCE_PHOTO_GONE);
}

Test(rock_photos, are_known_by_guid_where_ids_are_not_told)
{
    const struct making m = pictures(PICTURE_JPEG, 3000, false, 1);
    const struct photo_ref by_id = {.id = m.refs[0].id};

    cr_assert_eq(read_photos(&by_id, 1), 0);
    expect_jpeg(&got[0]);
    rock_rig_tell(&rig, "/control/settings", "{\"no_ids\":true}");
    expect_one(&m, SOURCE_PHOTO_THERE);
    cr_assert_eq(read_photos(&by_id, 1), 0);
    cr_expect_eq(got[0].fate, SOURCE_PHOTO_GONE);
}

static const struct fault_case {
    const char *rule;
    enum source_photo_fate want;
} faults[] = {
    {"{\"kind\":\"forbidden\",\"endpoint\":\"GetImage\"}", SOURCE_PHOTO_REFUSED},
    {"{\"kind\":\"unauthorised\",\"endpoint\":\"GetImage\"}", SOURCE_PHOTO_REFUSED},
    {"{\"kind\":\"login\",\"endpoint\":\"GetImage\"}", SOURCE_PHOTO_REFUSED},
    {"{\"kind\":\"html\",\"endpoint\":\"GetImage\"}", SOURCE_PHOTO_REFUSED},
    {"{\"kind\":\"png\",\"endpoint\":\"GetImage\"}", SOURCE_PHOTO_UNFIT},
    {"{\"kind\":\"empty\",\"endpoint\":\"GetImage\"}", SOURCE_PHOTO_UNFIT},
    {"{\"kind\":\"cold\",\"endpoint\":\"GetImage\"}", SOURCE_PHOTO_AWAY},
    {"{\"kind\":\"busy\",\"endpoint\":\"GetImage\"}", SOURCE_PHOTO_AWAY},
    {"{\"kind\":\"error\",\"endpoint\":\"GetImage\"}", SOURCE_PHOTO_AWAY},
    {"{\"kind\":\"cut\",\"endpoint\":\"GetImage\"}", SOURCE_PHOTO_AWAY},
    {"{\"kind\":\"close\",\"endpoint\":\"GetImage\",\"times\":3}", SOURCE_PHOTO_AWAY},
    {"{\"kind\":\"slow\",\"endpoint\":\"GetImage\",\"ms\":3000}", SOURCE_PHOTO_AWAY},
};

ParameterizedTestParameters(rock_photos, fault_means)
{
    size_t n = ARRAY_LEN(faults), *v = cr_malloc(n * sizeof(*v));
    for (size_t i = 0; i < n; i++)
        v[i] = i;
    return cr_make_param_array(size_t, v, n);
}
ParameterizedTest(size_t *i, rock_photos, fault_means)
{
    const struct making m = pictures(PICTURE_JPEG, 3000, false, 1);

    rock_rig_tell(&rig, "/control/faults", faults[*i].rule);
    cr_assert_eq(read_photos(m.refs, 1), 0, "%s: %s", faults[*i].rule, err.text);
    cr_expect_eq(got[0].fate, faults[*i].want, "%s: fate %d", faults[*i].rule, (int)got[0].fate);
    cr_expect_eq(*err.text != '\0', faults[*i].want == SOURCE_PHOTO_REFUSED, "%s", err.text);
    free(sim_rock_control(rig.sim, "DELETE", "/control/faults", NULL, &(int){0}));
    expect_one(&m, SOURCE_PHOTO_THERE); /* the next one is fine */
}

Test(rock_photos, are_read_side_by_side_as_far_as_the_setting_goes)
{
    const struct making m = pictures(PICTURE_JPEG, 3000, false, SOURCE_PHOTOS_MAX);

    rock_rig_tell(&rig, "/control/settings", "{\"latency_ms\":30}");
    cr_assert_eq(read_photos(m.refs, m.n), 0, "%s", err.text);
    autofree char *text = rock_rig_ask(&rig, "/control/stats");
    json_t *stats = json_loads(text, 0, NULL);
    json_int_t most = json_integer_value(json_object_get(stats, "max_concurrent"));
    cr_expect_eq(most, 4, "%lld at once", (long long)most); /* rock.connections */
    json_decref(stats);
}

Test(rock_photos, from_a_server_that_is_not_there_fail_the_call)
{
    struct rock_rig other = {0};
    const struct photo_ref ref = {.id = 1};

    rock_rig_connect(&other, "http://127.0.0.1:1", SIM_ROCK_TOKEN, NULL);
    int rc = other.source->ops->photos(other.source, &ref, 1, arena, got, &err);
    cr_expect_eq(rc, -1);
    cr_expect_str_eq(err.code, "curl.7");
    rock_rig_close(&other);
}

Test(rock_photos, of_a_server_that_hangs_are_away_after_the_time_of_one)
{
    const struct making m = pictures(PICTURE_JPEG, 3000, false, SOURCE_PHOTOS_MAX);
    int64_t begin = clock_now(clock_real());

    rock_rig_tell(&rig, "/control/faults",
                  "{\"kind\":\"slow\",\"endpoint\":\"GetImage\",\"times\":0,\"ms\":60000}");
    cr_assert_eq(read_photos(m.refs, m.n), 0, "%s", err.text);
    int64_t took = clock_now(clock_real()) - begin;
    for (size_t i = 0; i < m.n; i++)
        cr_expect_eq(got[i].fate, SOURCE_PHOTO_AWAY, "fate %d", (int)got[i].fate);
    cr_expect_lt(took, 2000, "%lld ms", (long long)took);
    free(sim_rock_control(rig.sim, "DELETE", "/control/faults", NULL, &(int){0}));
    expect_one(&m, SOURCE_PHOTO_THERE);
}

static void quit(void *user)
{
    loop_quit(user);
}

Test(rock_photos, end_when_the_program_ends)
{
    const struct making m = pictures(PICTURE_JPEG, 3000, false, 2);

    rock_rig_tell(&rig, "/control/settings", "{\"latency_ms\":800}");
    loop_after(rig.l, 20, quit, rig.l);
    cr_expect_eq(read_photos(m.refs, 2), -1);
    cr_expect_str_eq(err.code, "stopped");
}

Test(rock_photos, are_those_that_the_snapshot_names)
{
    autoptr(arena_free) struct arena *a = arena_new("wish", 1 << 20);
    const struct rock_wish w = rock_wish_of(&rig, a);
    const struct source_request rq = rock_wish_request(&w);
    struct directory *d = NULL;
    size_t n = 0;

    cr_assert_eq(rig.source->ops->snapshot(rig.source, &rq, &d, &err), 0, "%s", err.text);
    for (size_t i = 0; i < d->n_people; i++) {
        const struct photo_ref ref = {d->people[i].photo_id, d->people[i].photo_guid};
        if (!ref.id)
            continue;
        cr_expect_not(guid_is_nil(&ref.guid));
        cr_assert_eq(read_photos(&ref, 1), 0, "%s", err.text);
        expect_jpeg(&got[0]);
        n++;
    }
    cr_expect_gt(n, 2u, "%zu people have pictures", n);
    directory_free(d);
}
