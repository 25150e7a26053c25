#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "producer/fixture/fixture_source.h"
#include "tests/contract/directory_source_contract.c"

static const char town[] = "tests/contract/town.json";

ParameterizedTestParameters(directory_source_fixture, keeps_the_contract)
{
    return contract_indexes();
}
ParameterizedTest(size_t *i, directory_source_fixture, keeps_the_contract)
{
    struct directory_source *s = NULL;
    struct err err;

    cr_assert(fixture_source_new(town, &s, &err) == 0, "%s", err.text);
    directory_source_contract[*i].run(s);
    directory_source_free(s);
}

/* ---- pictures ---- */

static const char people[] =
    "{\"v\":1,\"people\":["
    "{\"key\":\"" ANN "\",\"photo\":{\"jpeg\":\"%s\"}},"
    "{\"key\":\"" BOB "\",\"photo\":{\"jpeg\":\"R0lGODlhAQABAA==\",\"id\":7}},"
    "{\"key\":\"" EVE "\",\"photo\":{\"guid\":\"cccccccc-0000-4000-8000-000000000001\"}}],"
    "\"groups\":[{\"guid\":\"" ELIGIBLE "\",\"name\":\"Staff\",\"members\":[\"" ANN "\",\"" BOB
    "\",\"" EVE "\"]}]}";

static void write_people(const char *path, const char *jpeg)
{
    FILE *f = fopen(path, "w");
    cr_assert(f != NULL);
    fprintf(f, people, jpeg);
    fclose(f);
}

static struct photo_ref ref_of(struct directory_source *s, const char *key)
{
    const struct source_request rq = {.eligible_group = guid_of(ELIGIBLE)};
    struct directory *d = NULL;
    struct err err;
    struct guid g = guid_of(key);
    cr_assert(s->ops->snapshot(s, &rq, &d, &err) == 0, "%s", err.text);
    long i = directory_find_person(d, &g);
    cr_assert(i >= 0);
    struct photo_ref ref = {d->people[i].photo_id, d->people[i].photo_guid};
    directory_free(d);
    return ref;
}

Test(directory_source_fixture, a_picture_is_in_the_file_and_another_one_is_another_version)
{
    autoptr(arena_free) struct arena *a = arena_new("test", 1 << 20);
    char path[] = "/tmp/fixture_photo_XXXXXX";
    struct directory_source *s = NULL;
    struct source_photo got[3];
    struct err err;
    close(mkstemp(path));
    write_people(path, "/9j/4AAQ");
    cr_assert(fixture_source_new(path, &s, &err) == 0, "%s", err.text);
    const struct photo_ref refs[] = {ref_of(s, ANN), ref_of(s, BOB), ref_of(s, EVE)};
    cr_assert(s->ops->photos(s, refs, 3, a, got, &err) == 0, "%s", err.text);
    cr_expect(eq(int, (int)got[0].fate, SOURCE_PHOTO_THERE));
    cr_assert(eq(sz, got[0].len, 6));
    cr_expect(memcmp(got[0].bytes, "\xff\xd8\xff\xe0\x00\x10", 6) == 0);
    cr_expect(eq(int, (int)got[1].fate, SOURCE_PHOTO_UNFIT), "a GIF");
    cr_expect(eq(i64, refs[1].id, 7));
    cr_expect(eq(int, (int)got[2].fate, SOURCE_PHOTO_GONE), "it lies elsewhere");
    write_people(path, "/9j/4AAR");
    struct photo_ref now = ref_of(s, ANN);
    cr_expect(ne(int, guid_cmp(&now.guid, &refs[0].guid), 0));
    cr_assert(s->ops->photos(s, refs, 1, a, got, &err) == 0);
    cr_expect(eq(int, (int)got[0].fate, SOURCE_PHOTO_GONE), "the one before");
    unlink(path);
    cr_expect(s->ops->photos(s, refs, 1, a, got, &err) < 0);
    directory_source_free(s);
}
