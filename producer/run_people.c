/*
 * People of the snapshot against the person rows: contacts, content hashes, what changed, which
 * fields were emptied (and whether so many that it waits).
 */
#include <string.h>

#include "producer/run_p.h"

enum { SCRATCH_MAX = 64 << 20 };

static void contact_of(struct run *r, size_t i, struct arena *scratch, struct str *body)
{
    struct contact c;
    struct person_state *st = &r->people[i];
    arena_reset(scratch);
    str_clear(body);
    fieldmap_contact(&r->d->people[i], &r->s->fields, st->business, scratch, &c);
    contact_encode(&c, body);
    contact_hash(body->p, body->n, &st->content);
    for (int f = 0; f < CONTACT_FIELD_COUNT; f++)
        r->have_now[f] += c.f[f] != NULL;
    if (!st->known || !st->had_content || memcmp(&st->before, &st->content, sizeof(st->content)))
        st->body = arena_strndup(r->arena, body->p, body->n);
}

static int match_rows(struct run *r, struct err *err)
{
    struct plan_person *rows;
    size_t n_rows, at = 0;
    if (r->p->store->ops->persons(r->p->store, r->arena, &rows, &n_rows, err) < 0)
        return -1;
    r->people = arena_alloc(r->arena, (r->d->n_people + 1) * sizeof(*r->people));
    for (size_t i = 0; i < r->d->n_people; i++) {
        const struct guid *key = &r->d->people[i].key;
        while (at < n_rows && guid_cmp(&rows[at].key, key) < 0)
            at++;
        if (at < n_rows && guid_cmp(&rows[at].key, key) == 0) {
            r->people[i].known = true;
            r->people[i].id = rows[at].id;
            r->people[i].had_content = rows[at].has_content;
            r->people[i].before = rows[at].content;
        }
    }
    return 0;
}

int run_people_contents(struct run *r, struct err *err)
{
    if (match_rows(r, err) < 0 || run_business(r, err) < 0)
        return -1;
    struct arena *scratch = arena_new("contacts", SCRATCH_MAX);
    autovalue(str_release) struct str body = STR_INIT(CONTACT_MAX_BYTES);
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < r->d->n_people; i++) {
        contact_of(r, i, scratch, &body);
        if (body.over)
            rc = err_set(err, SCOPE_PROCESS, WHEN_NEVER, "contact.too_big",
                         "the contact of Rock person %lld is larger than %d bytes",
                         (long long)r->d->people[i].rock_id, CONTACT_MAX_BYTES);
    }
    arena_free(scratch);
    return rc;
}

/* --- emptied fields -------------------------------------------------------------------- */

struct change { /* a person whose content changed */
    size_t person;
    uint64_t emptied; /* bit per field */
};
typedef vec(struct change) changes;

static uint64_t emptied_fields(const char *before, const char *after, struct arena *scratch)
{
    struct contact x, y;
    struct err ignored; /* a content that cannot be read counts as having had nothing */
    arena_reset(scratch);
    if (!before || contact_decode(before, strlen(before), scratch, &x, &ignored) < 0 ||
        contact_decode(after, strlen(after), scratch, &y, &ignored) < 0)
        return 0;
    uint64_t bits = 0;
    for (int f = 0; f < CONTACT_FIELD_COUNT; f++)
        if (x.f[f] && !y.f[f])
            bits |= 1ull << f;
    return bits;
}

static int find_changes(struct run *r, changes *out, struct err *err)
{
    for (size_t i = 0; i < r->d->n_people; i++)
        if (r->people[i].body && r->people[i].had_content)
            vec_push(out, (struct change){i, 0});
    if (!out->n)
        return 0;
    struct sha256 *hashes = arena_alloc(r->arena, out->n * sizeof(*hashes));
    const char **bodies = arena_alloc(r->arena, out->n * sizeof(*bodies));
    for (size_t k = 0; k < out->n; k++)
        hashes[k] = r->people[out->v[k].person].before;
    if (r->p->store->ops->bodies(r->p->store, r->arena, hashes, out->n, bodies, err) < 0)
        return -1;
    struct arena *scratch = arena_new("contacts", SCRATCH_MAX);
    for (size_t k = 0; k < out->n; k++)
        out->v[k].emptied = emptied_fields(bodies[k], r->people[out->v[k].person].body, scratch);
    arena_free(scratch);
    return 0;
}

static int guard_field(struct run *r, const changes *cs, int field, struct err *err)
{
    struct plan_store *st = r->p->store;
    const char *name = contact_field_name((enum contact_field)field);
    int64_t *ids = arena_alloc(r->arena, (cs->n + 1) * sizeof(*ids));
    size_t n = 0, recent;
    for (size_t k = 0; k < cs->n; k++)
        if (cs->v[k].emptied & (1ull << field))
            ids[n++] = r->people[cs->v[k].person].id;
    if (!n)
        return 0;
    recent = n;
    if (!r->o->dry && st->ops->emptied(st, name, ids, n, &recent, err) < 0)
        return -1;
    if (!guard_exceeded(&r->s->guard.emptied, recent, r->have_now[field] + recent))
        return 0;
    int64_t hold = -1;
    if (!r->o->dry && st->ops->hold_make(st, "emptied", 0, name, r->o->run, &hold, err) < 0)
        return -1;
    for (size_t k = 0; k < cs->n; k++)
        if (cs->v[k].emptied & (1ull << field))
            r->people[cs->v[k].person].hold = hold;
    return 0;
}

/* --- rows ------------------------------------------------------------------------------ */

static int write_rows(struct run *r, struct err *err)
{
    size_t n = 0;
    struct plan_person_write *w = arena_alloc(r->arena, (r->d->n_people + 1) * sizeof(*w));
    size_t *index = arena_alloc(r->arena, (r->d->n_people + 1) * sizeof(*index));
    for (size_t i = 0; i < r->d->n_people; i++) {
        if (!r->people[i].body)
            continue;
        index[n] = i;
        w[n++] = (struct plan_person_write){r->d->people[i].key, r->d->people[i].rock_id,
                                            r->people[i].content, r->people[i].body, 0};
    }
    run_progress(r, "saving contacts", 0, n);
    if (n && r->p->store->ops->persons_write(r->p->store, w, n, r->d->read_at_ms, err) < 0)
        return -1;
    for (size_t k = 0; k < n; k++)
        r->people[index[k]].id = w[k].id;
    return 0;
}

/* The guard comes first: it compares with the rows as they were before this run. */
int run_people_write(struct run *r, struct err *err)
{
    changes cs = {0};
    int rc = find_changes(r, &cs, err);
    for (int f = 0; rc == 0 && f < CONTACT_FIELD_COUNT; f++)
        rc = guard_field(r, &cs, f, err);
    if (rc == 0 && !r->o->dry)
        rc = write_rows(r, err);
    vec_release(&cs);
    return rc;
}
