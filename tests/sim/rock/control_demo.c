/* Changes that a demonstration can show: each is picked so that at least one mailbox must change.
 */
#include <stdio.h>
#include <string.h>

#include "tests/sim/rock/control_p.h"
#include "tests/sim/rock/mutate.h"

struct pick {
    const char *act;
    int32_t person, other, group; /* other: the merge's survivor, or the user who unfollows */
    const char *text;
};

struct picker {
    struct church *c;
    struct arena *arena;
    const struct model *m;
    int32_t used[16]; /* people that an earlier change took */
    size_t n_used;
    uint64_t rng;
};

static bool is_free(const struct picker *pk, int32_t person)
{
    for (size_t i = 0; i < pk->n_used; i++)
        if (pk->used[i] == person)
            return false;
    for (size_t i = 0; i < pk->m->n_mailboxes;
         i++) /* users stay as they are: one change, one effect */
        if (pk->m->mailboxes[i].person_id == person)
            return false;
    return true;
}

static void use(struct picker *pk, int32_t person)
{
    if (pk->n_used < ARRAY_LEN(pk->used))
        pk->used[pk->n_used++] = person;
}

/* Calls test for each wanted contact until one fits; false when none does. */
static bool first_fit(struct picker *pk,
                      bool (*test)(struct picker *,
                                   const struct model_mailbox *,
                                   const struct model_item *,
                                   struct pick *),
                      struct pick *ret)
{
    for (size_t i = 0; i < pk->m->n_mailboxes; i++) {
        const struct model_mailbox *mb = &pk->m->mailboxes[i];
        for (size_t k = 0; k < mb->n_items; k++) {
            const struct model_item *item = &mb->items[k];
            if (is_free(pk, item->person_id) && test(pk, mb, item, ret)) {
                ret->person = item->person_id;
                use(pk, item->person_id);
                return true;
            }
        }
    }
    return false;
}

static bool has_mobile(struct picker *pk, const struct model_item *item)
{
    struct model_card card;
    model_card(pk->c, item->person_id, pk->arena, &card);
    const char *mobile = card.value[FIELD_MOBILE_PHONE];
    return mobile && mobile[0] == '+';
}

/* The first Mobile row is the one that shows. */
static bool first_is_listed(struct picker *pk, int32_t person)
{
    struct phone_number *p = NULL;
    church_each_by(pk->c, TABLE_PHONE_NUMBER, phone_number, person_id, person, p)
    {
        if (p->type_id == pk->c->known.mobile)
            return !p->is_unlisted;
    }
    return false;
}

static bool test_number(struct picker *pk,
                        const struct model_mailbox *mb,
                        const struct model_item *item,
                        struct pick *ret)
{
    (void)mb;
    (void)ret;
    return has_mobile(pk, item) && first_is_listed(pk, item->person_id);
}

static bool only_category(const struct model_item *item, const char *name)
{
    return item->n_categories == 1 && strcmp(item->categories[0], name) == 0;
}

/* A member whom this mailbox has for one group alone. */
static bool test_leave(struct picker *pk,
                       const struct model_mailbox *mb,
                       const struct model_item *item,
                       struct pick *ret)
{
    const struct choice *ch = mutate_find_choice(pk->c, mb->person_id);
    if (item->n_categories != 1 || !ch)
        return false;
    struct group_member *m = NULL;
    church_each_by(pk->c, TABLE_GROUP_MEMBER, group_member, person_id, item->person_id, m)
    {
        const struct group *g = church_row(pk->c, TABLE_GROUP, m->group_id);
        for (size_t i = 0; g && i < ch->n_groups; i++) {
            if (guid_cmp(&g->row.guid, &ch->groups[i]) == 0 && only_category(item, g->name)) {
                ret->group = g->row.id;
                return true;
            }
        }
    }
    return false;
}

static bool test_unfollow(struct picker *pk,
                          const struct model_mailbox *mb,
                          const struct model_item *item,
                          struct pick *ret)
{
    (void)pk;
    ret->other = mb->person_id;
    return only_category(item, "Following");
}

/* Two contacts of one mailbox that become one. */
static bool test_merge(struct picker *pk,
                       const struct model_mailbox *mb,
                       const struct model_item *item,
                       struct pick *ret)
{
    for (size_t k = 0; k < mb->n_items; k++) {
        int32_t other = mb->items[k].person_id;
        if (other == item->person_id || !is_free(pk, other))
            continue;
        const struct person *a = church_row(pk->c, TABLE_PERSON, item->person_id);
        const struct person *b = church_row(pk->c, TABLE_PERSON, other);
        if (a->record_type_id != b->record_type_id)
            continue;
        ret->other = other;
        use(pk, other);
        return true;
    }
    return false;
}

static const struct {
    const char *act, *text;
    bool (*test)(struct picker *,
                 const struct model_mailbox *,
                 const struct model_item *,
                 struct pick *);
} kinds[] = {
    {"set_phone", "new mobile number", test_number},
    {"clear_phone", "mobile number emptied", test_number},
    {"leave", "left a group", test_leave},
    {"merge", "merged into another record", test_merge},
    {"unfollow", "unfollowed", test_unfollow},
};

static void describe(struct picker *pk, size_t kind, struct pick *p)
{
    struct arena *a = pk->arena;
    const char *who = control_label(pk->c, a, p->person);
    p->act = kinds[kind].act;
    p->text = arena_printf(a, "%s: %s", who, kinds[kind].text);
    if (p->group) {
        const struct group *g = church_row(pk->c, TABLE_GROUP, p->group);
        p->text = arena_printf(a, "%s: left \"%s\"", who, g->name);
    } else if (p->other) {
        const char *other = control_label(pk->c, a, p->other);
        p->text = strcmp(p->act, "merge") == 0
                      ? arena_printf(a, "%s: merged into %s", who, other)
                      : arena_printf(a, "%s: no longer followed by %s", who, other);
    }
}

static void apply(struct picker *pk, const struct pick *p)
{
    char digits[16];
    if (strcmp(p->act, "set_phone") == 0) {
        snprintf(digits, sizeof(digits), "623555%04u", (unsigned)church_below(pk->c, 10000));
        mutate_set_phone(pk->c, p->person, pk->c->known.mobile, digits);
    } else if (strcmp(p->act, "clear_phone") == 0) {
        mutate_clear_phone(pk->c, p->person, pk->c->known.mobile);
    } else if (strcmp(p->act, "leave") == 0) {
        mutate_leave(pk->c, p->group, p->person, LEAVE_DELETE);
    } else if (strcmp(p->act, "merge") == 0) {
        mutate_merge(pk->c, p->person, p->other);
    } else {
        mutate_unfollow(pk->c, p->other, p->person);
    }
}

static json_t *pick_json(const struct pick *p)
{
    return json_pack("{s:s,s:i,s:i,s:i,s:s}", "act", p->act, "person", p->person, "other", p->other,
                     "group", p->group, "text", p->text);
}

static void pick_all(struct control_call *call, const char *only, bool do_it)
{
    struct church *c = call->church;
    autoptr(model_free) struct model *m = model_new(c, NULL, 0, NULL);
    struct picker pk = {.c = c, .arena = call->arena, .m = m};
    struct pick picks[ARRAY_LEN(kinds)];
    size_t n = 0;
    json_t *list = json_array();
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        struct pick p = {0};
        if (only && strcmp(only, kinds[i].act) != 0)
            continue;
        if (!first_fit(&pk, kinds[i].test, &p))
            continue;
        describe(&pk, i, &p);
        json_array_append_new(list, pick_json(&p));
        picks[n++] = p;
    }
    for (size_t i = 0; do_it && i < n; i++)
        apply(&pk, &picks[i]);
    control_json(call, 200, json_pack("{s:o}", "changes", list));
}

/* Body (optional): {"act":"merge"} = only this one. */
void control_demo_changes(struct control_call *call)
{
    pick_all(call, json_string_value(json_object_get(call->body, "act")), true);
}

/* GET pick?act=leave: who would be taken, without doing it. */
void control_pick(struct control_call *call)
{
    pick_all(call, api_query_get(&call->query, "act"), false);
}
