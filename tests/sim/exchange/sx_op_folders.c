/*
 * GetFolder, FindFolder, CreateFolder, and a ResolveNames that finds nobody (clients use it to ask
 * for the version).
 */
#include <stdlib.h>
#include <string.h>

#include "tests/sim/exchange/sx_call.h"
#include "tests/sim/exchange/sx_fields.h"
#include "tests/sim/exchange/sx_p.h"
#include "tests/sim/exchange/sx_search.h"
#include "tests/sim/exchange/sx_store.h"

enum { EXTENDED_MAX = 8 };

struct folder_shape {
    bool parent, class_name, name, total, children, rights, distinguished, unread;
    struct sx_path extended[EXTENDED_MAX];
    size_t n_extended;
};

static void want(struct folder_shape *s, const char *uri)
{
    s->parent |= strcmp(uri, "folder:ParentFolderId") == 0;
    s->class_name |= strcmp(uri, "folder:FolderClass") == 0;
    s->name |= strcmp(uri, "folder:DisplayName") == 0;
    s->total |= strcmp(uri, "folder:TotalCount") == 0;
    s->children |= strcmp(uri, "folder:ChildFolderCount") == 0;
    s->rights |= strcmp(uri, "folder:EffectiveRights") == 0;
    s->distinguished |= strcmp(uri, "folder:DistinguishedFolderId") == 0;
    s->unread |= strcmp(uri, "folder:UnreadCount") == 0;
}

static bool read_shape(struct sx_call *c, struct folder_shape *s, struct sx_fail *fail)
{
    const xmlNode *shape = sx_child(c->body, "FolderShape");
    const char *base = sx_text(sx_child(shape, "BaseShape"), c->arena);
    if (strcmp(base, "IdOnly") != 0)
        *s = (struct folder_shape){.name = true, .total = true, .children = true, .unread = true};
    if (strcmp(base, "AllProperties") == 0)
        *s = (struct folder_shape){.parent = true,
                                   .class_name = true,
                                   .name = true,
                                   .total = true,
                                   .children = true,
                                   .rights = true,
                                   .distinguished = true,
                                   .unread = true};
    const xmlNode *extra = sx_child(shape, "AdditionalProperties");
    for (const xmlNode *n = sx_first(extra); n; n = sx_next(n)) {
        struct sx_path p;
        if (!sx_path_read(n, c->arena, &p, fail))
            return false;
        if (p.uri)
            want(s, p.uri);
        else if (p.extended && s->n_extended < EXTENDED_MAX)
            s->extended[s->n_extended++] = p;
    }
    return true;
}

static size_t children_of(const struct sx_folder *f)
{
    size_t n = 0;
    sx_foreach(x, &f->mailbox->folders) n += (*x)->parent == f;
    return n;
}

static const char *element_of(const struct sx_folder *f)
{
    if (sx_folder_is_contacts(f))
        return "ContactsFolder";
    if (strcmp(f->class_name, "IPF.Appointment") == 0)
        return "CalendarFolder";
    return strcmp(f->class_name, "IPF.Task") == 0 ? "TasksFolder" : "Folder";
}

static const char folder_rights[] =
    "<t:EffectiveRights><t:CreateAssociated>true</t:CreateAssociated>"
    "<t:CreateContents>true</t:CreateContents><t:CreateHierarchy>true</t:CreateHierarchy>"
    "<t:Delete>true</t:Delete><t:Modify>true</t:Modify><t:Read>true</t:Read>"
    "<t:ViewPrivateItems>true</t:ViewPrivateItems></t:EffectiveRights>";

static void write_extended(struct str *out, const struct sx_path *p, const struct sx_folder *f)
{
    sx_foreach(x, &f->extended)
    {
        if (strcmp(x->id, p->extended) == 0)
            sx_extended_write(out, p, x->text);
    }
}

static void write_counts(struct str *out, const struct sx_folder *f, const struct folder_shape *s)
{
    if (s->total)
        str_addf(out, "<t:TotalCount>%zu</t:TotalCount>", f->items.n);
    if (s->children)
        str_addf(out, "<t:ChildFolderCount>%zu</t:ChildFolderCount>", children_of(f));
    for (size_t i = 0; i < s->n_extended; i++)
        write_extended(out, &s->extended[i], f);
    if (s->rights)
        str_puts(out, folder_rights);
}

static void write_folder(struct str *out, const struct sx_folder *f, const struct folder_shape *s)
{
    const char *element = element_of(f);
    str_addf(out, "<t:%s>", element);
    sx_folder_ref(out, "FolderId", f);
    if (s->parent && f->parent)
        sx_folder_ref(out, "ParentFolderId", f->parent);
    if (s->class_name && f->class_name[0])
        sx_element(out, "FolderClass", f->class_name);
    if (s->name)
        sx_element(out, "DisplayName", f->name);
    write_counts(out, f, s);
    if (s->distinguished)
        sx_element(out, "DistinguishedFolderId", f->distinguished);
    if (s->unread && strcmp(element, "Folder") == 0)
        str_puts(out, "<t:UnreadCount>0</t:UnreadCount>");
    str_addf(out, "</t:%s>", element);
}

static bool get_prepare(struct sx_call *c, struct sx_fail *fail)
{
    c->prepared = arena_alloc(c->arena, sizeof(struct folder_shape));
    return read_shape(c, c->prepared, fail);
}

static bool get_one(struct sx_call *c, const xmlNode *id, struct str *out, struct sx_fail *fail)
{
    struct sx_folder *f = sx_call_folder(c, id, "ErrorFolderNotFound", fail);
    if (!f)
        return false;
    str_puts(out, "<m:Folders>");
    write_folder(out, f, c->prepared);
    str_puts(out, "</m:Folders>");
    return true;
}

static bool below(const struct sx_folder *f, const struct sx_folder *top, bool deep)
{
    for (f = f->parent; f; f = f->parent) {
        if (f == top)
            return true;
        if (!deep)
            return false;
    }
    return false;
}

struct folder_find {
    const struct sx_folder *top;
    const struct sx_search *search;
    size_t max, offset;
    bool deep;
};

static size_t number(const xmlNode *view, const char *name, size_t otherwise)
{
    const char *text = sx_attr(view, name);
    return text ? strtoul(text, NULL, 10) : otherwise;
}

/* Writes the page of matching folders, returns how many match. */
static size_t find_folders(struct sx_call *c, const struct folder_find *f, struct str *out)
{
    size_t n = 0;
    sx_foreach(x, &c->mb->folders)
    {
        if (!below(*x, f->top, f->deep) ||
            (f->search && !sx_search_folder(f->search, *x, c->arena)))
            continue;
        if (n >= f->offset && n - f->offset < f->max)
            write_folder(out, *x, c->prepared);
        n++;
    }
    return n;
}

static bool find_one(struct sx_call *c, const xmlNode *id, struct str *out, struct sx_fail *fail)
{
    const xmlNode *restriction = sx_child(c->body, "Restriction"),
                  *view = sx_child(c->body, "IndexedPageFolderView");
    const char *how = sx_attr(c->body, "Traversal");
    struct folder_find f = {.top = sx_call_folder(c, id, "ErrorFolderNotFound", fail),
                            .max = number(view, "MaxEntriesReturned", 1000),
                            .offset = number(view, "Offset", 0),
                            .deep = strcmp(how, "Deep") == 0};
    if (!f.top || (restriction && !(f.search = sx_search_read(restriction, c->arena, fail))))
        return false;
    if (strcmp(how, "SoftDeleted") == 0)
        f.max = 0; /* deleted folders are not kept */
    autovalue(str_release) struct str folders = STR_INIT(SX_MAX_ANSWER);
    size_t n = find_folders(c, &f, &folders);
    bool last = n <= f.offset || n - f.offset <= f.max;
    str_addf(out,
             "<m:RootFolder IndexedPagingOffset=\"%zu\" TotalItemsInView=\"%zu\" "
             "IncludesLastItemInRange=\"%s\"><t:Folders>",
             last ? n : f.offset + f.max, n, last ? "true" : "false");
    str_add(out, folders.p, folders.n);
    str_puts(out, "</t:Folders></m:RootFolder>");
    return true;
}

static bool create_prepare(struct sx_call *c, struct sx_fail *fail)
{
    c->folder = sx_call_folder(c, sx_first(sx_child(c->body, "ParentFolderId")),
                               "ErrorParentFolderNotFound", fail);
    return c->folder != NULL;
}

static const char *class_for(const xmlNode *folder, const char *given)
{
    if (sx_is(folder, SX_NS_T, "ContactsFolder"))
        return "IPF.Contact";
    if (sx_is(folder, SX_NS_T, "CalendarFolder"))
        return "IPF.Appointment";
    if (sx_is(folder, SX_NS_T, "TasksFolder"))
        return "IPF.Task";
    return given ? given : "IPF.Note";
}

/* Named properties that a new folder is given. */
static bool
read_extended(struct sx_call *c, const xmlNode *folder, struct sx_folder *f, struct sx_fail *fail)
{
    for (const xmlNode *n = sx_first(folder); n; n = sx_next(n)) {
        struct sx_path p;
        if (!sx_is(n, SX_NS_T, "ExtendedProperty"))
            continue;
        if (!sx_path_read(sx_first(n), c->arena, &p, fail))
            return false;
        if (f)
            sx_folder_set_extended(f, p.extended, sx_text(sx_child(n, "Value"), c->arena));
    }
    return true;
}

static bool
create_one(struct sx_call *c, const xmlNode *folder, struct str *out, struct sx_fail *fail)
{
    const xmlNode *class_node = sx_child(folder, "FolderClass");
    const char *given = class_node ? sx_text(class_node, c->arena) : NULL;
    const char *name = sx_text(sx_child(folder, "DisplayName"), c->arena);
    if (given && !sx_is(folder, SX_NS_T, "Folder") && strcmp(given, class_for(folder, NULL)) != 0)
        return sx_refuse(fail, "ErrorNoFolderClassOverride",
                         "This kind of folder has a class of its own.");
    if (!*name)
        return sx_refuse(fail, "ErrorFolderSavePropertyError", "A folder needs a name.");
    if (sx_folder_child(c->folder, name))
        return sx_refuse(fail, "ErrorFolderExists",
                         "A folder with the specified name already exists.");
    if (!read_extended(c, folder, NULL, fail))
        return false;
    struct sx_folder *f = sx_folder_add(c->folder, name, class_for(folder, given));
    read_extended(c, folder, f, fail);
    str_puts(out, "<m:Folders>");
    write_folder(out, f, &(struct folder_shape){0});
    str_puts(out, "</m:Folders>");
    return true;
}

static bool
resolve_one(struct sx_call *c, const xmlNode *body, struct str *out, struct sx_fail *fail)
{
    (void)c, (void)body, (void)out;
    return sx_refuse(fail, "ErrorNameResolutionNoResults", "No results were found.");
}

const struct sx_op sx_folder_ops[] = {
    {"GetFolder", "FolderIds", "<m:Folders/>", false, get_prepare, get_one},
    {"FindFolder", "ParentFolderIds", "", false, get_prepare, find_one},
    {"CreateFolder", "Folders", "<m:Folders/>", true, create_prepare, create_one},
    {"ResolveNames", NULL, "", false, NULL, resolve_one},
    {0},
};
