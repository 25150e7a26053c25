/*
 * entities: what REST v1 shows of each table: columns, computed members, navigation, default
 * filters. One table row per property; the OData parser, the filter and the JSON writer all read
 * from here.
 * @source reference/rock.md sections 3.3, 3.4 and 5
 */
#ifndef SIM_ROCK_ENTITIES_H
#define SIM_ROCK_ENTITIES_H

#include "tests/sim/rock/church.h"

struct str;

enum column_type {
    COLUMN_INT,      /* int32_t, NULL_INT = null */
    COLUMN_TEXT,     /* const char *, NULL = null */
    COLUMN_BOOL,     /* bool */
    COLUMN_ENUM,     /* int8_t; a number in JSON, its name in a filter */
    COLUMN_GUID,     /* struct guid */
    COLUMN_TIME,     /* int64_t ticks, NULL_TICKS = null */
    COLUMN_NULL,     /* a column that this church never fills; text in filters */
    COLUMN_COMPUTED, /* in the JSON only: the model does not know it */
};

struct column {
    const char *name;
    enum column_type type;
    size_t offset;
    bool nullable;
    bool indexed;             /* church_find may be asked for it */
    const char *const *names; /* COLUMN_ENUM: NULL-terminated, by value */
    void (*compute)(struct church *c,
                    const void *row,
                    struct str *out); /* COLUMN_COMPUTED: appends JSON */
};

struct nav {
    const char *name;
    int target; /* enum table_id; -1: always null or empty */
    bool is_list;
    size_t offset; /* one: the int column in this row that holds the target's Id; list: in the
                      target's row */
};

#define ENTITY_COLUMNS_MAX 64
#define ENTITY_NAVS_MAX    12

struct entity {
    enum table_id table;
    const char *controller; /* "People"; NULL: only reachable by $expand */
    const char *type_name;  /* "Rock.Model.Person" */
    const struct column *columns;
    size_t n_columns;
    const struct nav *navs;
    size_t n_navs;
    /* Rows that a plain query does not return; NULL = none. */
    bool (*hidden)(const struct church *c, const void *row, bool include_deceased);
};

const struct entity *entity_of(enum table_id t);
const struct entity *
entity_by_controller(const char *name); /* any case, as ASP.NET routes; NULL when unknown */
/* Index of the property, -1 when there is none. Names are case-sensitive, as in OData. */
int entity_column(const struct entity *e, const char *name, size_t n);
int entity_nav(const struct entity *e, const char *name, size_t n);
/* JSON text with quotes and escapes; NULL gives null. */
void entity_json_text(struct str *out, const char *s);

#endif
