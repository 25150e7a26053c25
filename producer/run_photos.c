/*
 * Which pictures people have, into the rows: the stage between runs fetches them (photos.c). The
 * last step, since nothing else waits for it.
 */
#include "producer/run_p.h"

int run_photos_seen(struct run *r, struct err *err)
{
    struct plan_store *st = r->p->store;
    if (!r->s->photos || r->o->dry || !st->ops->photos_seen || !r->p->source->ops->photos)
        return 0;
    struct plan_photo *v = arena_alloc(r->arena, (r->d->n_people + 1) * sizeof(*v));
    for (size_t i = 0; i < r->d->n_people; i++) {
        const struct dir_person *d = &r->d->people[i];
        v[i] = (struct plan_photo){.person = r->people[i].id, .ref = {d->photo_id, d->photo_guid}};
        if (!d->photo_id)
            v[i].ref.guid = (struct guid){{0}};
    }
    run_progress(r, "saving which pictures people have", 0, r->d->n_people);
    if (st->ops->photos_seen(st, v, r->d->n_people, r->d->read_at_ms, err) < 0)
        return err_prefix(err, "all contacts are planned, but not which pictures people have");
    return 0;
}
