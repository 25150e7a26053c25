/* Rows as JSON: PascalCase, nulls present, enums as numbers, naive times. @source reference/rock.md
 * section 3.4 */
#include <string.h>

#include "tests/sim/rock/odata.h"
#include "tests/sim/rock/ticks.h"

static void
write_scalar(struct church *c, const struct column *col, const void *row, struct str *out)
{
    const char *at = (const char *)row + col->offset;
    char text[GUID_TEXT > TICKS_TEXT ? GUID_TEXT : TICKS_TEXT];
    int32_t number;
    int64_t ticks;
    switch (col->type) {
    case COLUMN_INT:
        memcpy(&number, at, sizeof(number));
        if (number == NULL_INT)
            str_puts(out, "null");
        else
            str_addf(out, "%d", number);
        return;
    case COLUMN_TEXT:
        entity_json_text(out, *(const char *const *)(const void *)at);
        return;
    case COLUMN_BOOL:
        str_puts(out, *(const bool *)at ? "true" : "false");
        return;
    case COLUMN_ENUM:
        str_addf(out, "%d", *(const int8_t *)at);
        return;
    case COLUMN_GUID:
        str_addf(out, "\"%s\"", guid_format((const struct guid *)(const void *)at, text));
        return;
    case COLUMN_TIME:
        memcpy(&ticks, at, sizeof(ticks));
        if (ticks == NULL_TICKS)
            str_puts(out, "null");
        else
            str_addf(out, "\"%s\"", ticks_format(ticks, text));
        return;
    case COLUMN_NULL:
        str_puts(out, "null");
        return;
    case COLUMN_COMPUTED:
        col->compute(c, row, out);
        return;
    }
}

static void write_name(struct str *out, const char *name, bool *first)
{
    str_puts(out, *first ? "\"" : ",\"");
    *first = false;
    str_puts(out, name);
    str_puts(out, "\":");
}

static void write_list(struct church *c,
                       const struct nav *nav,
                       const struct odata_shape *shape,
                       const void *row,
                       struct str *out)
{
    int32_t id = ((const struct row *)row)->id;
    const void *item = NULL;
    bool first = true;
    str_putc(out, '[');
    while (nav->target >= 0 &&
           (item = church_find(c, (enum table_id)nav->target, nav->offset, id, item))) {
        if (!first)
            str_putc(out, ',');
        first = false;
        odata_write(c, shape, item, out);
    }
    str_putc(out, ']');
}

static void write_nav(struct church *c,
                      const struct nav *nav,
                      const struct odata_shape *shape,
                      const void *row,
                      struct str *out)
{
    if (nav->is_list) {
        write_list(c, nav, shape, row, out);
        return;
    }
    int32_t id = NULL_INT;
    if (nav->target >= 0)
        memcpy(&id, (const char *)row + nav->offset, sizeof(id));
    const void *target = id == NULL_INT ? NULL : church_row(c, (enum table_id)nav->target, id);
    if (target)
        odata_write(c, shape, target, out);
    else
        str_puts(out, "null");
}

void odata_write(struct church *c,
                 const struct odata_shape *shape,
                 const void *row,
                 struct str *out)
{
    const struct entity *e = shape->entity;
    bool first = true;
    str_putc(out, '{');
    for (size_t i = 0; i < e->n_columns; i++) {
        if (shape->narrowed && !shape->columns[i])
            continue;
        write_name(out, e->columns[i].name, &first);
        write_scalar(c, &e->columns[i], row, out);
    }
    for (size_t i = 0; i < e->n_navs; i++) {
        if (shape->narrowed ? !shape->kept[i] : false)
            continue;
        write_name(out, e->navs[i].name, &first);
        if (shape->expanded[i])
            write_nav(c, &e->navs[i], shape->expanded[i], row, out);
        else
            str_puts(out, "null");
    }
    str_putc(out, '}');
}
