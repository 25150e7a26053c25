/* plan_store_fake_photo: pictures. Whom a mailbox has as a contact is not asked: everybody is. */
#include <string.h>

#include "common/base/clock.h"

#include "tests/support/plan_store_fake.h"

static struct plan_store_fake *enter(struct plan_store *s, const char *name, struct err *err)
{
    struct plan_store_fake *f = ((struct plan_store_fake *)s)->rows;
    f->calls++;
    if (f->fail && strcmp(f->fail, name) == 0) {
        f->fail = NULL;
        (void)err_set(err, SCOPE_REMOTE, WHEN_LATER, "fake.fail", "%s fails by plan", name);
        return NULL;
    }
    if (f->leader && f->leader != s) {
        (void)err_set(err, SCOPE_PROCESS, WHEN_LATER, "plan.deposed", "another one leads");
        return NULL;
    }
    return f;
}

struct fake_photo *plan_store_fake_photo(struct plan_store_fake *f, int64_t person)
{
    vec_foreach (p, &f->photos) {
        if (p->want.person == person)
            return p;
    }
    return NULL;
}

static bool same(const struct photo_ref *x, const struct photo_ref *y)
{
    return x->id == y->id && guid_cmp(&x->guid, &y->guid) == 0;
}

/* No picture; the mailboxes have to hear of it when there was one. */
static void none(struct fake_photo *row)
{
    row->raised = row->raised && !row->len;
    row->len = 0;
    row->got = true;
}

static void see(struct plan_store_fake *f, const struct plan_photo *p, int64_t read_at_ms)
{
    struct fake_photo *row = plan_store_fake_photo(f, p->person);
    if (!row && !p->ref.id)
        return;
    if (!row) {
        vec_push(&f->photos, (struct fake_photo){.want = {.person = p->person}, .raised = true});
        row = &f->photos.v[f->photos.n - 1];
    }
    if (row->read_at_ms > read_at_ms || same(&row->want.ref, &p->ref))
        return;
    row->want = *p;
    row->want.tries = 0;
    row->read_at_ms = read_at_ms;
    row->retry_at = 0;
    row->failure = NULL;
    row->got = false;
    if (!p->ref.id)
        none(row);
}

static int op_seen(
    struct plan_store *s, const struct plan_photo *p, size_t n, int64_t read_at_ms, struct err *err)
{
    struct plan_store_fake *f = enter(s, "photos_seen", err);
    for (size_t i = 0; f && i < n; i++)
        see(f, &p[i], read_at_ms);
    return f ? 0 : -1;
}

static int op_off(struct plan_store *s, struct err *err)
{
    struct plan_store_fake *f = enter(s, "photos_off", err);
    if (!f)
        return -1;
    vec_foreach (row, &f->photos) {
        row->want.ref = (struct photo_ref){0};
        none(row);
    }
    return 0;
}

static int op_wanted(struct plan_store *s,
                     struct arena *a,
                     int64_t after,
                     size_t max,
                     struct plan_photo **ret,
                     size_t *n,
                     struct err *err)
{
    struct plan_store_fake *f = enter(s, "photos_wanted", err);
    if (!f)
        return -1;
    *n = 0;
    *ret = arena_alloc(a, (max + 1) * sizeof(**ret));
    vec_foreach (row, &f->photos) { /* tests put them in ascending */
        if (!row->got && row->want.person > after && row->retry_at <= clock_wall(f->clock) &&
            *n < max)
            (*ret)[(*n)++] = row->want;
    }
    return 0;
}

static void store(struct plan_store_fake *f, const struct plan_photo_got *g)
{
    struct fake_photo *row = plan_store_fake_photo(f, g->person);
    if (!row || row->got || !same(&row->want.ref, &g->ref))
        return;
    row->failure = g->failure;
    switch (g->end) {
    case PLAN_PHOTO_THERE:
        row->raised = row->raised && row->len == g->len;
        row->len = g->len;
        row->got = true;
        break;
    case PLAN_PHOTO_NONE:
        none(row);
        break;
    case PLAN_PHOTO_AGAIN:
        row->want.tries++;
        row->retry_at = clock_wall(f->clock) + g->retry_in_ms;
        break;
    }
}

static int op_store(struct plan_store *s, const struct plan_photo_got *g, size_t n, struct err *err)
{
    struct plan_store_fake *f = enter(s, "photos_store", err);
    for (size_t i = 0; f && i < n; i++)
        store(f, &g[i]);
    return f ? 0 : -1;
}

static int op_raise(struct plan_store *s, size_t max, size_t *ret_n, struct err *err)
{
    struct plan_store_fake *f = enter(s, "photos_raise", err);
    if (!f)
        return -1;
    *ret_n = 0;
    vec_foreach (row, &f->photos) {
        if (row->raised || *ret_n == max)
            continue;
        row->raised = true;
        ++*ret_n;
    }
    return 0;
}

static int op_offer(struct plan_store *s,
                    struct arena *a,
                    size_t max,
                    struct plan_photo_box **ret,
                    size_t *n,
                    struct err *err)
{
    struct plan_store_fake *f = enter(s, "photos_offer", err);
    if (!f)
        return -1;
    *n = 0;
    *ret = arena_alloc(a, (max + 1) * sizeof(**ret));
    vec_foreach (b, &f->photo_boxes) {
        if (b->offered || *n == max)
            continue;
        b->offered = true;
        (*ret)[(*n)++] = (struct plan_photo_box){b->mailbox, b->gen};
    }
    return 0;
}

static int op_count(struct plan_store *s, struct plan_photo_counts *ret, struct err *err)
{
    struct plan_store_fake *f = enter(s, "photos_count", err);
    *ret = (struct plan_photo_counts){.mailboxes = f ? f->photo_boxes.n : 0};
    if (!f)
        return -1;
    vec_foreach (row, &f->photos)
        ret->people += !row->got;
    return 0;
}

void plan_store_fake_with_photos(struct plan_store_fake *f)
{
    struct plan_store_ops *o = arena_memdup(f->a, f->base.ops, sizeof(*o));
    o->photos_seen = op_seen;
    o->photos_off = op_off;
    o->photos_wanted = op_wanted;
    o->photos_store = op_store;
    o->photos_raise = op_raise;
    o->photos_offer = op_offer;
    o->photos_count = op_count;
    f->base.ops = o;
}
