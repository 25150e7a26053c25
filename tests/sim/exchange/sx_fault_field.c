#include "tests/sim/exchange/sx_fault_field.h"

#include <stdio.h>
#include <string.h>

#include "tests/sim/exchange/sx_fields.h"

struct wanted {
    char uri[64], index[64]; /* index "": no dictionary */
    const char *element;     /* "JobTitle", "PhoneNumbers" */
    const char *part;        /* of an address, or NULL */
};

/* "contacts:PhoneNumber:MobilePhone": the last word is an index where the table says so. */
static bool read_wanted(const char *path, struct wanted *w)
{
    const char *last = strrchr(path, ':');
    uint32_t code;
    *w = (struct wanted){0};
    snprintf(w->uri, sizeof(w->uri), "%.*s", (int)(last ? last - path : 0), path);
    if (last && sx_field_indexed(w->uri, last + 1, &code)) {
        snprintf(w->index, sizeof(w->index), "%s", last + 1);
        w->element = sx_field_at(SX_CODE_FIELD(code))->name;
        if (sx_field_at(SX_CODE_FIELD(code))->kind == SX_ADDRESSES)
            w->part = sx_address_part_name(SX_CODE_SUB(code));
        return true;
    }
    snprintf(w->uri, sizeof(w->uri), "%s", path);
    int field = sx_field_by_uri(path);
    w->element = field == SX_NO_FIELD ? NULL : sx_field_at(field)->name;
    return w->element != NULL;
}

static bool same(const char *a, const char *b)
{
    return a && b && strcmp(a, b) == 0;
}

static bool in_contact(const xmlNode *contact, const struct wanted *w)
{
    const xmlNode *n = sx_child(contact, w->element);
    if (!n || !w->index[0])
        return n != NULL;
    for (const xmlNode *e = sx_first(n); e; e = sx_next(e))
        if (same(sx_attr(e, "Key"), w->index))
            return !w->part || sx_child(e, w->part);
    return false;
}

/* Set, that is: what a change takes away is refused by nobody. */
static bool in_change(const xmlNode *change, const struct wanted *w)
{
    for (const xmlNode *n = sx_first(sx_child(change, "Updates")); n; n = sx_next(n)) {
        const xmlNode *path = sx_first(n);
        if (sx_is(n, SX_NS_T, "SetItemField") && same(sx_attr(path, "FieldURI"), w->uri) &&
            (!w->index[0] || same(sx_attr(path, "FieldIndex"), w->index)))
            return true;
    }
    return false;
}

bool sx_fault_field(const struct sx_hit *hit, const xmlNode *item, struct sx_fail *fail)
{
    struct wanted w;
    if (hit->kind != SX_FAULT_ITEM_ERROR || !hit->field || !read_wanted(hit->field, &w))
        return false;
    bool change = sx_is(item, SX_NS_T, "ItemChange");
    if (change ? !in_change(item, &w) : !in_contact(item, &w))
        return false;
    sx_refuse(fail, hit->code, "The request was refused by the fault plan.");
    if (w.index[0])
        snprintf(fail->xml, sizeof(fail->xml),
                 "<t:IndexedFieldURI FieldURI=\"%s\" FieldIndex=\"%s\"/>", w.uri, w.index);
    else
        snprintf(fail->xml, sizeof(fail->xml), "<t:FieldURI FieldURI=\"%s\"/>", w.uri);
    return true;
}
