/*
 * run_support: a small church as source of a run, and a run over fakes.
 */
#ifndef SYNC_TESTS_UNIT_RUN_SUPPORT_H
#define SYNC_TESTS_UNIT_RUN_SUPPORT_H

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "common/drv/queue_memory.h"
#include "producer/run.h"
#include "tests/support/plan_store_fake.h"
#include "tests/unit/core_support.h"

enum { SOULS = 60, GROUPS = 2, NOBODY = -1 };

struct soul { /* key: guid_of(index) */
    bool gone, deceased, opted_out, eligible, staff;
    int merged_into; /* NOBODY */
    const char *email, *mobile;
    uint64_t follows; /* bit per soul */
    bool member[GROUPS];
};

struct church {
    struct directory_source source;
    const struct clock *clock;
    struct soul soul[SOULS];
    const char *group_name[GROUPS];
    bool fail_snapshot, fail_resolve;
    size_t snapshots;
};

struct run_rig {
    struct clock_fake clock;
    struct loop *loop;
    struct plan_store_fake *f;
    struct queue *queue;
    struct church church;
    struct run_settings s;
    struct run_options o;
    struct run_counts c;
    struct err err;
    size_t applies, links_read, writes; /* of the last run */
};

/* ---- the source ---- */

static struct church *church_of(struct directory_source *s)
{
    return (struct church *)s;
}

static bool is_there(const struct soul *s)
{
    return !s->gone && s->merged_into == NOBODY;
}

static struct dir_person a_person(struct arena *a, const struct soul *s, uint32_t i)
{
    struct dir_phone *ph = arena_alloc(a, sizeof(*ph));
    *ph = (struct dir_phone){.id = 1,
                             .type = DIR_PHONE_MOBILE,
                             .type_name = "Mobile",
                             .country_code = "1",
                             .number = s->mobile};
    return (struct dir_person){.key = guid_of(i),
                               .rock_id = i + 1,
                               .deceased = s->deceased,
                               .opted_out = s->opted_out,
                               .email_active = true,
                               .nick_name = "Pat",
                               .last_name = arena_printf(a, "Person %u", i),
                               .email = s->email,
                               .phones = ph,
                               .n_phones = s->mobile ? 1 : 0};
}

static struct dir_list people_where(struct directory *d,
                                    const struct church *c,
                                    bool (*ask)(const struct church *, size_t, uint64_t),
                                    uint64_t arg)
{
    uint32_t *v = arena_alloc(d->arena, SOULS * sizeof(*v));
    size_t n = 0;
    for (uint32_t i = 0, at = 0; i < SOULS; i++) {
        if (!is_there(&c->soul[i]))
            continue;
        if (ask(c, i, arg))
            v[n++] = at;
        at++;
    }
    return (struct dir_list){v, n};
}

static bool in_mask(const struct church *c, size_t i, uint64_t mask)
{
    (void)c;
    return mask >> i & 1;
}

static bool in_group(const struct church *c, size_t i, uint64_t group)
{
    return c->soul[i].member[group];
}

static bool in_staff(const struct church *c, size_t i, uint64_t none)
{
    (void)none;
    return c->soul[i].staff;
}

static void put_users(struct directory *d, const struct church *c)
{
    struct dir_user *users = arena_alloc(d->arena, SOULS * sizeof(*users));
    for (uint32_t i = 0, at = 0; i < SOULS; i++) {
        if (!is_there(&c->soul[i]))
            continue;
        if (c->soul[i].eligible)
            users[d->n_users++] =
                (struct dir_user){at, people_where(d, c, in_mask, c->soul[i].follows)};
        at++;
    }
    d->users = users;
}

static int church_snapshot(struct directory_source *s,
                           const struct source_request *rq,
                           struct directory **ret,
                           struct err *err)
{
    struct church *c = church_of(s);
    c->snapshots++;
    if (c->fail_snapshot)
        return err_set(err, SCOPE_REMOTE, WHEN_LATER, "rock.half", "half an answer");
    struct directory *d = a_directory(0);
    struct dir_person *people = arena_alloc(d->arena, SOULS * sizeof(*people));
    d->people = people;
    d->read_at_ms = clock_wall(c->clock);
    for (uint32_t i = 0; i < SOULS; i++)
        if (is_there(&c->soul[i]))
            people[d->n_people++] = a_person(d->arena, &c->soul[i], i);
    struct dir_group *groups = arena_alloc(d->arena, GROUPS * sizeof(*groups));
    for (size_t g = 0; g < rq->n_groups; g++) {
        uint32_t nth = rq->groups[g].b[15];
        groups[d->n_groups++] =
            (struct dir_group){.guid = rq->groups[g],
                               .name = arena_strdup(d->arena, c->group_name[nth]),
                               .usable = true,
                               .members = people_where(d, c, in_group, nth)};
    }
    d->groups = groups;
    d->staff = people_where(d, c, in_staff, 0);
    put_users(d, c);
    *ret = d;
    return 0;
}

static int church_resolve(struct directory_source *s,
                          const struct guid *keys,
                          size_t n,
                          struct source_resolved *ret,
                          struct err *err)
{
    struct church *c = church_of(s);
    if (c->fail_resolve)
        return err_set(err, SCOPE_REMOTE, WHEN_LATER, "rock.half", "half an answer");
    for (size_t i = 0; i < n; i++) {
        const struct soul *p = &c->soul[keys[i].b[15]];
        ret[i] = (struct source_resolved){.fate = p->merged_into != NOBODY ? SOURCE_MERGED
                                                  : p->gone                ? SOURCE_GONE
                                                  : p->deceased            ? SOURCE_DECEASED
                                                                           : SOURCE_THERE};
        if (p->merged_into != NOBODY)
            ret[i].survivor = guid_of((uint32_t)p->merged_into);
    }
    return 0;
}

static const struct directory_source_ops church_ops = {
    .name = "church", .snapshot = church_snapshot, .resolve = church_resolve};

/* ---- the run ---- */

static struct guid group_guid(uint32_t nth)
{
    return guid_of(0x01000000u + nth);
}

static void rig_open(struct run_rig *r)
{
    memset(r, 0, sizeof(*r));
    clock_fake_init(&r->clock, 1764000000000);
    r->loop = loop_new(&r->clock.clock);
    r->f = plan_store_fake_new(&r->clock.clock);
    r->queue = queue_memory_new(r->loop);
    r->church.source.ops = &church_ops;
    r->church.clock = &r->clock.clock;
    r->church.group_name[0] = "Choir";
    r->church.group_name[1] = "Ushers";
    for (size_t i = 0; i < SOULS; i++)
        r->church.soul[i].merged_into = NOBODY;
    r->s.delete_old = true;
    r->s.expand.categories = true;
    r->s.fields.phone.default_country = "1";
    r->s.fields.dates = true;
    r->s.guard = (struct guard_limits){{3, 10}, {1000, 100}, {1000, 100}, {1000, 100}};
    r->o.run = 1;
}

static void rig_close(struct run_rig *r)
{
    queue_free(r->queue);
    plan_store_free(plan_store_fake_port(r->f));
    loop_free(r->loop);
}
#define RUN_RIG(name)                                                                              \
    __attribute__((cleanup(rig_close))) struct run_rig name;                                       \
    rig_open(&(name))

static int run_it(struct run_rig *r)
{
    size_t applies = r->f->applies, links = r->f->links_read, writes = r->f->writes;
    const struct run_parts parts = {.loop = r->loop,
                                    .store = plan_store_fake_port(r->f),
                                    .source = &r->church.source,
                                    .queue = r->o.dry ? NULL : r->queue};
    int rc = run_execute(&parts, &r->s, &r->o, &r->c, &r->err);
    r->applies = r->f->applies - applies;
    r->links_read = r->f->links_read - links;
    r->writes = r->f->writes - writes;
    return rc;
}

static void run_ok(struct run_rig *r)
{
    cr_assert_eq(run_it(r), 0, "%s", r->err.text);
}

/* A user with an address follows these. */
static void a_user(struct run_rig *r, uint32_t i, const char *email, uint64_t follows)
{
    struct guid key = guid_of(i);
    struct prefs p = {.follow = true};
    r->church.soul[i].eligible = true;
    r->church.soul[i].email = email;
    r->church.soul[i].follows = follows;
    cr_assert_eq(r->f->base.ops->subscriber_save(&r->f->base, &key, NULL, &p, &r->err), 0);
}

static inline void chooses(struct run_rig *r, uint32_t i, bool follow, bool staff, bool choir)
{
    struct guid key = guid_of(i), group = group_guid(0);
    struct prefs p = {follow, staff, &group, choir ? 1 : 0};
    cr_assert_eq(r->f->base.ops->subscriber_save(&r->f->base, &key, NULL, &p, &r->err), 0);
}

static uint64_t souls(uint32_t from, uint32_t to) /* [from, to) */
{
    uint64_t m = 0;
    for (uint32_t i = from; i < to; i++)
        m |= UINT64_C(1) << i;
    return m;
}

static struct fake_link *link_to(struct run_rig *r, const char *address, uint32_t person)
{
    struct guid key = guid_of(person);
    return plan_store_fake_link(r->f, address, &key);
}

static inline const char *state_of(struct run_rig *r, uint32_t person)
{
    struct guid key = guid_of(person);
    return plan_store_fake_subscriber(r->f, &key)->state;
}

#endif
