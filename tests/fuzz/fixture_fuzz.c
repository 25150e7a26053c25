/*
 * Any bytes as a church in a file: no crash; what is taken is in order, and every reference leads
 * to a person that is there.
 */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "producer/fixture/fixture_decode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_list(const struct fixture *f, const struct fixture_list *l)
{
    for (size_t i = 0; i < l->n; i++)
        assert(l->v[i] < f->n_people);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    autoptr(arena_free) struct arena *a = arena_new("fuzz", (size_t)1 << 30);
    struct fixture f;
    struct err err;

    if (fixture_decode((const char *)data, size, a, &f, &err) < 0) {
        assert(strcmp(err.code, "json") == 0 && err.text[0]);
        return 0;
    }
    for (size_t i = 0; i < f.n_people; i++) {
        check_list(&f, &f.people[i].follows);
        assert(fixture_find(&f, &f.people[i].p.key) >= 0);
    }
    for (size_t i = 0; i < f.n_groups; i++) {
        assert(f.groups[i].name);
        check_list(&f, &f.groups[i].members);
        assert(fixture_find_group(&f, &f.groups[i].guid) == &f.groups[i]);
        assert(i == 0 || guid_cmp(&f.groups[i - 1].guid, &f.groups[i].guid) < 0);
    }
    for (size_t i = 1; i < f.n_aliases; i++)
        assert(guid_cmp(&f.aliases[i - 1].guid, &f.aliases[i].guid) < 0);
    for (size_t i = 0; i < f.n_prefs; i++)
        assert(f.prefs[i].person < f.n_people);
    return 0;
}
