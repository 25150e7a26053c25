/*
 * lava_value: what a Lava expression may be, and how Lava compares and prints it.
 *
 * A value is small and copied freely; what it points to (text, items, objects) is borrowed: from
 * the template, from the caller's variables, or from the memory of the render that runs, which is
 * forgotten at its end. Values are never changed in place: a filter makes new ones. Text is UTF-8
 * with a length, without NUL, and may hold any byte that its source let through.
 *
 * Pure. @source DIALECT.md 5, 16-18; the values of Fluid 2.3
 */
#ifndef SYNC_CORE_LAVA_VALUE_H
#define SYNC_CORE_LAVA_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "common/core/lava/lava_date.h"
#include "common/core/lava/lava_decimal.h"

struct lava_ctx; /* the render that runs: lava_ctx.h */

enum lava_type {
    LAVA_NIL, /* also what is not defined */
    LAVA_BOOL,
    LAVA_NUMBER, /* decimal with its scale: 2 and 2.0 are equal and print differently */
    LAVA_STRING,
    LAVA_DATE,
    LAVA_ARRAY,
    LAVA_OBJECT, /* members by name: a person, a dictionary */
    LAVA_RANGE,  /* (1..5), both ends included; empty when to < from */
    LAVA_EMPTY,  /* the words `empty` and `blank`, which equal many things */
    LAVA_BLANK
};

/* A piece of text; p is NULL only where absent is possible and said so. */
struct lava_str {
    const char *p;
    size_t n;
};
#define LAVA_STR(literal)                                                                          \
    (struct lava_str)                                                                              \
    {                                                                                              \
        (literal), sizeof(literal) - 1                                                             \
    }

struct lava_object_ops;

struct lava_value {
    uint8_t type; /* enum lava_type */
    uint32_t n;   /* bytes of text, items of an array */
    union {
        bool b;
        const char *s;
        struct decimal num;
        struct lava_date date;
        const struct lava_value *items;
        struct {
            const struct lava_object_ops *ops;
            const void *self;
        } obj;
        struct {
            int64_t from, to;
        } range;
    };
};

/*
 * A member's name. Names that a template writes out are looked up in the table of known names once,
 * when it is parsed; objects made of structs then switch on `known` and compare no text.
 */
struct lava_name {
    const char *p;
    uint32_t n;
    uint16_t known; /* enum lava_known (lava_known.h); 0 for a name that is not in the table */
};

/*
 * An object: its members are made when they are asked for, so that a struct needs no copying.
 * get and entry may take memory from c (lava_ctx.h), never fail for a member that is not there.
 */
struct lava_object_ops {
    const char *name; /* kind, for messages: "Person" */
    /* False when there is no such member; ret is then untouched. Names are case sensitive. */
    bool (*get)(const void *self,
                const struct lava_name *name,
                struct lava_ctx *c,
                struct lava_value *ret);
    size_t (*count)(const void *self); /* members that entry knows */
    /* Member i (below count), in the object's own order. */
    void (*entry)(const void *self,
                  size_t i,
                  struct lava_ctx *c,
                  struct lava_str *key,
                  struct lava_value *ret);
    /* What output shows of it; NULL: nothing. */
    struct lava_str (*text)(const void *self, struct lava_ctx *c);
};

/* The plain dictionary, for data and for filters that make objects. Order is kept. */
struct lava_entry {
    struct lava_str key;
    struct lava_value value;
};
struct lava_dict {
    const struct lava_entry *v;
    size_t n;
};
extern const struct lava_object_ops lava_dict_ops; /* self is a struct lava_dict */

static inline struct lava_value lava_nil(void)
{
    return (struct lava_value){.type = LAVA_NIL};
}
static inline struct lava_value lava_bool(bool b)
{
    return (struct lava_value){.type = LAVA_BOOL, .b = b};
}
static inline struct lava_value lava_number(struct decimal d)
{
    return (struct lava_value){.type = LAVA_NUMBER, .num = d};
}
static inline struct lava_value lava_int(int64_t i)
{
    return lava_number(decimal_from_i64(i));
}
/* n below 4 GB: every text in a render is bounded far below that. */
static inline struct lava_value lava_string(const char *p, size_t n)
{
    return (struct lava_value){.type = LAVA_STRING, .n = (uint32_t)n, .s = p};
}
static inline struct lava_value lava_cstring(const char *z) /* NULL gives nil */
{
    return z ? lava_string(z, strlen(z)) : lava_nil();
}
static inline struct lava_value lava_date_value(struct lava_date d)
{
    return (struct lava_value){.type = LAVA_DATE, .date = d};
}
static inline struct lava_value lava_array(const struct lava_value *items, size_t n)
{
    return (struct lava_value){.type = LAVA_ARRAY, .n = (uint32_t)n, .items = items};
}
static inline struct lava_value lava_object(const struct lava_object_ops *ops, const void *self)
{
    return (struct lava_value){.type = LAVA_OBJECT, .obj = {ops, self}};
}
static inline struct lava_str lava_str_of(const struct lava_value *v) /* v is a LAVA_STRING */
{
    return (struct lava_str){v->s, v->n};
}
static inline bool lava_str_eq(struct lava_str a, struct lava_str b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

/* False are only false and nil: the empty text, 0 and the empty array are true. */
static inline bool lava_truthy(const struct lava_value *v)
{
    return v->type != LAVA_NIL && (v->type != LAVA_BOOL || v->b);
}

/*
 * `==` with Lava's conversions: a number and a text that reads as one as numbers, a date and a text
 * that reads as one as points in time, two texts as texts, a boolean only with a boolean.
 */
bool lava_equal(struct lava_ctx *c, const struct lava_value *a, const struct lava_value *b);
/* Order of a and b with the same conversions: -1, 0, 1 in *ret. False: they have no order, so that
 * < <= > >= are all false. */
bool lava_compare(struct lava_ctx *c,
                  const struct lava_value *a,
                  const struct lava_value *b,
                  int *ret);
/*
 * `contains`: a text in a text (whatever has a text on the left is one), an item in an array, a
 * member of an object.
 */
bool lava_contains(struct lava_ctx *c, const struct lava_value *in, const struct lava_value *what);
/* The number that v is or, as a text, reads as (spaces around allowed). False: none. nil is none.
 */
bool lava_to_number(const struct lava_value *v, struct decimal *ret);
/*
 * Order of texts as .NET's default comparison has it, as far as letters go: by letter first, lower
 * case before upper where that is all the difference. -1, 0, 1.
 */
int lava_collate(struct lava_str a, struct lava_str b);
/* The date that v is or, as a text, reads as. */
bool lava_to_date(struct lava_ctx *c, const struct lava_value *v, struct lava_date *ret);

/*
 * The text that output shows: nothing for nil, true/false, numbers with their scale, arrays as
 * their items joined by nothing.
 * @ret     borrowed from v, or in c's memory
 * @return  -1: the render has used up its memory (the error is set in c)
 */
int lava_text(struct lava_ctx *c, const struct lava_value *v, struct lava_str *ret);
/*
 * Items of an array, range or object (pairs of name and value); any other value is one item, nil
 * none.
 * @ret     borrowed from v, or in c's memory
 */
int lava_items(struct lava_ctx *c,
               const struct lava_value *v,
               const struct lava_value **ret,
               size_t *ret_n);
/* Member `name` of v: an object's, or size, first, last of a text, an array or an object. nil when
 * there is none. */
struct lava_value
lava_member(struct lava_ctx *c, const struct lava_value *v, const struct lava_name *name);
/* v[index] by a computed index: a position (from the end when negative) or a name. */
struct lava_value
lava_index(struct lava_ctx *c, const struct lava_value *v, const struct lava_value *index);
/* A member along "a.b.c", as Property and Select take it; nil when there is none. */
struct lava_value lava_path(struct lava_ctx *c, const struct lava_value *v, struct lava_str path);

#endif
