/*
 * CreateItem, UpdateItem, DeleteItem, GetItem, MoveItem.
 */
#include <string.h>

#include "tests/sim/exchange/sx_call.h"
#include "tests/sim/exchange/sx_p.h"
#include "tests/sim/exchange/sx_read.h"
#include "tests/sim/exchange/sx_shape.h"
#include "tests/sim/exchange/sx_store.h"

static bool item_answer(const struct sx_item *it, struct str *out)
{
    str_puts(out, "<m:Items><t:Contact>");
    sx_item_id_write(out, it);
    str_puts(out, "</t:Contact></m:Items>");
    return true;
}

static bool create_prepare(struct sx_call *c, struct sx_fail *fail)
{
    const xmlNode *target = sx_child(c->body, "SavedItemFolderId");
    c->folder = target ? sx_call_folder(c, sx_first(target), "ErrorFolderNotFound", fail)
                       : sx_folder_distinguished(c->mb, "contacts");
    if (!c->folder)
        return false;
    if (!sx_folder_is_contacts(c->folder))
        return sx_refuse(fail, "ErrorCannotCreateContactInNonContactFolder",
                         "Cannot create a contact in a folder of another kind.");
    return true;
}

static bool
create_one(struct sx_call *c, const xmlNode *item, struct str *out, struct sx_fail *fail)
{
    autovalue(sx_content_release) struct sx_content content = {0};
    if (!sx_read_contact(item, c->arena, &content, fail))
        return false;
    struct sx_item *it =
        sx_item_add(c->folder, &content, sx_wall_ms(), c->hit.kind == SX_FAULT_LONG_IDS);
    c->x->stats.created++;
    return item_answer(it, out);
}

/* @source UpdateItem ConflictResolution; ChangeKey rules */
static bool
change_key_fits(struct sx_call *c, const struct sx_item *it, const char *key, struct sx_fail *fail)
{
    const char *how = sx_attr(c->body, "ConflictResolution");
    bool never = strcmp(how, "NeverOverwrite") == 0;
    if (!key || !*key)
        return !never || sx_refuse(fail, "ErrorChangeKeyRequiredForWriteOperations",
                                   "The change key is required for this operation.");
    int64_t version = sx_item_key_version(it, key);
    if (version < 0)
        return sx_refuse(fail, "ErrorInvalidChangeKey", "The change key is invalid.");
    if (never && version != (int64_t)it->version)
        return sx_refuse(
            fail, c->x->settings.stale_code,
            "The send or update operation could not be performed because the change key "
            "passed in the request does not match the current change key for the item.");
    return true;
}

static bool
update_one(struct sx_call *c, const xmlNode *change, struct str *out, struct sx_fail *fail)
{
    autovalue(sx_content_release) struct sx_content content = {0};
    const xmlNode *id = sx_first(change);
    struct sx_item *it = sx_call_item(c, id, fail);
    if (!it || !change_key_fits(c, it, sx_attr(id, "ChangeKey"), fail))
        return false;
    sx_content_copy(&content, &it->content);
    if (!sx_read_updates(sx_child(change, "Updates"), c->arena, &content, fail))
        return false;
    sx_item_replace(it, &content, sx_wall_ms());
    c->x->stats.updated++;
    item_answer(it, out);
    str_puts(out, "<m:ConflictResults><t:Count>0</t:Count></m:ConflictResults>");
    return true;
}

static bool delete_one(struct sx_call *c, const xmlNode *id, struct str *out, struct sx_fail *fail)
{
    struct sx_item *it = sx_call_item(c, id, fail);
    if (!it)
        return false;
    (void)out;
    sx_delete(it, sx_attr(c->body, "DeleteType"));
    c->x->stats.deleted++;
    return true;
}

static bool shape_prepare(struct sx_call *c, struct sx_fail *fail)
{
    struct sx_shape *s = arena_alloc(c->arena, sizeof(*s));
    c->prepared = s;
    s->old = c->old;
    return sx_shape_read(sx_child(c->body, "ItemShape"), false, c->arena, s, fail);
}

static bool get_one(struct sx_call *c, const xmlNode *id, struct str *out, struct sx_fail *fail)
{
    struct sx_item *it = sx_call_item(c, id, fail);
    if (!it)
        return false;
    str_puts(out, "<m:Items>");
    sx_item_write(out, it, c->prepared);
    str_puts(out, "</m:Items>");
    return true;
}

static bool move_prepare(struct sx_call *c, struct sx_fail *fail)
{
    c->folder =
        sx_call_folder(c, sx_first(sx_child(c->body, "ToFolderId")), "ErrorToFolderNotFound", fail);
    return c->folder != NULL;
}

static bool move_one(struct sx_call *c, const xmlNode *id, struct str *out, struct sx_fail *fail)
{
    struct sx_item *it = sx_call_item(c, id, fail);
    if (!it)
        return false;
    sx_item_move(it, c->folder, sx_wall_ms());
    return item_answer(it, out);
}

const struct sx_op sx_item_ops[] = {
    {"CreateItem", "Items", "<m:Items/>", true, create_prepare, create_one},
    {"UpdateItem", "ItemChanges", "<m:Items/>", true, NULL, update_one},
    {"DeleteItem", "ItemIds", "", true, NULL, delete_one},
    {"GetItem", "ItemIds", "<m:Items/>", false, shape_prepare, get_one},
    {"MoveItem", "ItemIds", "<m:Items/>", true, move_prepare, move_one},
    {0},
};
