#include "producer/rock/rock_decode.h"

#include <stdio.h>
#include <string.h>

#include "common/base/arena.h"
#include "common/base/text.h"

const char *rock_decode_text(const struct js *o, const char *key, struct arena *a)
{
    const char *s = js_str_opt(o, key);

    if (!s)
        return NULL;
    size_t n = strlen(s);
    if (n > ROCK_TEXT_MAX) {
        js_fail(o, key, "a text of %zu bytes, more than the %d allowed", n, ROCK_TEXT_MAX);
        return NULL;
    }
    return arena_strndup(a, s, n);
}

int64_t rock_decode_id(const struct js *o, const char *key)
{
    return js_int(o, key, 1, INT32_MAX);
}

int64_t rock_decode_id_opt(const struct js *o, const char *key)
{
    int64_t id = 0;

    js_int_opt(o, key, 1, INT32_MAX, &id);
    return id;
}

/* ---- pages ---- */

/* What an exception handler appends when a row could not be written. */
static bool is_error(const struct js *row)
{
    return json_is_object(row->v) && !json_object_get(row->v, "Id") &&
           json_object_get(row->v, "Message");
}

static void one_row(const struct js *row, rock_row fn, void *user, struct rock_rows *rows)
{
    if (is_error(row)) {
        js_fail(row, NULL, "an error message stands where a row should be");
        return;
    }
    int64_t id = rock_decode_id(row, "Id");
    if (!js_failed(row) && id <= rows->last)
        js_fail(row, "Id", "the rows are not in the order that was asked for");
    if (js_failed(row))
        return;
    fn(row, id, user);
    rows->last = id;
    rows->n++;
}

int rock_decode_page(const char *body,
                     size_t n,
                     int64_t after,
                     rock_row fn,
                     void *user,
                     struct rock_rows *ret,
                     struct err *err)
{
    struct rock_rows rows = {.last = after};
    bool failed;
    json_t *doc = js_parse(body, n, ROCK_BODY_MAX, err);

    if (!doc)
        return -1;
    struct js list = js_root(doc, err, &failed);
    if (!json_is_array(doc))
        js_fail(&list, NULL, "expected a list, found something else");
    size_t len = js_len(&list);
    for (size_t i = 0; i < len && !failed; i++) {
        struct js row = js_at(&list, i);
        one_row(&row, fn, user, &rows);
    }
    json_decref(doc);
    if (failed)
        return -1;
    *ret = rows;
    return 0;
}

void rock_decode_message(const char *body, size_t n, char *out, size_t size)
{
    struct err ignored;
    bool failed;
    json_t *doc = js_parse(body, n, 64 << 10, &ignored);
    struct js o = js_root(doc, &ignored, &failed);
    const char *s = json_is_object(doc) ? js_str_opt(&o, "Message") : NULL;
    size_t k = s ? text_cut(s, strlen(s), size - 1) : 0;

    for (size_t i = 0; i < k; i++)
        out[i] = (unsigned char)s[i] < 0x20 || s[i] == 0x7f ? ' ' : s[i];
    out[k] = '\0';
    json_decref(doc);
}

/* ---- rows ---- */

void rock_decode_lookup(const struct js *row,
                        int64_t id,
                        const char *name_key,
                        struct arena *a,
                        struct rock_lookup *ret)
{
    const char *name = rock_decode_text(row, name_key, a);

    *ret = (struct rock_lookup){.id = id, .name = name ? name : ""};
    js_guid(row, "Guid", &ret->guid);
}

void rock_decode_group(const struct js *row, int64_t id, struct arena *a, struct rock_group *ret)
{
    const char *name = rock_decode_text(row, "Name", a);

    *ret = (struct rock_group){.id = id,
                               .type = rock_decode_id(row, "GroupTypeId"),
                               .name = name ? name : "",
                               .active = js_bool(row, "IsActive"),
                               .archived = js_bool_opt(row, "IsArchived", false),
                               .security_role = js_bool(row, "IsSecurityRole")};
    js_guid(row, "Guid", &ret->guid);
}

void rock_decode_member(const struct js *row, int64_t id, struct rock_member *ret)
{
    *ret = (struct rock_member){.id = id,
                                .group = rock_decode_id(row, "GroupId"),
                                .person = rock_decode_id(row, "PersonId"),
                                .role = rock_decode_id(row, "GroupRoleId"),
                                .order = INT64_MAX,
                                .status = js_int(row, "GroupMemberStatus", INT32_MIN, INT32_MAX),
                                .archived = js_bool_opt(row, "IsArchived", false)};
    js_int_opt(row, "GroupOrder", INT32_MIN, INT32_MAX, &ret->order);
}

bool rock_decode_active(const struct js *row, const struct rock_member *m)
{
    if (js_failed(row))
        return false;
    if (m->status < ROCK_MEMBER_INACTIVE || m->status > ROCK_MEMBER_PENDING)
        js_fail(row, "GroupMemberStatus", "unknown status %lld", (long long)m->status);
    return m->status == ROCK_MEMBER_ACTIVE && !m->archived;
}

void rock_decode_alias(const struct js *row, int64_t id, struct rock_alias *ret)
{
    *ret = (struct rock_alias){.id = id,
                               .person = rock_decode_id(row, "PersonId"),
                               .of = rock_decode_id_opt(row, "AliasPersonId")};
    js_guid(row, "Guid", &ret->guid);
}

void rock_decode_following(const struct js *row, int64_t id, struct rock_following *ret)
{
    struct js follower = js_object(row, "PersonAlias");
    const char *purpose = js_str_opt(row, "PurposeKey");

    *ret = (struct rock_following){.id = id,
                                   .entity_type = rock_decode_id(row, "EntityTypeId"),
                                   .entity = js_int(row, "EntityId", 0, INT32_MAX),
                                   .follower = rock_decode_id(&follower, "PersonId"),
                                   .plain = !purpose || !*purpose};
}

void rock_decode_value(const struct js *row, int64_t id, struct rock_value *ret)
{
    *ret = (struct rock_value){.id = id,
                               .attribute = rock_decode_id(row, "AttributeId"),
                               .text = js_str_opt(row, "Value")};
    js_int_opt(row, "EntityId", 0, INT32_MAX, &ret->entity);
    if (ret->text && strlen(ret->text) > ROCK_TEXT_MAX)
        js_fail(row, "Value", "a text longer than the %d bytes allowed", ROCK_TEXT_MAX);
}

void rock_decode_place(const struct js *row, int64_t id, struct arena *a, struct rock_place *ret)
{
    struct js l = js_object(row, "Location");

    *ret = (struct rock_place){.group = rock_decode_id(row, "GroupId"),
                               .id = id,
                               .type = rock_decode_id_opt(row, "GroupLocationTypeValueId"),
                               .address = {.street1 = rock_decode_text(&l, "Street1", a),
                                           .street2 = rock_decode_text(&l, "Street2", a),
                                           .city = rock_decode_text(&l, "City", a),
                                           .state = rock_decode_text(&l, "State", a),
                                           .postal = rock_decode_text(&l, "PostalCode", a),
                                           .country = rock_decode_text(&l, "Country", a)}};
}
