#include "common/core/directory.h"

#include "common/base/arena.h"

void directory_free(struct directory *d)
{
    if (d)
        arena_free(d->arena);
}

/* Index of the element with g at offset, in a list ordered by it; -1 when there is none. */
static long find(const void *base, size_t n, size_t size, size_t offset, const struct guid *g)
{
    size_t low = 0, high = n;

    while (low < high) {
        size_t mid = low + (high - low) / 2;
        int c = guid_cmp((const struct guid *)((const char *)base + mid * size + offset), g);
        if (c == 0)
            return (long)mid;
        if (c < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return -1;
}

long directory_find_person(const struct directory *d, const struct guid *key)
{
    return find(d->people, d->n_people, sizeof(*d->people), offsetof(struct dir_person, key), key);
}

const struct dir_group *directory_find_group(const struct directory *d, const struct guid *guid)
{
    long i =
        find(d->groups, d->n_groups, sizeof(*d->groups), offsetof(struct dir_group, guid), guid);
    return i < 0 ? NULL : &d->groups[i];
}
