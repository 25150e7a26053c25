/*
 * Merges of before our time. Contacts that the program before this one made name people by
 * Person.Id, maybe by one that was merged away since; whoever takes them over needs to know who
 * that is now. Read only while there are mailboxes that nobody has looked into yet.
 */
#include "producer/run_p.h"

int run_former_wanted(struct run *r, bool *ret, struct err *err)
{
    struct plan_store *st = r->p->store;
    *ret = false;
    if (r->o->dry || !st->ops->former_wanted)
        return 0;
    return st->ops->former_wanted(st, ret, err);
}

static const struct guid *key_of(const struct run *r, const struct map *by_id, int64_t rock_id)
{
    uintptr_t slot = (uintptr_t)map_get_u64(by_id, (uint64_t)rock_id);
    return slot ? &r->d->people[slot - 1].key : NULL;
}

int run_former_write(struct run *r, struct err *err)
{
    const struct directory *d = r->d;
    struct plan_store *st = r->p->store;
    if (r->o->dry || !d->n_former || !st->ops->former_write)
        return 0;
    autoptr(map_free) struct map *by_id = map_new();
    for (size_t i = 0; i < d->n_people; i++)
        map_put_u64(by_id, (uint64_t)d->people[i].rock_id, (void *)(uintptr_t)(i + 1));
    struct plan_former *f = arena_alloc(r->arena, d->n_former * sizeof(*f));
    size_t n = 0;
    for (size_t i = 0; i < d->n_former; i++) {
        const struct guid *key = key_of(r, by_id, d->former[i].now);
        if (key)
            f[n++] = (struct plan_former){d->former[i].was, *key};
    }
    return n ? st->ops->former_write(st, f, n, err) : 0;
}
