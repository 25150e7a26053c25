/* The model over HTTP: expected mailboxes, the users' choices, one person's card. */
#include <string.h>

#include "common/base/digest.h"

#include "tests/sim/rock/control_p.h"
#include "tests/sim/rock/entities.h"
#include "tests/sim/rock/mutate.h"
#include "tests/sim/rock/photo.h"

#define CARD_MAX ((size_t)64 << 20)

static void put_member(struct str *out, const char *name, const char *value)
{
    str_putc(out, ',');
    entity_json_text(out, name);
    str_putc(out, ':');
    entity_json_text(out, value);
}

/* The sum of the picture as a client gets it that asks for a small JPEG; null: it gets none. */
static void put_photo(struct control_call *call, int32_t person_id, struct str *out)
{
    const struct person *p = church_row(call->church, TABLE_PERSON, person_id);
    const struct binary_file *f =
        p->photo_id == NULL_INT ? NULL : church_row(call->church, TABLE_BINARY_FILE, p->photo_id);
    bool there = f && !f->needs_login && !call->sim->api.images_need_login &&
                 (f->picture == PICTURE_JPEG || f->picture == PICTURE_PNG);
    struct sha256 sum;
    char hex[65];
    if (!there) {
        str_puts(out, ",\"photo\":null");
        return;
    }
    autovalue(str_release) struct str jpeg = STR_INIT(1 << 20);
    photo_file(f, true, true, &jpeg);
    sha256_of(jpeg.p, jpeg.n, &sum);
    hex_encode(sum.b, sizeof(sum.b), hex);
    put_member(out, "photo", hex);
}

static void put_fields(struct control_call *call, int32_t person_id, struct str *out)
{
    if (api_query_get(&call->query, "photos"))
        put_photo(call, person_id, out);
    autoptr(arena_free) struct arena *a =
        arena_new("card", CARD_MAX); /* of its own: there may be millions */
    struct model_card card;
    model_card(call->church, person_id, a, &card);
    for (int f = 0; f < FIELD_COUNT; f++)
        if (card.value[f])
            put_member(out, model_field_names[f], card.value[f]);
}

static void put_key(struct str *out, const struct guid *key)
{
    char text[GUID_TEXT];
    str_addf(out, "\"%s\"", guid_format(key, text));
}

static void put_item(struct control_call *call,
                     const struct model_item *item,
                     bool with_fields,
                     struct str *out)
{
    str_puts(out, "\n{\"key\":");
    put_key(out, &item->key);
    str_puts(out, ",\"categories\":[");
    for (size_t i = 0; i < item->n_categories; i++) {
        if (i)
            str_putc(out, ',');
        entity_json_text(out, item->categories[i]);
    }
    str_putc(out, ']');
    if (with_fields)
        put_fields(call, item->person_id, out);
    str_putc(out, '}');
}

static void
put_mailboxes(struct control_call *call, const struct model *m, bool with_fields, struct str *out)
{
    for (size_t i = 0; i < m->n_mailboxes; i++) {
        const struct model_mailbox *mb = &m->mailboxes[i];
        str_puts(out, i ? ",\n" : "\n");
        entity_json_text(out, mb->address);
        str_puts(out, ":[");
        for (size_t k = 0; k < mb->n_items; k++) {
            if (k)
                str_putc(out, ',');
            put_item(call, &mb->items[k], with_fields, out);
        }
        str_putc(out, ']');
    }
}

/* shape=shared: each person's fields once, under "people" by key. */
static void put_people(struct control_call *call, const struct model *m, struct str *out)
{
    bool *seen = arena_alloc(call->arena, (size_t)call->church->table[TABLE_PERSON].next_id + 1);
    bool any = false;
    for (size_t i = 0; i < m->n_mailboxes; i++) {
        for (size_t k = 0; k < m->mailboxes[i].n_items; k++) {
            const struct model_item *item = &m->mailboxes[i].items[k];
            if (seen[item->person_id])
                continue;
            seen[item->person_id] = true;
            str_puts(out, any ? ",\n" : "\n");
            any = true;
            put_key(out, &item->key);
            str_puts(out, ":{\"key\":");
            put_key(out, &item->key);
            put_fields(call, item->person_id, out);
            str_putc(out, '}');
        }
    }
}

static void put_skipped(const struct model *m, struct str *out)
{
    for (size_t i = 0; i < m->n_skipped; i++)
        str_addf(out, "%s{\"person\":%d,\"why\":\"%s\"}", i ? "," : "", m->skipped[i].person_id,
                 m->skipped[i].why);
}

void control_expected(struct control_call *call)
{
    struct model_pref *prefs = NULL;
    size_t n = 0;
    const char *shape = api_query_get(&call->query, "shape"),
               *only = api_query_get(&call->query, "mailbox");
    bool shared = shape && strcmp(shape, "shared") == 0;
    if (call->body && !control_read_prefs(call, call->body, &prefs, &n))
        return;
    autoptr(model_free) struct model *m = model_new(call->church, prefs, n, only);
    struct str *out = &call->ret->body;
    str_puts(out, "{\"mailboxes\":{");
    put_mailboxes(call, m, !shared, out);
    str_puts(out, "},\"skipped\":[");
    put_skipped(m, out);
    str_putc(out, ']');
    if (shared) {
        str_puts(out, ",\"people\":{");
        put_people(call, m, out);
        str_putc(out, '}');
    }
    str_puts(out, "}\n");
}

/* Users without an address cannot be named in a prefs file. */
void control_prefs(struct control_call *call)
{
    struct church *c = call->church;
    json_t *users = json_array();
    for (size_t i = 0; i < c->choices.n; i++) {
        const struct choice *ch = &c->choices.v[i];
        const struct person *p = church_row(c, TABLE_PERSON, ch->person_id);
        const char *email = p ? model_text(call->arena, p->email, 255) : NULL;
        if (!email)
            continue;
        json_t *groups = json_array();
        for (size_t k = 0; k < ch->n_groups; k++) {
            char text[GUID_TEXT];
            json_array_append_new(groups, json_string(guid_format(&ch->groups[k], text)));
        }
        json_array_append_new(users, json_pack("{s:s,s:b,s:b,s:o}", "email", email, "follow",
                                               ch->follow, "staff", ch->staff, "groups", groups));
    }
    control_json(call, 200, json_pack("{s:i,s:o}", "v", 1, "users", users));
}

static bool read_user(struct control_call *call, const json_t *user, struct model_pref *ret)
{
    const json_t *groups = json_object_get(user, "groups");
    size_t n = json_array_size(groups);
    struct guid *list = arena_alloc(call->arena, (n + 1) * sizeof(*list));
    for (size_t i = 0; i < n; i++) {
        const char *text = json_string_value(json_array_get(groups, i));
        if (!text || !guid_parse(text, &list[i]))
            return false;
    }
    ret->email = arena_strdup(call->arena, json_string_value(json_object_get(user, "email")));
    ret->choice = (struct choice){.follow = json_is_true(json_object_get(user, "follow")),
                                  .staff = json_is_true(json_object_get(user, "staff")),
                                  .groups = list,
                                  .n_groups = n};
    return ret->email && n <= MODEL_GROUPS_MAX;
}

bool control_read_prefs(struct control_call *call,
                        const json_t *file,
                        struct model_pref **ret,
                        size_t *n)
{
    const json_t *users = json_object_get(file, "users");
    if (!json_is_array(users)) {
        control_error(call, 400, "expected {\"v\":1,\"users\":[...]}");
        return false;
    }
    *n = json_array_size(users);
    *ret = arena_alloc(call->arena, (*n + 1) * sizeof(**ret));
    for (size_t i = 0; i < *n; i++) {
        if (!read_user(call, json_array_get(users, i), &(*ret)[i])) {
            control_error(call, 400, "a user needs email, and at most 62 groups that are Guids");
            return false;
        }
    }
    return true;
}

/* Users that the file does not name keep their choices; addresses that nobody has are refused. */
void control_set_prefs(struct control_call *call)
{
    struct model_pref *prefs;
    size_t n;
    if (!control_read_prefs(call, call->body, &prefs, &n))
        return;
    for (size_t i = 0; i < n; i++) {
        json_t *who = json_string(prefs[i].email);
        prefs[i].choice.person_id = control_find_person(call->church, who);
        json_decref(who);
        if (!prefs[i].choice.person_id) {
            control_error(call, 404, "no person has this address");
            return;
        }
        mutate_choice(call->church, &prefs[i].choice);
    }
    control_json(call, 200, json_pack("{s:b,s:I}", "ok", 1, "users", (json_int_t)n));
}

/* GET person?who=812: the card and the mailboxes that should hold it. */
void control_person(struct control_call *call)
{
    const char *who = api_query_get(&call->query, "who");
    char *end = NULL;
    long id = who ? strtol(who, &end, 10) : 0;
    json_t *name = who && *who && !*end ? json_integer(id) : json_string(who ? who : "");
    int32_t person = control_find_person(call->church, name);
    json_decref(name);
    if (!person) {
        control_error(call, 404, "no such person");
        return;
    }
    struct str *out = &call->ret->body;
    str_addf(out, "{\"person\":%d", person);
    put_fields(call, person, out);
    str_puts(out, ",\"mailboxes\":[");
    autoptr(model_free) struct model *m = model_new(call->church, NULL, 0, NULL);
    bool any = false;
    for (size_t i = 0; i < m->n_mailboxes; i++) {
        for (size_t k = 0; k < m->mailboxes[i].n_items; k++) {
            if (m->mailboxes[i].items[k].person_id != person)
                continue;
            if (any)
                str_putc(out, ',');
            any = true;
            entity_json_text(out, m->mailboxes[i].address);
        }
    }
    str_puts(out, "]}\n");
}
