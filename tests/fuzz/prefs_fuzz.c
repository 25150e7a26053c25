/*
 * Any bytes as preferences.v1: no crash; and whatever is taken is ascending and comes back the same
 * from its own encoding.
 */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "common/base/arena.h"
#include "common/base/str.h"

#include "common/core/prefs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    autoptr(arena_free) struct arena *a = arena_new("prefs", 1 << 20);
    autovalue(str_release) struct str s;
    struct prefs p, back;
    struct err err;

    str_init(&s, PREFS_MAX_BYTES);
    if (prefs_decode((const char *)data, size, a, &p, &err) < 0)
        return 0;
    assert(p.n_groups <= PREFS_MAX_GROUPS);
    for (size_t i = 1; i < p.n_groups; i++)
        assert(guid_cmp(&p.groups[i - 1], &p.groups[i]) < 0);
    prefs_encode(&p, &s);
    int r = prefs_decode(s.p, s.n, a, &back, &err);
    assert(r == 0 && back.follow == p.follow && back.staff == p.staff &&
           back.n_groups == p.n_groups);
    assert(p.n_groups == 0 || memcmp(p.groups, back.groups, p.n_groups * sizeof(*p.groups)) == 0);
    return 0;
}
