/* Who belongs into which mailbox, and why (categories). */
#include "tests/sim/rock/model.h"

#include <string.h>
#include <strings.h>

#define ARENA_MAX ((size_t)8 << 30)

enum {
    REASON_FOLLOWING,
    REASON_STAFF,
    REASON_GROUP
}; /* bit numbers; one bit per chosen group from REASON_GROUP on */

struct work {
    struct church *c;
    struct model *m;
    vec(int32_t) staff;  /* living active members of active organization units, doubles included */
    uint64_t *reasons;   /* by person id, for the user at hand */
    vec(int32_t) wanted; /* person ids with reasons */
    const char *names[MODEL_GROUPS_MAX]; /* the user's groups as categories, by group name */
};

static bool lives(const struct church *c, int32_t person_id)
{
    const struct person *p = church_row(c, TABLE_PERSON, person_id);
    return p && !p->is_deceased;
}

static bool group_counts(const struct group *g)
{
    return g && g->is_active && !g->is_archived;
}

static bool member_counts(const struct church *c, const struct group_member *m)
{
    return m->status == MEMBER_ACTIVE && !m->is_archived && lives(c, m->person_id);
}

static void find_staff(struct work *w)
{
    struct group *g = NULL;
    church_each(w->c, TABLE_GROUP, g)
    {
        if (g->group_type_id != w->c->known.unit || !group_counts(g))
            continue;
        struct group_member *m = NULL;
        church_each_by(w->c, TABLE_GROUP_MEMBER, group_member, group_id, g->row.id, m)
        {
            if (member_counts(w->c, m))
                vec_push(&w->staff, m->person_id);
        }
    }
}

static void want(struct work *w, int32_t person_id, int reason)
{
    if (!lives(w->c, person_id))
        return;
    if (!w->reasons[person_id])
        vec_push(&w->wanted, person_id);
    w->reasons[person_id] |= UINT64_C(1) << reason;
}

static int32_t followed_person(const struct church *c, const struct following *f)
{
    if (f->purpose_key && *f->purpose_key)
        return 0;
    if (f->entity_type_id == c->known.person_type)
        return f->entity_id;
    if (f->entity_type_id != c->known.alias_type)
        return 0;
    const struct person_alias *a = church_row(c, TABLE_PERSON_ALIAS, f->entity_id);
    return a ? a->person_id : 0;
}

static void want_followed(struct work *w, int32_t user_id)
{
    struct person_alias *a = NULL;
    church_each_by(w->c, TABLE_PERSON_ALIAS, person_alias, person_id, user_id, a)
    {
        struct following *f = NULL;
        church_each_by(w->c, TABLE_FOLLOWING, following, person_alias_id, a->row.id, f)
            want(w, followed_person(w->c, f), REASON_FOLLOWING);
    }
}

/* Never security roles or families, whatever a choice says. */
static bool may_be_chosen(const struct work *w, const struct group *g)
{
    const struct church_known *k = &w->c->known;
    return group_counts(g) && !g->is_security_role && g->group_type_id != k->security_role &&
           g->group_type_id != k->family;
}

/* The group's name as a category: it must not hold the separators of Exchange's list. */
static const char *category_of(struct work *w, const struct group *g)
{
    char *name = arena_strdup(w->m->arena, g->name ? g->name : "");
    for (char *s = name; *s; s++)
        if (*s == ',' || *s == ';')
            *s = ' ';
    const char *clean = model_text(w->m->arena, name, 255);
    return clean ? clean : "";
}

/* Sorted by name, so that "the first by name" is the lower bit. Returns how many count. */
static size_t sort_groups(struct work *w, const struct choice *ch, const struct group **groups)
{
    size_t n = 0;
    for (size_t i = 0; i < ch->n_groups && n < MODEL_GROUPS_MAX; i++) {
        char text[GUID_TEXT];
        const struct group *g =
            church_by_guid(w->c, TABLE_GROUP, guid_format(&ch->groups[i], text));
        if (!may_be_chosen(w, g))
            continue;
        const char *name = category_of(w, g);
        size_t at = n++;
        for (; at > 0 && strcmp(w->names[at - 1], name) > 0; at--) {
            w->names[at] = w->names[at - 1];
            groups[at] = groups[at - 1];
        }
        w->names[at] = name;
        groups[at] = g;
    }
    return n;
}

/* In one mailbox names that are equal but for case are one category: the first one's. */
static void settle_names(struct work *w, const struct choice *ch, size_t n)
{
    struct arena *a = w->m->arena;
    const char *folds[MODEL_GROUPS_MAX];
    for (size_t i = 0; i < n; i++) {
        folds[i] = model_fold(a, w->names[i]);
        for (size_t k = i; k-- > 0;)
            if (strcmp(folds[k], folds[i]) == 0)
                w->names[i] = w->names[k];
        if (ch->staff && strcmp(folds[i], "staff") == 0)
            w->names[i] = "Staff";
        if (ch->follow && strcmp(folds[i], "following") == 0)
            w->names[i] = "Following";
    }
}

static void want_groups(struct work *w, const struct choice *ch)
{
    const struct group *groups[MODEL_GROUPS_MAX];
    size_t n = sort_groups(w, ch, groups);
    settle_names(w, ch, n);
    for (size_t i = 0; i < n; i++) {
        struct group_member *m = NULL;
        church_each_by(w->c, TABLE_GROUP_MEMBER, group_member, group_id, groups[i]->row.id, m)
        {
            if (member_counts(w->c, m))
                want(w, m->person_id, REASON_GROUP + (int)i);
        }
    }
}

static void add_category(struct model_item *item, const char *name)
{
    for (size_t i = 0; i < item->n_categories; i++)
        if (strcmp(item->categories[i], name) == 0)
            return;
    if (*name)
        item->categories[item->n_categories++] = name;
}

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int by_key(const void *a, const void *b)
{
    return guid_cmp(&((const struct model_item *)a)->key, &((const struct model_item *)b)->key);
}

static void fill_item(struct work *w, int32_t person_id, struct model_item *item)
{
    struct arena *a = w->m->arena;
    const struct person *p = church_row(w->c, TABLE_PERSON, person_id);
    const struct person_alias *alias = church_row(w->c, TABLE_PERSON_ALIAS, p->primary_alias_id);
    uint64_t why = w->reasons[person_id];
    item->person_id = person_id;
    if (alias)
        item->key = alias->row.guid;
    item->categories =
        arena_alloc(a, (size_t)__builtin_popcountll(why) * sizeof(*item->categories));
    if (why & (1u << REASON_FOLLOWING))
        add_category(item, "Following");
    if (why & (1u << REASON_STAFF))
        add_category(item, "Staff");
    for (int i = 0; i < MODEL_GROUPS_MAX; i++)
        if (why >> (REASON_GROUP + i) & 1)
            add_category(item, w->names[i]);
    qsort(item->categories, item->n_categories, sizeof(*item->categories), by_bytes);
}

static void fill_mailbox(struct work *w, struct model_mailbox *mb, const struct choice *ch)
{
    vec_clear(&w->wanted);
    if (ch->follow)
        want_followed(w, mb->person_id);
    if (ch->staff)
        for (size_t i = 0; i < w->staff.n; i++)
            want(w, w->staff.v[i], REASON_STAFF);
    want_groups(w, ch);
    mb->n_items = w->wanted.n;
    mb->items = arena_alloc(w->m->arena, (mb->n_items + 1) * sizeof(*mb->items));
    for (size_t i = 0; i < mb->n_items; i++) {
        fill_item(w, w->wanted.v[i], &mb->items[i]);
        w->reasons[w->wanted.v[i]] = 0;
    }
    qsort(mb->items, mb->n_items, sizeof(*mb->items), by_key);
}

static const struct choice *choice_of(const struct church *c,
                                      const struct model_pref *prefs,
                                      size_t n_prefs,
                                      const struct model_mailbox *mb)
{
    static const struct choice nothing;
    if (prefs) {
        for (size_t i = 0; i < n_prefs; i++)
            if (strcasecmp(prefs[i].email, mb->address) == 0)
                return &prefs[i].choice;
        return &nothing;
    }
    for (size_t i = 0; i < c->choices.n; i++)
        if (c->choices.v[i].person_id == mb->person_id)
            return &c->choices.v[i];
    return &nothing;
}

/* NULL with *why set when the person's mailbox cannot be synced. */
static const char *address_of(struct work *w, const struct person *p, const char **why)
{
    const char *email = model_text(w->m->arena, p->email, 255),
               *at = email ? strrchr(email, '@') : NULL;
    *why = NULL;
    if (!email)
        *why = "no address";
    else if (!at || strcasecmp(at + 1, w->c->domain) != 0)
        *why = "address outside the domain";
    for (size_t i = 0; !*why && i < w->m->n_mailboxes; i++)
        if (strcasecmp(w->m->mailboxes[i].address, email) == 0)
            *why = "address of another user";
    return *why ? NULL : email;
}

static int by_id(const void *a, const void *b)
{
    int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return (x > y) - (x < y);
}

static void find_mailboxes(struct work *w)
{
    struct model *m = w->m;
    vec(int32_t) users = {0};
    struct group_member *gm = NULL;
    if (group_counts(church_row(w->c, TABLE_GROUP, w->c->known.eligible_group)))
        church_each_by(w->c, TABLE_GROUP_MEMBER, group_member, group_id, w->c->known.eligible_group,
                       gm)
        {
            if (member_counts(w->c, gm))
                vec_push(&users, gm->person_id);
        }
    if (users.n)
        qsort(users.v, users.n, sizeof(*users.v), by_id);
    m->mailboxes = arena_alloc(m->arena, (users.n + 1) * sizeof(*m->mailboxes));
    m->skipped = arena_alloc(m->arena, (users.n + 1) * sizeof(*m->skipped));
    for (size_t i = 0; i < users.n; i++) {
        if (i > 0 && users.v[i] == users.v[i - 1])
            continue; /* a member in two roles */
        const char *why, *address = address_of(w, church_row(w->c, TABLE_PERSON, users.v[i]), &why);
        if (address)
            m->mailboxes[m->n_mailboxes++] =
                (struct model_mailbox){.address = address, .person_id = users.v[i]};
        else
            m->skipped[m->n_skipped++] = (struct model_skipped){users.v[i], why};
    }
    vec_release(&users);
}

struct model *
model_new(struct church *c, const struct model_pref *prefs, size_t n_prefs, const char *only)
{
    struct model *m = xalloc(sizeof(*m));
    m->arena = arena_new("model", ARENA_MAX);
    struct work w = {.c = c, .m = m};
    w.reasons = xalloc(((size_t)c->table[TABLE_PERSON].next_id + 1) * sizeof(*w.reasons));
    find_staff(&w);
    find_mailboxes(&w);
    size_t kept = 0;
    for (size_t i = 0; i < m->n_mailboxes; i++) {
        struct model_mailbox mb = m->mailboxes[i];
        if (only && strcasecmp(only, mb.address) != 0)
            continue;
        fill_mailbox(&w, &mb, choice_of(c, prefs, n_prefs, &mb));
        m->mailboxes[kept++] = mb;
    }
    m->n_mailboxes = kept;
    vec_release(&w.staff);
    vec_release(&w.wanted);
    free(w.reasons);
    return m;
}

void model_free(struct model *m)
{
    if (!m)
        return;
    arena_free(m->arena);
    free(m);
}
