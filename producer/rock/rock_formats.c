/*
 * The church's rules for phone numbers: entries of the defined type Phone Country Code, whose
 * expressions are attributes of the entries.
 * @source reference/rock.md section 5.2
 */
#include <string.h>
#include <strings.h>

#include "producer/rock/rock_read_p.h"

struct attribute {
    int64_t id; /* first, for rock_ids_row */
    bool match; /* else the replacement */
};

struct entry {
    struct rock_format_rule rule; /* id first, for rock_ids_row */
};

struct reading {
    struct rock_read *r;
    vec(struct entry) entries; /* ascending id */
    vec(struct attribute) attributes;
};

static void on_entry(const struct js *row, int64_t id, void *user)
{
    struct reading *rd = user;
    struct entry e = {.rule.id = id};

    e.rule.code = rock_decode_text(row, "Value", rd->r->keep);
    js_int_opt(row, "Order", INT32_MIN, INT32_MAX, &e.rule.order);
    if (!js_failed(row))
        vec_push(&rd->entries, e);
}

static void on_attribute(const struct js *row, int64_t id, void *user)
{
    struct reading *rd = user;
    const char *key = js_str(row, "Key");

    if (!js_failed(row))
        vec_push(&rd->attributes, (struct attribute){id, strcasecmp(key, "MatchRegEx") == 0});
}

static void on_value(const struct js *row, int64_t id, void *user)
{
    struct reading *rd = user;
    struct rock_value v;

    rock_decode_value(row, id, &v);
    if (js_failed(row) || !v.entity)
        return;
    long e = rock_ids_row(rd->entries.v, rd->entries.n, sizeof(*rd->entries.v), v.entity);
    long a =
        rock_ids_row(rd->attributes.v, rd->attributes.n, sizeof(*rd->attributes.v), v.attribute);
    if (e < 0 || a < 0)
        return;
    const char *text = arena_strdup(rd->r->keep, v.text);
    if (rd->attributes.v[a].match)
        rd->entries.v[e].rule.match = text;
    else
        rd->entries.v[e].rule.format = text;
}

static int read_lists(struct reading *rd, struct err *err)
{
    static const char *const keys[] = {"MatchRegEx", "FormatRegEx"};
    autovalue(rock_filter_release) struct rock_filter entries = ROCK_FILTER_INIT;
    autovalue(rock_filter_release) struct rock_filter attributes = ROCK_FILTER_INIT;
    const struct rock_server *sv = &rd->r->server;

    rock_filter_ids(&entries, &rock_col_defined_type, &sv->country_codes, 1);
    rock_filter_ids(&attributes, &rock_col_attribute_type, &sv->value_entity, 1);
    rock_filter_texts(&attributes, &rock_col_key, keys, ARRAY_LEN(keys));
    struct rock_walk walks[] = {
        {.list = &rock_defined_values, .filter = entries.text.p, .row = on_entry, .user = rd},
        {.list = &rock_attributes, .filter = attributes.text.p, .row = on_attribute, .user = rd}};
    return rock_fetch_run(rd->r->f, walks, ARRAY_LEN(walks), NULL, err);
}

/* Rock's other lists may have attributes of these names: the entries' Ids tell them apart. */
static int read_values(struct reading *rd, struct err *err)
{
    enum { ATTRIBUTES_MAX = 8 };
    autovalue(rock_filter_release) struct rock_filter base = ROCK_FILTER_INIT;
    autovalue(rock_ids_release) struct rock_ids ids = {0};
    int64_t attributes[ATTRIBUTES_MAX];
    size_t n = 0;

    vec_foreach (a, &rd->attributes)
        if (n < ATTRIBUTES_MAX)
            attributes[n++] = a->id;
    vec_foreach (e, &rd->entries)
        vec_push(&ids, e->rule.id);
    if (!n || !ids.n)
        return 0;
    rock_ids_sort(&ids);
    rock_filter_ids(&base, &rock_col_attribute, attributes, n);
    const struct rock_table t = {.list = &rock_values,
                                 .base = &base,
                                 .key = &rock_col_entity,
                                 .ids = &ids,
                                 .row = on_value,
                                 .user = rd};
    return rock_table_read(rd->r->f, &t, NULL, err);
}

int rock_read_formats(struct rock_read *r, struct err *err)
{
    struct reading rd = {.r = r};

    if (!r->server.country_codes || !r->server.value_entity)
        return 0;
    int rc = read_lists(&rd, err);
    if (rc == 0)
        rc = read_values(&rd, err);
    if (rc == 0) {
        struct rock_format_rule *rules = arena_alloc(r->keep, (rd.entries.n + 1) * sizeof(*rules));
        for (size_t i = 0; i < rd.entries.n; i++)
            rules[i] = rd.entries.v[i].rule;
        r->server.formats = rock_formats_new(rules, rd.entries.n);
    }
    vec_release(&rd.entries);
    vec_release(&rd.attributes);
    return rc;
}
