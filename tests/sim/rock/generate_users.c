/* The users: who is eligible, whom they follow, what they chose; and the merges of years. */
#include <ctype.h>
#include <string.h>

#include "tests/sim/rock/generate_p.h"
#include "tests/sim/rock/lookups.h"
#include "tests/sim/rock/mutate.h"

/* A plain address: letters of the name as far as they are ASCII, and the person's id to make it
 * unique. */
static const char *work_email(struct gen *g, const struct person *p)
{
    char name[24];
    size_t n = 0;
    for (const char *s = p->last_name; s && *s && n < sizeof(name) - 1; s++)
        if (isascii((unsigned char)*s) && isalpha((unsigned char)*s))
            name[n++] = (char)tolower((unsigned char)*s);
    name[n] = '\0';
    return arena_printf(g->c->arena, "%s%d@%s", n ? name : "user", p->row.id, g->c->domain);
}

static struct group_member *eligible_member(struct gen *g, int32_t person_id)
{
    gen_member(g, g->c->known.eligible_group, person_id, g->c->known.security_member);
    struct table *t = &g->c->table[TABLE_GROUP_MEMBER];
    return (struct group_member *)t->rows + (t->n - 1);
}

static void set_user_email(struct gen *g, size_t i, struct person *p)
{
    p->is_email_active = true;
    if (i % 20 == 7)
        p->email = NULL; /* nothing syncs for them */
    else if (i % 20 == 13)
        p->email = arena_printf(g->c->arena, "private%d@elsewhere.example.net", p->row.id);
    else
        p->email = work_email(g, p);
}

void gen_users(struct gen *g, uint32_t count)
{
    uint32_t stride = (uint32_t)g->adults.n / (count + 4);
    stride = stride ? stride : 1;
    size_t at = 0;
    for (; g->users.n < count && at < g->adults.n; at += stride) {
        struct person *p = church_row(g->c, TABLE_PERSON, g->adults.v[at]);
        p->record_status_id = g->c->known.active_record;
        set_user_email(g, g->users.n, p);
        eligible_member(g, p->row.id);
        vec_push(&g->users, p->row.id);
    }
    /* members of the eligible group who are not eligible: status and archive decide */
    for (int i = 0; i < 3 && at < g->adults.n; i++, at += stride) {
        struct person *p = church_row(g->c, TABLE_PERSON, g->adults.v[at]);
        p->email = work_email(g, p);
        struct group_member *m = eligible_member(g, p->row.id);
        m->status = i == 0 ? MEMBER_INACTIVE : i == 1 ? MEMBER_PENDING : MEMBER_ACTIVE;
        m->is_archived = i == 2;
    }
}

static void follow(struct gen *g, int32_t follower, int32_t person)
{
    struct church *c = g->c;
    if (!mutate_follow(c, follower, person))
        return;
    struct table *t = &c->table[TABLE_FOLLOWING];
    struct following *f = (struct following *)t->rows + (t->n - 1);
    uint32_t dice = church_below(c, 100);
    if (dice < 4) {
        f->entity_type_id = c->known.person_type;
        f->entity_id = person;
    } else if (dice < 8) {
        f->purpose_key = "connection-board"; /* another feature's private row */
    } else if (dice < 40) {
        f->purpose_key = "";
    } else if (dice < 44) {
        f->entity_type_id = c->known.group_entity_type; /* follows a group, not a person */
    }
}

void gen_followings(struct gen *g)
{
    uint32_t n = (uint32_t)g->everyone.n;
    for (size_t u = 0; u < g->users.n; u++) {
        uint32_t count = u % 9 == 8 ? 0 : 6 + church_below(g->c, 40);
        for (uint32_t i = 0; i < count; i++)
            follow(g, g->users.v[u], g->everyone.v[church_below(g->c, n)]);
        if (gen_pct(g, 30) && count)
            follow(g, g->users.v[u], g->users.v[u]); /* themselves */
    }
}

static struct guid group_guid(struct gen *g, int32_t group_id)
{
    return ((struct group *)church_row(g->c, TABLE_GROUP, group_id))->row.guid;
}

static size_t choose_groups(struct gen *g, size_t user, struct guid *groups)
{
    size_t n = 0, want = user % 3 + 1;
    for (size_t i = 0; i < want && i < g->small.n; i++)
        groups[n++] = group_guid(g, g->small.v[(user * 5 + i * (i + 1) / 2) % g->small.n]);
    if (user % 8 == 7 && g->idle.n)
        groups[n++] = group_guid(g, g->idle.v[user / 8 % g->idle.n]);
    if (user % 16 == 15) { /* one that is gone: a Guid that no row has */
        groups[n] = groups[0];
        groups[n++].b[0] ^= 0xff;
    }
    return n;
}

/* The original plugin kept the same choices as attribute values: "True"/"False", group ids joined
 * by a pipe. */
static void store_in_rock(struct gen *g, const struct choice *ch)
{
    struct church *c = g->c;
    const char *ids = "";
    for (size_t i = 0; i < ch->n_groups; i++) {
        char text[GUID_TEXT];
        const struct group *gr = church_by_guid(c, TABLE_GROUP, guid_format(&ch->groups[i], text));
        if (gr)
            ids = arena_printf(c->arena, "%s%s%d", ids, *ids ? "|" : "", gr->row.id);
    }
    const struct {
        int32_t attribute;
        const char *value;
    } rows[] = {{c->known.pref_following, ch->follow ? "True" : "False"},
                {c->known.pref_staff, ch->staff ? "True" : "False"},
                {c->known.pref_groups, ids}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (!*rows[i].value)
            continue; /* an empty preference has no row */
        struct attribute_value *v = church_add(c, TABLE_ATTRIBUTE_VALUE);
        v->attribute_id = rows[i].attribute;
        v->entity_id = ch->person_id;
        v->value = rows[i].value;
    }
}

void gen_choices(struct gen *g)
{
    static const struct {
        bool follow, staff, groups;
    } kinds[] = {{true, false, false},  {false, true, false}, {false, false, true},
                 {true, true, false},   {true, false, true},  {true, true, true},
                 {false, false, false}, {true, true, true}};
    lookups_add_preferences(g->c, 283);
    for (size_t u = 0; u < g->users.n; u++) {
        size_t kind = u % ARRAY_LEN(kinds);
        struct guid groups[8];
        struct choice ch = {.person_id = g->users.v[u],
                            .follow = kinds[kind].follow,
                            .staff = kinds[kind].staff,
                            .groups = groups};
        if (kinds[kind].groups)
            ch.n_groups = choose_groups(g, u, groups);
        mutate_choice(g->c, &ch);
        store_in_rock(g, &ch);
    }
}

static bool is_user(const struct gen *g, int32_t person_id)
{
    for (size_t i = 0; i < g->users.n; i++)
        if (g->users.v[i] == person_id)
            return true;
    return false;
}

/* Somebody follows both records: after the merge two followings lead to one person. */
static void follow_both(struct gen *g, int32_t a, int32_t b)
{
    if (!g->users.n)
        return;
    int32_t follower = g->users.v[church_below(g->c, (uint32_t)g->users.n)];
    mutate_follow(g->c, follower, a);
    mutate_follow(g->c, follower, b);
}

/* A user who was two people once: followings of both aliases are theirs. */
static void merge_into_user(struct gen *g, int32_t user, int32_t loser)
{
    if (is_user(g, loser) || !church_row(g->c, TABLE_PERSON, loser))
        return;
    for (int i = 0; i < 5; i++)
        mutate_follow(g->c, loser, g->everyone.v[church_below(g->c, (uint32_t)g->everyone.n)]);
    mutate_merge(g->c, loser, user);
}

void gen_merges(struct gen *g)
{
    struct church *c = g->c;
    uint32_t n = (uint32_t)g->adults.n, merges = 2 + n / 150;
    merges = merges > 60 ? 60 : merges;
    if (n <= 10)
        return;
    for (uint32_t i = 0; i < merges; i++) {
        int32_t loser = g->adults.v[church_below(c, n)], winner = g->adults.v[church_below(c, n)];
        if (is_user(g, loser) || is_user(g, winner) || !church_row(c, TABLE_PERSON, loser))
            continue;
        if (i % 2 == 0)
            follow_both(g, loser, winner);
        mutate_merge(c, loser, winner);
    }
    for (size_t u = 0; u < g->users.n; u += 10)
        merge_into_user(g, g->users.v[u], g->adults.v[church_below(c, n)]);
}
