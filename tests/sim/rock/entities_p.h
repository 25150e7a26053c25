/*
 * entities_p: macros for the column tables, and the tables that lie in entities_people.c.
 */
#ifndef SIM_ROCK_ENTITIES_P_H
#define SIM_ROCK_ENTITIES_P_H

#include "tests/sim/rock/entities.h"

#define INT(t, m, n)                                                                               \
    {                                                                                              \
        .name = n, .type = COLUMN_INT, .offset = offsetof(struct t, m)                             \
    }
#define INT_OR_NULL(t, m, n)                                                                       \
    {                                                                                              \
        .name = n, .type = COLUMN_INT, .offset = offsetof(struct t, m), .nullable = true           \
    }
#define INDEXED(t, m, n)                                                                           \
    {                                                                                              \
        .name = n, .type = COLUMN_INT, .offset = offsetof(struct t, m), .indexed = true            \
    }
#define INDEXED_OR_NULL(t, m, n)                                                                   \
    {                                                                                              \
        .name = n, .type = COLUMN_INT, .offset = offsetof(struct t, m), .indexed = true,           \
        .nullable = true                                                                           \
    }
#define TEXT(t, m, n)                                                                              \
    {                                                                                              \
        .name = n, .type = COLUMN_TEXT, .offset = offsetof(struct t, m), .nullable = true          \
    }
#define BOOL(t, m, n)                                                                              \
    {                                                                                              \
        .name = n, .type = COLUMN_BOOL, .offset = offsetof(struct t, m)                            \
    }
#define ENUM(t, m, n, v)                                                                           \
    {                                                                                              \
        .name = n, .type = COLUMN_ENUM, .offset = offsetof(struct t, m), .names = v                \
    }
#define UUID(t, m, n)                                                                              \
    {                                                                                              \
        .name = n, .type = COLUMN_GUID, .offset = offsetof(struct t, m)                            \
    }
#define TIME(t, m, n)                                                                              \
    {                                                                                              \
        .name = n, .type = COLUMN_TIME, .offset = offsetof(struct t, m), .nullable = true          \
    }
#define NOTHING(n)                                                                                 \
    {                                                                                              \
        .name = n, .type = COLUMN_NULL, .nullable = true                                           \
    }
#define COMPUTED(n, f)                                                                             \
    {                                                                                              \
        .name = n, .type = COLUMN_COMPUTED, .compute = f                                           \
    }

#define BASE_COLUMNS                                                                               \
    {.name = "Id", .type = COLUMN_INT, .offset = offsetof(struct row, id)},                        \
        UUID(row, guid, "Guid"), NOTHING("ForeignId"), NOTHING("ForeignGuid"),                     \
        NOTHING("ForeignKey")
#define MODEL_COLUMNS                                                                              \
    BASE_COLUMNS, TIME(row, created, "CreatedDateTime"), TIME(row, modified, "ModifiedDateTime"),  \
        NOTHING("CreatedByPersonAliasId"), NOTHING("ModifiedByPersonAliasId")

#define COLUMNS(a) a, sizeof(a) / sizeof((a)[0])
#define NAVS(a)    a, sizeof(a) / sizeof((a)[0])

extern const struct entity entities_people[];
extern const size_t entities_people_count;

#endif
