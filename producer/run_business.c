/*
 * Business numbers of the snapshot's people. Whose template fails keeps the number that the contact
 * has, and is named in the run's result.
 */
#include <stdio.h>
#include <string.h>

#include "producer/business.h"
#include "producer/run_p.h"

static void note(struct run *r, size_t person)
{
    struct run_counts *c = r->c;

    if (c->lava_failed < RUN_NAMED)
        c->lava_failed_ids[c->lava_failed] = r->d->people[person].rock_id;
    c->lava_failed++;
}

/* The number in the content that the person's row has. */
static const char *number_in(struct run *r, const char *body, struct arena *scratch)
{
    struct contact c;
    struct err ignored; /* what cannot be read had no number that could stay */

    arena_reset(scratch);
    if (!body || contact_decode(body, strlen(body), scratch, &c, &ignored) < 0)
        return NULL;
    return arena_strdup(r->arena, c.f[CONTACT_PHONE_BUSINESS]);
}

/* failed: indexes of people. */
static int keep_what_was(struct run *r, const size_t *failed, size_t n, struct err *err)
{
    enum { SCRATCH_MAX = 1 << 20 };
    struct sha256 *hashes = arena_alloc(r->arena, (n + 1) * sizeof(*hashes));
    const char **bodies = arena_alloc(r->arena, (n + 1) * sizeof(*bodies));
    size_t *whose = arena_alloc(r->arena, (n + 1) * sizeof(*whose)), known = 0;

    for (size_t i = 0; i < n; i++) {
        note(r, failed[i]);
        if (!r->people[failed[i]].had_content)
            continue;
        whose[known] = failed[i];
        hashes[known++] = r->people[failed[i]].before;
    }
    if (!known)
        return 0;
    if (r->p->store->ops->bodies(r->p->store, r->arena, hashes, known, bodies, err) < 0)
        return -1;
    struct arena *scratch = arena_new("contacts", SCRATCH_MAX);
    for (size_t i = 0; i < known; i++)
        r->people[whose[i]].business = number_in(r, bodies[i], scratch);
    arena_free(scratch);
    return 0;
}

/* In slices, so that whoever waits sees progress and other work of the producer goes on. */
static int render_all(struct run *r, struct business_text *texts, struct err *why, struct err *err)
{
    enum { SLICE = 1000 };
    const struct directory *d = r->d;

    for (size_t done = 0; done < d->n_people; done += SLICE) {
        size_t left = d->n_people - done, n = left < SLICE ? left : SLICE;
        run_progress(r, "business numbers", done, d->n_people);
        if (business_render(r->s->business, r->p->source, d->people + done, n, d->read_at_ms,
                            r->arena, texts + done, why, err) < 0)
            return err_prefix(err, "business numbers could not be rendered, nothing was planned");
    }
    return 0;
}

int run_business(struct run *r, struct err *err)
{
    size_t n = r->d->n_people, n_failed = 0;
    struct err why = {0};

    if (!r->s->business || !n)
        return 0;
    struct business_text *texts = arena_alloc(r->arena, n * sizeof(*texts));
    if (render_all(r, texts, &why, err) < 0)
        return -1;
    size_t *failed = arena_alloc(r->arena, n * sizeof(*failed));
    for (size_t i = 0; i < n; i++) {
        r->people[i].business = texts[i].text;
        if (texts[i].failed)
            failed[n_failed++] = i;
    }
    if (!n_failed)
        return 0;
    snprintf(r->c->lava_why, sizeof(r->c->lava_why), "%s", why.text);
    return keep_what_was(r, failed, n_failed, err);
}
