/* POST /control/change: one act of mutate.h, named in JSON. */
#include <string.h>
#include <strings.h>

#include "tests/sim/rock/control_p.h"
#include "tests/sim/rock/mutate.h"

static int32_t person_by_email(struct church *c, const char *email)
{
    struct person *p = NULL;
    church_each(c, TABLE_PERSON, p)
    {
        if (p->email && strcasecmp(p->email, email) == 0)
            return p->row.id;
    }
    return 0;
}

int32_t control_find_person(struct church *c, const json_t *who)
{
    if (json_is_integer(who)) {
        const struct person *p = church_row(c, TABLE_PERSON, (int32_t)json_integer_value(who));
        return p ? p->row.id : 0;
    }
    const char *text = json_string_value(who);
    if (!text)
        return 0;
    const struct person_alias *a = church_by_guid(c, TABLE_PERSON_ALIAS, text);
    return a ? a->person_id : person_by_email(c, text);
}

static const struct group *
group_by_name(struct church *c, const char *name, int (*compare)(const char *, const char *))
{
    struct group *g = NULL;
    church_each(c, TABLE_GROUP, g)
    {
        if (g->name && compare(g->name, name) == 0)
            return g;
    }
    return NULL;
}

int32_t control_find_group(struct church *c, const json_t *which)
{
    const char *text = json_string_value(which);
    const struct group *g = NULL;
    if (json_is_integer(which))
        g = church_row(c, TABLE_GROUP, (int32_t)json_integer_value(which));
    else if (text)
        g = church_by_guid(c, TABLE_GROUP, text);
    if (!g && text)
        g = group_by_name(c, text, strcmp);
    if (!g && text)
        g = group_by_name(c, text, strcasecmp);
    return g ? g->row.id : 0;
}

const char *control_label(struct church *c, struct arena *a, int32_t person_id)
{
    const struct person *p = church_row(c, TABLE_PERSON, person_id);
    struct model_card card;
    if (!p)
        return arena_printf(a, "(%d)", person_id);
    model_card(c, person_id, a, &card);
    const char *name = card.value[FIELD_FILE_AS];
    return arena_printf(a, "%s (%d)", name ? name : "?", person_id);
}

struct act { /* arguments of one change, read by name */
    struct church *c;
    const json_t *body;
    int32_t person, group;
};

static const char *text_of(const struct act *a, const char *key)
{
    return json_string_value(json_object_get(a->body, key));
}

static int32_t person_of(const struct act *a, const char *key)
{
    return control_find_person(a->c, json_object_get(a->body, key));
}

static int32_t phone_type(const struct act *a)
{
    const char *type = text_of(a, "type");
    const struct church_known *k = &a->c->known;
    if (type && strcasecmp(type, "home") == 0)
        return k->home_phone;
    return type && strcasecmp(type, "work") == 0 ? k->work_phone : k->mobile;
}

static bool act_set_phone(const struct act *a)
{
    const char *number = text_of(a, "number");
    return number && mutate_set_phone(a->c, a->person, phone_type(a), number) > 0;
}
static bool act_clear_phone(const struct act *a)
{
    return mutate_clear_phone(a->c, a->person, phone_type(a));
}
static bool act_join(const struct act *a)
{
    return mutate_join(a->c, a->group, a->person);
}
static bool act_leave(const struct act *a)
{
    const char *how = text_of(a, "how");
    enum leave_how leave = how && strcmp(how, "archive") == 0    ? LEAVE_ARCHIVE
                           : how && strcmp(how, "inactive") == 0 ? LEAVE_INACTIVE
                                                                 : LEAVE_DELETE;
    return mutate_leave(a->c, a->group, a->person, leave);
}
static bool act_follow(const struct act *a)
{
    return mutate_follow(a->c, person_of(a, "user"), a->person);
}
static bool act_unfollow(const struct act *a)
{
    return mutate_unfollow(a->c, person_of(a, "user"), a->person);
}
static bool act_merge(const struct act *a)
{
    return mutate_merge(a->c, a->person, person_of(a, "into"));
}
static bool act_delete(const struct act *a)
{
    return mutate_delete_person(a->c, a->person);
}
static bool act_deceased(const struct act *a)
{
    return mutate_deceased(a->c, a->person, !json_is_false(json_object_get(a->body, "value")));
}
static bool act_not_eligible(const struct act *a)
{
    return mutate_leave(a->c, a->c->known.eligible_group, a->person, LEAVE_DELETE);
}
static bool act_eligible(const struct act *a)
{
    return mutate_join(a->c, a->c->known.eligible_group, a->person);
}
static bool act_text(const struct act *a)
{
    const char *field = text_of(a, "field");
    return field && mutate_person_text(a->c, a->person, field, text_of(a, "value"));
}
static bool act_email(const struct act *a)
{
    return mutate_person_text(a->c, a->person, "Email", text_of(a, "value"));
}
static bool act_employer(const struct act *a)
{
    return mutate_attribute(a->c, a->person, a->c->known.employer, text_of(a, "value"));
}
static bool act_position(const struct act *a)
{
    return mutate_attribute(a->c, a->person, a->c->known.position, text_of(a, "value"));
}
static bool act_attribute(const struct act *a)
{
    const char *key = text_of(a, "key");
    return key &&
           mutate_attribute(a->c, a->person, mutate_attribute_key(a->c, key), text_of(a, "value"));
}
static bool act_add_phone(const struct act *a)
{
    const char *type = text_of(a, "type");
    const struct phone_number like = {.type_id = type ? mutate_phone_type(a->c, type) : NULL_INT,
                                      .country_code = text_of(a, "country_code"),
                                      .number = text_of(a, "number"),
                                      .formatted = text_of(a, "formatted"),
                                      .extension = text_of(a, "extension"),
                                      .is_unlisted =
                                          json_is_true(json_object_get(a->body, "unlisted"))};
    return like.number && mutate_add_phone(a->c, a->person, &like) > 0;
}
static bool act_clear_phones(const struct act *a)
{
    const char *type = text_of(a, "type");
    mutate_clear_phones(a->c, a->person, type ? mutate_phone_type(a->c, type) : 0);
    return true;
}
static bool act_rename_group(const struct act *a)
{
    const char *name = text_of(a, "name");
    return name && mutate_rename_group(a->c, a->group, name);
}
static bool act_group_state(const struct act *a)
{
    return mutate_group_state(a->c, a->group, !json_is_false(json_object_get(a->body, "active")),
                              json_is_true(json_object_get(a->body, "archived")));
}

static bool act_photo(const struct act *a)
{
    static const struct {
        const char *how;
        enum picture picture;
        bool needs_login;
    } ways[] = {{"new", PICTURE_JPEG, false},
                {"png", PICTURE_PNG, false},
                {"huge", PICTURE_HUGE, false},
                {"text", PICTURE_TEXT, false},
                {"login", PICTURE_JPEG, true}};
    const char *how = text_of(a, "how") ? text_of(a, "how") : "new";
    const json_t *bytes = json_object_get(a->body, "bytes");
    int32_t n = json_is_integer(bytes) ? (int32_t)json_integer_value(bytes) : 9000;
    if (strcmp(how, "none") == 0)
        return mutate_no_photo(a->c, a->person);
    if (strcmp(how, "lost") == 0)
        return mutate_lose_photo(a->c, a->person);
    for (size_t i = 0; i < ARRAY_LEN(ways); i++)
        if (strcmp(how, ways[i].how) == 0)
            return mutate_photo(a->c, a->person, ways[i].picture, n, ways[i].needs_login) > 0;
    return false;
}

static const struct {
    const char *act;
    bool person, group; /* what it needs */
    bool (*run)(const struct act *a);
} acts[] = {
    {"set_phone", true, false, act_set_phone},
    {"clear_phone", true, false, act_clear_phone},
    {"add_phone", true, false, act_add_phone},
    {"clear_phones", true, false, act_clear_phones},
    {"attribute", true, false, act_attribute},
    {"join", true, true, act_join},
    {"leave", true, true, act_leave},
    {"follow", true, false, act_follow},
    {"unfollow", true, false, act_unfollow},
    {"merge", true, false, act_merge},
    {"delete", true, false, act_delete},
    {"deceased", true, false, act_deceased},
    {"not_eligible", true, false, act_not_eligible},
    {"eligible", true, false, act_eligible},
    {"text", true, false, act_text},
    {"email", true, false, act_email},
    {"employer", true, false, act_employer},
    {"position", true, false, act_position},
    {"photo", true, false, act_photo},
    {"rename_group", false, true, act_rename_group},
    {"group_state", false, true, act_group_state},
};

void control_change(struct control_call *call)
{
    struct act a = {.c = call->church, .body = call->body};
    const char *name = text_of(&a, "act");
    a.person = person_of(&a, "person");
    a.group = control_find_group(a.c, json_object_get(a.body, "group"));
    for (size_t i = 0; name && i < ARRAY_LEN(acts); i++) {
        if (strcmp(acts[i].act, name) != 0)
            continue;
        if ((acts[i].person && !a.person) || (acts[i].group && !a.group))
            control_error(call, 404,
                          acts[i].person && !a.person ? "no such person" : "no such group");
        else if (!acts[i].run(&a))
            control_error(call, 409, "nothing to change");
        else
            control_json(call, 200,
                         json_pack("{s:b,s:s,s:i,s:i}", "ok", 1, "act", name, "person", a.person,
                                   "group", a.group));
        return;
    }
    control_error(call, 400, "unknown act");
}
