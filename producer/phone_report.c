#include "producer/phone_report.h"

#include "producer/business.h"
#include "producer/run_p.h"

enum { ARENA_MAX = 2047 << 20, SCRATCH_MAX = 16 << 20 };

static void on_found(const struct phone_finding *f, void *user)
{
    struct phone_report *report = user;

    report->findings++;
    report->found(f, report->user);
}

static void source_progress(const char *what, size_t done, size_t of, void *user)
{
    const struct phone_report *report = user;

    if (report->progress)
        report->progress(what, done, of, report->user);
}

static int by_rock_id(const void *x, const void *y, void *people)
{
    const struct dir_person *all = people;
    const struct dir_person *a = &all[*(const size_t *)x], *b = &all[*(const size_t *)y];

    return a->rock_id < b->rock_id ? -1 : a->rock_id > b->rock_id;
}

static int lint_all(struct run *r, struct phone_report *report, struct err *err)
{
    const struct directory *d = r->d;
    size_t *order = arena_alloc(r->arena, (d->n_people + 1) * sizeof(*order));
    struct business_text *business = arena_alloc(r->arena, (d->n_people + 1) * sizeof(*business));
    struct err why;

    if (r->s->business && business_render(r->s->business, r->p->source, d->people, d->n_people,
                                          d->read_at_ms, r->arena, business, &why, err) < 0)
        return -1;
    for (size_t i = 0; i < d->n_people; i++)
        order[i] = i;
    qsort_r(order, d->n_people, sizeof(*order), by_rock_id, (void *)(uintptr_t)d->people);
    struct arena *scratch = arena_new("a person's numbers", SCRATCH_MAX);
    for (size_t k = 0; k < d->n_people; k++) {
        const struct dir_person *p = &d->people[order[k]];
        const struct business_text *b = &business[order[k]];
        arena_reset(scratch);
        report->numbers += phone_lint_person(p, r->s->fields.unlisted, &r->s->fields.phone,
                                             report->valid, scratch, on_found, report);
        phone_lint_business(p, b->text, b->failed, scratch, on_found, report);
    }
    arena_free(scratch);
    report->people = d->n_people;
    return 0;
}

static int read_and_lint(struct run *r, struct phone_report *report, struct err *err)
{
    struct source_request rq = {
        .eligible_group = r->s->eligible_group, .progress = source_progress, .user = report};

    if (r->p->store->ops->subscribers(r->p->store, r->arena, &r->subs, &r->n_subs, err) < 0 ||
        run_users_request(r, &rq, err) < 0)
        return -1;
    rq.attributes = business_attributes(r->s->business, &rq.n_attributes);
    if (r->p->source->ops->snapshot(r->p->source, &rq, &r->d, err) < 0)
        return -1;
    return lint_all(r, report, err);
}

int phone_report(const struct run_parts *parts,
                 const struct run_settings *s,
                 struct phone_report *report,
                 struct err *err)
{
    static const struct run_options everybody = {.dry = true};
    struct run_counts counts = {0};
    struct run r = {.p = parts, .s = s, .o = &everybody, .c = &counts};

    report->people = report->numbers = report->findings = 0;
    r.arena = arena_new("phone report", ARENA_MAX);
    int rc = read_and_lint(&r, report, err);
    directory_free(r.d);
    arena_free(r.arena);
    return rc;
}
