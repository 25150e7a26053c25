/*
 * Subscribers against the snapshot: who is eligible, under which address, in which mailbox.
 */
#include <stdlib.h>
#include <string.h>

#include "common/base/text.h"

#include "producer/run_p.h"

static bool concerns(const struct run *r, const struct plan_subscriber *sub)
{
    return !r->o->one_user || guid_cmp(&r->o->person_key, &sub->person_key) == 0;
}

static int by_guid(const void *x, const void *y)
{
    return guid_cmp(x, y);
}

int run_users_request(struct run *r, struct source_request *rq, struct err *err)
{
    size_t total = 0, followers = 0;
    (void)err;
    for (size_t i = 0; i < r->n_subs; i++)
        total += r->subs[i].prefs.n_groups;
    struct guid *groups = arena_alloc(r->arena, (total + 1) * sizeof(*groups));
    struct guid *keys = arena_alloc(r->arena, (r->n_subs + 1) * sizeof(*keys));
    total = 0;
    for (size_t i = 0; i < r->n_subs; i++) {
        const struct plan_subscriber *sub = &r->subs[i];
        if (!concerns(r, sub))
            continue;
        if (sub->prefs.follow)
            keys[followers++] = sub->person_key;
        rq->staff |= sub->prefs.staff;
        if (sub->prefs.n_groups)
            memcpy(groups + total, sub->prefs.groups, sub->prefs.n_groups * sizeof(*groups));
        total += sub->prefs.n_groups;
    }
    qsort(groups, total, sizeof(*groups), by_guid);
    size_t n = 0;
    for (size_t i = 0; i < total; i++)
        if (!n || guid_cmp(&groups[n - 1], &groups[i]))
            groups[n++] = groups[i];
    rq->groups = groups;
    rq->n_groups = n;
    rq->opted_out = !r->s->delete_old; /* else nothing is kept */
    rq->followers = keys;
    rq->n_followers = followers;
    return 0;
}

static const struct dir_user *find_user(const struct directory *d, const struct guid *key)
{
    long person = directory_find_person(d, key);
    if (person < 0)
        return NULL;
    size_t lo = 0, hi = d->n_users;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (d->users[mid].person < (uint32_t)person)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < d->n_users && d->users[lo].person == (uint32_t)person ? &d->users[lo] : NULL;
}

/* Saves the merges among the lost; *merged: there were any. */
static int save_merges(struct run *r,
                       const struct guid *keys,
                       const struct source_resolved *fates,
                       size_t n,
                       bool *merged,
                       struct err *err)
{
    struct plan_store *st = r->p->store;
    for (size_t i = 0; i < n && !r->o->dry; i++) {
        if (fates[i].fate != SOURCE_MERGED || !find_user(r->d, &fates[i].survivor))
            continue;
        if (st->ops->subscriber_merge(st, &keys[i], &fates[i].survivor, err) < 0)
            return -1;
        *merged = true;
    }
    return 0;
}

/* Subscribers who are not among the eligible under their key: perhaps merged into somebody who is.
 */
static int follow_merges(struct run *r, struct err *err)
{
    struct plan_store *st = r->p->store;
    struct directory_source *src = r->p->source;
    struct guid *keys = arena_alloc(r->arena, (r->n_subs + 1) * sizeof(*keys));
    struct source_resolved *fates = arena_alloc(r->arena, (r->n_subs + 1) * sizeof(*fates));
    size_t n = 0;
    for (size_t i = 0; i < r->n_subs; i++)
        if (strcmp(r->subs[i].state, "merged") && !find_user(r->d, &r->subs[i].person_key))
            keys[n++] = r->subs[i].person_key;
    bool merged = false;
    if (n && (src->ops->resolve(src, keys, n, fates, err) < 0 ||
              save_merges(r, keys, fates, n, &merged, err) < 0))
        return -1;
    if (!merged)
        return 0;
    return st->ops->subscribers(st, r->arena, &r->subs, &r->n_subs, err); /* as they are now */
}

static bool in_domains(const struct run *r, const char *address)
{
    const char *at = strrchr(address, '@');
    if (!at || at == address || strpbrk(address, " \t\"<>(),;"))
        return false;
    for (size_t i = 0; i < r->s->n_mail_domains; i++)
        if (!strcasecmp(at + 1, r->s->mail_domains[i]))
            return true;
    return r->s->n_mail_domains == 0;
}

static const char *
state_of(struct run *r, const struct dir_user *u, struct map *taken, const char **address)
{
    if (!u) {
        r->c->not_eligible++;
        return "not_eligible";
    }
    const struct dir_person *p = &r->d->people[u->person];
    *address = p->email ? text_clean(r->arena, p->email, strlen(p->email), 255, false) : NULL;
    if (!*address) {
        *address = "";
        r->c->no_address++;
        return "no_address";
    }
    if (!in_domains(r, *address)) {
        r->c->foreign_domain++;
        return "foreign_domain";
    }
    const char *fold = text_fold(r->arena, *address);
    if (map_put(taken, fold, strlen(fold), (void *)(uintptr_t)1)) {
        r->c->address_taken++;
        return "address_taken";
    }
    return "ok";
}

/* The sooner subscriber keeps an address that two share: by row id, which never changes. */
static int by_id(const void *x, const void *y)
{
    const struct plan_subscriber *a = x, *b = y;
    return a->id < b->id ? -1 : a->id > b->id;
}

static void add_plan(struct run *r, const struct plan_subscriber *sub, const struct dir_user *user)
{
    struct mailbox_plan m = {
        .mailbox = sub->mailbox, .address = sub->address, .sub = sub, .user = user};
    for (size_t i = 0; i < r->n_boxes; i++)
        if (r->boxes[i].id == sub->mailbox)
            m.row = &r->boxes[i];
    vec_push(&r->plans, m);
}

/* Mailboxes that no subscriber has any more: their contacts go, or stay as kept. */
static void add_orphans(struct run *r)
{
    size_t owned = r->plans.n;
    for (size_t i = 0; i < r->n_boxes; i++) {
        const struct plan_mailbox *b = &r->boxes[i];
        bool mine = false;
        for (size_t k = 0; k < owned && !mine; k++)
            mine = r->plans.v[k].mailbox == b->id;
        if (!mine && (b->synced || !b->has_digest)) /* without: it had wishes not fulfilled yet */
            vec_push(&r->plans,
                     (struct mailbox_plan){.mailbox = b->id, .address = b->address, .row = b});
    }
}

int run_users_match(struct run *r, struct err *err)
{
    struct plan_store *st = r->p->store;
    if (follow_merges(r, err) < 0)
        return -1;
    qsort(r->subs, r->n_subs, sizeof(*r->subs), by_id);
    autoptr(map_free) struct map *taken = map_new();
    const struct dir_user **users = arena_alloc(r->arena, (r->n_subs + 1) * sizeof(*users));
    for (size_t i = 0; i < r->n_subs; i++) {
        struct plan_subscriber *sub = &r->subs[i];
        if (!strcmp(sub->state, "merged"))
            continue;
        users[i] = find_user(r->d, &sub->person_key);
        bool had = sub->mailbox != 0;
        sub->address = "";
        sub->state = state_of(r, users[i], taken, &sub->address);
        sub->eligible = users[i] != NULL;
        sub->lost_recently |= had && strcmp(sub->state, "ok");
        r->users_lost += sub->lost_recently;
    }
    if (!r->o->dry && st->ops->subscribers_seen(st, r->subs, r->n_subs, err) < 0)
        return -1;
    if (st->ops->mailboxes(st, r->arena, &r->boxes, &r->n_boxes, err) < 0)
        return -1;
    for (size_t i = 0; i < r->n_subs; i++) {
        const struct plan_subscriber *sub = &r->subs[i];
        if (strcmp(sub->state, "ok"))
            continue;
        r->c->users++;
        if (concerns(r, sub))
            add_plan(r, sub, users[i]);
    }
    if (!r->o->one_user)
        add_orphans(r);
    r->c->mailboxes = r->plans.n;
    return 0;
}
