#include "tests/sim/exchange/sx_flat.h"

#include <stdio.h>
#include <string.h>

#include "common/base/str.h"
#include "common/base/tm.h"

#include "tests/sim/exchange/sx_fields.h"
#include "tests/sim/exchange/sx_store.h"

bool sx_flat_name(uint32_t code, char out[64])
{
    int field = SX_CODE_FIELD(code), key = SX_CODE_KEY(code), sub = SX_CODE_SUB(code);
    const struct sx_field *f = sx_field_at(field);
    const char *key_name = sx_field_key_name(field, key);
    if (f->kind == SX_LIST || (f->kind != SX_ADDRESSES && sub != 0))
        return false;
    if (f->kind == SX_ADDRESSES)
        snprintf(out, 64, "%s%s", key_name, sx_address_part_name(sub));
    else
        snprintf(out, 64, "%s", key_name ? key_name : f->name);
    return true;
}

/* The inverse. */
static bool code_of(const char *name, uint32_t *ret)
{
    static const char *const dictionaries[] = {"EmailAddresses", "PhoneNumbers", "ImAddresses"};
    int field = sx_field_by_name(name);
    if (field != SX_NO_FIELD) {
        enum sx_kind kind = sx_field_at(field)->kind;
        *ret = SX_CODE(field, 0, 0);
        return kind == SX_TEXT || kind == SX_BODY || kind == SX_DATE || kind == SX_ENUM ||
               kind == SX_BOOL || kind == SX_INT;
    }
    for (size_t i = 0; i < ARRAY_LEN(dictionaries); i++) {
        field = sx_field_by_name(dictionaries[i]);
        int key = sx_field_key(field, name);
        *ret = SX_CODE(field, key, 0);
        if (key >= 0)
            return true;
    }
    field = sx_field_by_name("PhysicalAddresses");
    for (int key = 0; sx_field_key_name(field, key); key++) {
        size_t n = strlen(sx_field_key_name(field, key));
        int sub =
            strncmp(name, sx_field_key_name(field, key), n) == 0 ? sx_address_part(name + n) : -1;
        *ret = SX_CODE(field, key, sub);
        if (sub >= 0)
            return true;
    }
    return false;
}

json_t *sx_flat_fields(const struct sx_content *c)
{
    json_t *o = json_object();
    char name[64];
    sx_foreach(v, &c->values)
    {
        if (!sx_flat_name(v->code, name))
            continue;
        bool date = sx_field_at(SX_CODE_FIELD(v->code))->kind == SX_DATE;
        json_object_set_new(o, name, json_stringn(v->text, date ? 10 : strlen(v->text)));
    }
    const char *title = sx_content_extended(c, SX_TITLE_TAG);
    if (title)
        json_object_set_new(o, "Title", json_string(title));
    return o;
}

json_t *sx_flat_categories(const struct sx_content *c)
{
    json_t *list = json_array();
    size_t first, end;
    sx_content_range(c, sx_field_by_name("Categories"), &first, &end);
    for (; first < end; first++)
        json_array_append_new(list, json_string(c->values.v[first].text));
    return list;
}

static json_t *date(int64_t ms)
{
    char text[TM_TEXT];
    return json_string(tm_format_utc(ms, text));
}

static bool is_foreign(const struct sx_item *it)
{
    sx_foreach(f, &it->folder->mailbox->foreign)
    {
        if (f->serial == it->serial)
            return true;
    }
    return false;
}

/* Dates as they were written: a day is an instant, shown in the zone of who looks. */
static json_t *instants(const struct sx_content *c)
{
    json_t *o = json_object();
    char name[64];
    sx_foreach(v, &c->values)
    {
        if (sx_field_at(SX_CODE_FIELD(v->code))->kind == SX_DATE && sx_flat_name(v->code, name))
            json_object_set_new(o, name, json_string(v->text));
    }
    return o;
}

json_t *sx_flat_item(const struct sx_item *it)
{
    char change_key[SX_CHANGE_KEY];
    const char *key = sx_item_key(it), *hash = sx_content_extended(&it->content, SX_HASH_PROPERTY);
    json_t *extended = json_object();
    sx_item_change_key(it, change_key);
    sx_foreach(x, &it->content.extended) json_object_set_new(extended, x->id, json_string(x->text));
    json_t *o = json_pack(
        "{s:s, s:s, s:s, s:I, s:I, s:b}", "id", it->id, "change_key", change_key, "folder",
        it->folder->distinguished ? it->folder->distinguished : it->folder->name, "serial",
        (json_int_t)it->serial, "version", (json_int_t)it->version, "foreign", is_foreign(it));
    json_object_set_new(o, "key", key ? json_string(key) : json_null());
    json_object_set_new(o, "hash", hash ? json_string(hash) : json_null());
    json_object_set_new(o, "created", date(it->created_ms));
    json_object_set_new(o, "changed", date(it->modified_ms));
    json_object_set_new(o, "fields", sx_flat_fields(&it->content));
    json_object_set_new(o, "categories", sx_flat_categories(&it->content));
    json_object_set_new(o, "extended", extended);
    json_object_set_new(o, "instants", instants(&it->content));
    json_object_set_new(o, "attachments", sx_attachments_json(it));
    char picture[65];
    json_object_set_new(o, "photo",
                        sx_item_picture(it, picture) ? json_string(picture) : json_null());
    return o;
}

static int wrong(struct err *err, const char *name, const char *what)
{
    return err_set(err, SCOPE_ITEM, WHEN_NEVER, "sim.control", "%s: %s", name, what);
}

static int set_categories(struct sx_content *c, const json_t *list, struct err *err)
{
    int field = sx_field_by_name("Categories");
    size_t i;
    json_t *one;
    if (!json_is_array(list) || json_array_size(list) > SX_MAX_LIST)
        return wrong(err, "categories", "a list of at most 200 texts");
    sx_content_clear_field(c, field);
    json_array_foreach(list, i, one)
    {
        if (!json_is_string(one))
            return wrong(err, "categories", "a list of texts");
        sx_content_set(c, SX_CODE(field, (int)i, 0), json_string_value(one));
    }
    return 0;
}

static int set_extended(struct sx_content *c, json_t *members, struct err *err)
{
    const char *id;
    json_t *value;
    if (!json_is_object(members))
        return wrong(err, "extended", "an object");
    json_object_foreach(members, id, value)
    {
        if (!json_is_string(value) && !json_is_null(value))
            return wrong(err, "extended", "texts or null");
        sx_content_set_extended(c, id, json_string_value(value));
    }
    return 0;
}

static int set_field(struct sx_content *c, const char *name, const char *text, struct err *err)
{
    uint32_t code;
    autovalue(str_release) struct str with_time = STR_INIT(64);
    if (!code_of(name, &code))
        return wrong(err, name, "unknown field");
    if (text && sx_field_at(SX_CODE_FIELD(code))->kind == SX_DATE && strlen(text) == 10) {
        str_addf(&with_time, "%sT11:59:00Z", text);
        text = with_time.p;
    }
    if (sx_field_at(SX_CODE_FIELD(code))->kind == SX_BODY)
        sx_content_set(c, code + 1, text ? "Text" : NULL);
    sx_content_set(c, code, text);
    return 0;
}

int sx_flat_set(struct sx_content *c, const json_t *members, const char *skip, struct err *err)
{
    static const struct {
        const char *name, *id;
    } properties[] = {
        {"key", SX_KEY_PROPERTY}, {"hash", SX_HASH_PROPERTY}, {"Title", SX_TITLE_TAG}};
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)members, name, value)
    {
        const char *text = json_string_value(value), *id = NULL;
        int r = 0;
        for (size_t i = 0; i < ARRAY_LEN(properties); i++)
            id = strcmp(properties[i].name, name) == 0 ? properties[i].id : id;
        if (sx_one_of(skip, name))
            continue;
        if (strcmp(name, "categories") == 0)
            r = set_categories(c, value, err);
        else if (strcmp(name, "extended") == 0)
            r = set_extended(c, value, err);
        else if (!text && !json_is_null(value))
            r = wrong(err, name, "a text or null");
        else if (id)
            sx_content_set_extended(c, id, text);
        else
            r = set_field(c, name, text, err);
        if (r < 0)
            return -1;
    }
    return 0;
}
