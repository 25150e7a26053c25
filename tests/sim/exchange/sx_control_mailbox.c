/*
 * Control API: mailboxes, their items, and what users do by hand.
 */
#include <string.h>

#include "common/base/map.h"

#include "tests/sim/exchange/sx_control_p.h"
#include "tests/sim/exchange/sx_fields.h"
#include "tests/sim/exchange/sx_flat.h"
#include "tests/sim/exchange/sx_store.h"

static json_t *summary(const struct sx_mailbox *mb)
{
    struct sha256 sum;
    char hex[65];
    size_t items = 0, keyed = 0, pictures = 0, touched = sx_foreign_touched(mb, &sum);
    json_t *aliases = json_array();
    sx_foreach(f, &mb->folders)
    {
        items += sx_folder_is_live(*f) ? (*f)->items.n : 0;
        sx_foreach(it, &(*f)->items)
        {
            keyed += sx_folder_is_live(*f) && sx_item_key(*it);
            pictures += sx_folder_is_live(*f) && sx_item_has_picture(*it);
        }
    }
    sx_foreach(a, &mb->aliases) json_array_append_new(aliases, json_string(*a));
    hex_encode(sum.b, sizeof(sum.b), hex);
    json_t *o = json_pack(
        "{s:s, s:o, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:s, s:I, s:I, s:I}", "address", mb->address,
        "aliases", aliases, "contacts", (json_int_t)items, "keyed", (json_int_t)keyed, "deleted",
        (json_int_t)sx_folder_distinguished(mb, "deleteditems")->items.n, "recoverable",
        (json_int_t)sx_folder_distinguished(mb, "recoverableitemsdeletions")->items.n, "purged",
        (json_int_t)mb->purged, "foreign", (json_int_t)mb->foreign.n, "foreign_touched",
        (json_int_t)touched, "foreign_sum", hex, "in_flight", (json_int_t)mb->in_flight,
        "max_in_flight", (json_int_t)mb->max_in_flight, "calls", (json_int_t)mb->calls);
    json_object_set_new(o, "pictures", json_integer((json_int_t)pictures));
    json_object_set_new(o, "refuse", mb->refuse ? json_string(mb->refuse) : json_null());
    return o;
}

/* --- /control/mailboxes --- */

static int add_one(struct sx *x, json_t *one, json_int_t foreign, json_t **ret)
{
    const char *address = json_is_string(one) ? json_string_value(one)
                                              : json_string_value(json_object_get(one, "address"));
    json_t *aliases = json_object_get(one, "aliases"), *alias,
           *own = json_object_get(one, "foreign");
    size_t i;
    if (!address || !strchr(address, '@'))
        return sx_control_refuse(400, "an address is needed", ret);
    bool fresh = !sx_store_find(x->store, address);
    struct sx_mailbox *mb = sx_store_add(x->store, address);
    json_array_foreach(aliases, i, alias)
    {
        if (!json_is_string(alias) || !sx_store_add_alias(mb, json_string_value(alias)))
            return sx_control_refuse(409, "an alias is taken", ret);
    }
    if (fresh)
        sx_seed_foreign(x, mb, (size_t)(own ? json_integer_value(own) : foreign));
    return 200;
}

int sx_control_mailboxes(struct sx *x, const char *method, json_t *body, json_t **ret)
{
    json_t *own = json_object_get(body, "foreign");
    json_int_t foreign = own ? json_integer_value(own) : (json_int_t)x->foreign;
    json_t *list = json_object_get(body, "mailboxes"), *one;
    size_t i;
    if (strcmp(method, "POST") == 0) {
        if (!json_is_array(list) || foreign < 0 || foreign > 100000)
            return sx_control_refuse(
                400, "mailboxes: a list of addresses or objects; foreign: a number", ret);
        json_array_foreach(list, i, one)
        {
            int status = add_one(x, one, foreign, ret);
            if (status != 200)
                return status;
        }
    }
    json_t *all = json_array();
    for (i = 0; i < sx_store_count(x->store); i++)
        json_array_append_new(all, summary(sx_store_at(x->store, i)));
    *ret = json_pack("{s:o}", "mailboxes", all);
    return 200;
}

int sx_control_duplicates(struct sx *x, json_t **ret)
{
    json_t *list = json_array();
    for (size_t i = 0; i < sx_store_count(x->store); i++) {
        struct sx_mailbox *mb = sx_store_at(x->store, i);
        autoptr(map_free) struct map *count = map_new();
        sx_foreach(f, &mb->folders)
        {
            sx_foreach(it, &(*f)->items)
            {
                const char *key = sx_folder_is_live(*f) ? sx_item_key(*it) : NULL;
                if (key)
                    map_put(count, key, strlen(key), (char *)map_get(count, key, strlen(key)) + 1);
            }
        }
        map_foreach (c, count) {
            if ((uintptr_t)c.value > 1)
                json_array_append_new(list, json_pack("{s:s, s:s%, s:I}", "mailbox", mb->address,
                                                      "key", c.key, c.key_len, "count",
                                                      (json_int_t)(uintptr_t)c.value));
        }
    }
    *ret = json_pack("{s:o}", "duplicates", list);
    return 200;
}

int sx_control_foreign(struct sx *x, json_t **ret)
{
    size_t items = 0, touched = 0;
    json_t *list = json_array();
    for (size_t i = 0; i < sx_store_count(x->store); i++) {
        struct sx_mailbox *mb = sx_store_at(x->store, i);
        struct sha256 sum;
        size_t n = sx_foreign_touched(mb, &sum);
        items += mb->foreign.n;
        touched += n;
        if (n)
            json_array_append_new(list, json_string(mb->address));
    }
    *ret = json_pack("{s:I, s:I, s:o}", "foreign", (json_int_t)items, "touched",
                     (json_int_t)touched, "mailboxes", list);
    return 200;
}

/* --- one mailbox --- */

static json_t *items_json(const struct sx_mailbox *mb)
{
    json_t *list = json_array();
    sx_foreach(f, &mb->folders)
    {
        sx_foreach(it, &(*f)->items) json_array_append_new(list, sx_flat_item(*it));
    }
    return list;
}

static json_t *creates_json(const struct sx_mailbox *mb)
{
    json_t *o = json_object();
    map_foreach (c, mb->creates) {
        autofree char *key = xstrndup(c.key, c.key_len);
        json_object_set_new(o, key, json_integer((json_int_t)(uintptr_t)c.value));
    }
    return o;
}

static json_t *folders_json(const struct sx_mailbox *mb);

static int show(const struct sx_mailbox *mb, json_t **ret)
{
    *ret = summary(mb);
    json_object_set_new(*ret, "items", items_json(mb));
    json_object_set_new(*ret, "folders", folders_json(mb));
    json_object_set_new(*ret, "creates", creates_json(mb));
    return 200;
}

static int set_state(struct sx_mailbox *mb, json_t *body, json_t **ret)
{
    json_t *refuse = json_object_get(body, "refuse");
    if (refuse) {
        free(mb->refuse);
        mb->refuse = json_is_string(refuse) ? xstrdup(json_string_value(refuse)) : NULL;
    }
    *ret = summary(mb);
    return 200;
}

static struct sx_folder *folder_of(const struct sx_mailbox *mb, const char *name)
{
    struct sx_folder *f = sx_folder_distinguished(mb, name),
                     *contacts = sx_folder_distinguished(mb, "contacts");
    return f ? f : sx_folder_child(contacts, name);
}

/* A contact that the user makes by hand; foreign unless it carries our key. */
static int add_item(struct sx *x, struct sx_mailbox *mb, json_t *body, json_t **ret)
{
    autovalue(sx_content_release) struct sx_content content = {0};
    const char *name = json_string_value(json_object_get(body, "folder"));
    struct sx_folder *f = folder_of(mb, name ? name : "contacts");
    struct err err = {0};
    (void)x;
    if (!f)
        return sx_control_refuse(404, "no such folder", ret);
    if (sx_flat_set(&content, body, "folder", &err) < 0)
        return sx_control_refuse(400, err.text, ret);
    struct sx_item *it = sx_item_add(f, &content, sx_wall_ms(), false);
    if (!sx_item_key(it))
        sx_foreign_mark(it);
    *ret = sx_flat_item(it);
    return 200;
}

/* --- folders --- */

static json_t *folders_json(const struct sx_mailbox *mb)
{
    json_t *list = json_array();
    sx_foreach(f, &mb->folders)
    {
        json_array_append_new(list,
                              json_pack("{s:s, s:s, s:s, s:s?, s:I, s:b, s:b}", "id", (*f)->id,
                                        "name", (*f)->name, "class", (*f)->class_name, "parent",
                                        (*f)->parent ? (*f)->parent->name : NULL, "items",
                                        (json_int_t)(*f)->items.n, "deleted",
                                        sx_folder_in_trash(*f), "marked", (*f)->extended.n > 0));
    }
    return list;
}

static bool has_children(const struct sx_folder *f)
{
    sx_foreach(x, &f->mailbox->folders)
    {
        if ((*x)->parent == f)
            return true;
    }
    return false;
}

/* f: the folder of that name below Contacts, thrown: the one among the deleted items; NULL none. */
static bool act_on_folder(struct sx_mailbox *mb,
                          const char *action,
                          const char *name,
                          struct sx_folder *f,
                          struct sx_folder *thrown)
{
    struct sx_folder *contacts = sx_folder_distinguished(mb, "contacts");
    struct sx_folder *any = f ? f : thrown;
    if (strcmp(action, "make") == 0 && !f)
        sx_folder_add(contacts, name, "IPF.Contact");
    else if (strcmp(action, "trash") == 0 && f)
        sx_folder_move(f, sx_folder_distinguished(mb, "deleteditems"));
    else if (strcmp(action, "restore") == 0 && thrown && !f)
        sx_folder_move(thrown, contacts);
    else if (strcmp(action, "purge") == 0 && any && !has_children(any))
        sx_folder_remove(any);
    else
        return false;
    return true;
}

/* What a user does with a folder of their own below Contacts: makes it, throws it away, brings it
 * back, deletes it for good. */
static int folder_action(struct sx_mailbox *mb, json_t *body, json_t **ret)
{
    const char *name = json_string_value(json_object_get(body, "name")),
               *action = json_string_value(json_object_get(body, "action"));
    if (!name || !action)
        return sx_control_refuse(400, "a name and an action are needed", ret);
    if (!act_on_folder(mb, action, name,
                       sx_folder_child(sx_folder_distinguished(mb, "contacts"), name),
                       sx_folder_child(sx_folder_distinguished(mb, "deleteditems"), name)))
        return sx_control_refuse(409, "no such folder, or one too many", ret);
    *ret = json_pack("{s:o}", "folders", folders_json(mb));
    return 200;
}

/* --- actions --- */

void sx_delete(struct sx_item *it, const char *type)
{
    struct sx_mailbox *mb = it->folder->mailbox;
    struct sx_folder *trash = sx_folder_distinguished(mb, "deleteditems");
    if (strcmp(type, "HardDelete") == 0) {
        mb->purged++;
        sx_item_remove(it);
    } else if (strcmp(type, "MoveToDeletedItems") == 0 && it->folder != trash) {
        sx_item_move(it, trash, sx_wall_ms());
    } else {
        sx_item_move(it, sx_folder_distinguished(mb, "recoverableitemsdeletions"), sx_wall_ms());
    }
}

static void remember(struct sx_item *it, bool foreign)
{
    if (foreign)
        sx_foreign_mark(it);
}

static int act_move(struct sx_item *it, json_t *body, bool foreign)
{
    const char *to = json_string_value(json_object_get(body, "to"));
    struct sx_folder *f = to ? folder_of(it->folder->mailbox, to) : NULL;
    if (to && !f)
        f = sx_folder_add(sx_folder_distinguished(it->folder->mailbox, "contacts"), to,
                          "IPF.Contact");
    if (!f)
        return 400;
    sx_item_move(it, f, sx_wall_ms());
    remember(it, foreign);
    return 200;
}

static int act_delete(struct sx_item *it, json_t *body, bool foreign)
{
    const char *type = json_string_value(json_object_get(body, "type"));
    struct sx_mailbox *mb = it->folder->mailbox;
    uint64_t serial = it->serial;
    type = type ? type : "MoveToDeletedItems";
    if (!sx_one_of("HardDelete|SoftDelete|MoveToDeletedItems", type))
        return 400;
    sx_delete(it, type);
    struct sx_item *left = sx_item_by_serial(mb, serial);
    if (left)
        remember(left, foreign);
    else
        sx_foreign_forget(mb, serial);
    return 200;
}

static int act_edit(struct sx_item *it, json_t *body, bool foreign)
{
    autovalue(sx_content_release) struct sx_content content = {0};
    struct err err;
    sx_content_copy(&content, &it->content);
    if (sx_flat_set(&content, body, "action|select|all", &err) < 0)
        return 400;
    sx_item_replace(it, &content, sx_wall_ms());
    remember(it, foreign);
    return 200;
}

/* A copy carries every property, ours too: Outlook does the same. */
static int act_copy(struct sx *x, struct sx_item *it, json_t *body)
{
    struct sx_content content = {0};
    const char *other = json_string_value(json_object_get(body, "to_mailbox")),
               *to = json_string_value(json_object_get(body, "to"));
    struct sx_mailbox *mb = other ? sx_store_find(x->store, other) : it->folder->mailbox;
    struct sx_folder *f = mb ? folder_of(mb, to ? to : "contacts") : NULL;
    if (!f)
        return 404;
    sx_content_copy(&content, &it->content);
    struct sx_item *copy = sx_item_add(f, &content, sx_wall_ms(), false);
    sx_attachments_copy(copy, it);
    if (!sx_item_key(copy))
        sx_foreign_mark(copy);
    return 200;
}

/* The smallest thing that begins like a JPEG; the end says whose it is. */
static const char users_picture[] = "\xff\xd8\xff\xe0 the user's own \xff\xd9";

/* Outlook takes away the photo that is there and attaches another one under the same name; a client
 * that only attaches is `beside`. */
static int act_photo(struct sx_item *it, json_t *body, bool foreign)
{
    const char *text = json_string_value(json_object_get(body, "jpeg"));
    size_t n = text ? strlen(text) : 0;
    autofree uint8_t *bytes = xalloc(n + 1);
    long got = text ? base64_decode(text, n, bytes, n) : 0;
    if (got < 0)
        return 400;
    bool beside = json_is_true(json_object_get(body, "beside"));
    for (size_t i = it->attachments.n; i-- > 0;)
        if (it->attachments.v[i].photo && !beside)
            sx_attachment_remove(it, i, sx_wall_ms());
    const struct sx_attachment what = {.name = (char *)(uintptr_t) "ContactPicture.jpg",
                                       .content_type = (char *)(uintptr_t) "image/jpeg",
                                       .photo = true,
                                       .by_user = true};
    if (!json_is_true(json_object_get(body, "remove")))
        sx_attachment_add(it, &what, text ? (const void *)bytes : users_picture,
                          text ? (size_t)got : sizeof(users_picture) - 1, sx_wall_ms());
    remember(it, foreign);
    return 200;
}

static int act(struct sx *x, struct sx_item *it, json_t *body)
{
    const char *action = json_string_value(json_object_get(body, "action"));
    bool foreign = false;
    sx_foreach(f, &it->folder->mailbox->foreign) foreign |= f->serial == it->serial;
    if (action && strcmp(action, "move") == 0)
        return act_move(it, body, foreign);
    if (action && strcmp(action, "delete") == 0)
        return act_delete(it, body, foreign);
    if (action && strcmp(action, "edit") == 0)
        return act_edit(it, body, foreign);
    if (action && strcmp(action, "photo") == 0)
        return act_photo(it, body, foreign);
    if (action && strcmp(action, "copy") == 0)
        return act_copy(x, it, body);
    return 400;
}

static bool selected(const struct sx_item *it, const json_t *select)
{
    const char *key = json_string_value(json_object_get(select, "key")),
               *id = json_string_value(json_object_get(select, "id"));
    const char *name = json_string_value(json_object_get(select, "DisplayName")),
               *own = sx_item_key(it);
    const char *shown =
        sx_content_get(&it->content, SX_CODE(sx_field_by_name("DisplayName"), 0, 0));
    if (id)
        return strcmp(id, it->id) == 0;
    if (key)
        return own && strcmp(own, key) == 0;
    return name && shown && strcmp(name, shown) == 0;
}

/* {"action":..., "select":{"key"|"id"|"DisplayName":...}, "all":false, "from_trash":false, ...}: on
 * items of the contact folders, or of Deleted Items. */
static int actions(struct sx *x, struct sx_mailbox *mb, json_t *body, json_t **ret)
{
    json_t *select = json_object_get(body, "select");
    bool all = json_is_true(json_object_get(body, "all")),
         from_trash = json_is_true(json_object_get(body, "from_trash"));
    const struct sx_folder *trash = sx_folder_distinguished(mb, "deleteditems");
    vec(struct sx_item *) chosen = {0};
    int status = 404;
    sx_foreach(f, &mb->folders)
    {
        sx_foreach(it, &(*f)->items)
        {
            if (sx_folder_is_live(*f) != from_trash && selected(*it, select) &&
                (!from_trash || *f == trash) && (all || chosen.n == 0))
                vec_push(&chosen, *it);
        }
    }
    sx_foreach(it, &chosen) status = act(x, *it, body);
    size_t done = chosen.n;
    vec_release(&chosen);
    if (status != 200)
        return sx_control_refuse(status,
                                 status == 404 ? "nothing selected, or no such folder or mailbox"
                                               : "the action does not fit",
                                 ret);
    *ret = json_pack("{s:I}", "done", (json_int_t)done);
    return 200;
}

int sx_control_mailbox(
    struct sx *x, const char *method, const char *path, json_t *body, json_t **ret)
{
    size_t n = strcspn(path, "/");
    autofree char *address = xstrndup(path, n);
    const char *what = path[n] ? path + n + 1 : "";
    struct sx_mailbox *mb = sx_mailbox_for(x, address);
    bool post = strcmp(method, "POST") == 0;
    if (!mb)
        return sx_control_refuse(404, "no such mailbox", ret);
    if (!post)
        return *what ? sx_control_refuse(404, "no such path", ret) : show(mb, ret);
    if (!*what)
        return set_state(mb, body, ret);
    if (strcmp(what, "items") == 0)
        return add_item(x, mb, body, ret);
    if (strcmp(what, "actions") == 0)
        return actions(x, mb, body, ret);
    if (strcmp(what, "folders") == 0)
        return folder_action(mb, body, ret);
    if (strcmp(what, "foreign") == 0) {
        sx_seed_foreign(x, mb, (size_t)json_integer_value(json_object_get(body, "count")));
        *ret = summary(mb);
        return 200;
    }
    return sx_control_refuse(404, "no such path", ret);
}
