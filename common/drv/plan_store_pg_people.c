/* plan_store_pg_people: persons, their contents, and what the links say now. */
#include <string.h>

#include "common/drv/plan_store_pg_p.h"

#define CHUNK 4000u /* rows of one statement: some MB of contents */

static int op_persons(
    struct plan_store *s, struct arena *a, struct plan_person **ret, size_t *n, struct err *err)
{
    static const struct pg_stmt stmt = {
        "plan_persons", "SELECT key, id, rock_id, content FROM person ORDER BY key"};
    autoptr(pg_result_free) struct pg_result *r = NULL;
    if (pg_call(plan_pg(s)->pg, &stmt, NULL, &r, err) < 0)
        return -1;
    *n = pg_rows(r);
    *ret = arena_alloc(a, (*n + 1) * sizeof(**ret));
    for (size_t i = 0; i < *n; i++) {
        struct plan_person *p = &(*ret)[i];
        pg_uuid(r, i, 0, &p->key);
        p->id = pg_i64(r, i, 1);
        p->rock_id = pg_i64(r, i, 2);
        p->has_content = pg_sha(r, i, 3, &p->content);
    }
    return 0;
}

/* ---- writing ---- */

/* What the sweep found unused is in use again. */
static const struct pg_stmt write_contents = {
    "plan_write_contents",
    "INSERT INTO content (hash, body) SELECT DISTINCT ON (hash) hash, body"
    " FROM unnest($1::bytea[], $2::text[]) AS u(hash, body) ORDER BY hash"
    " ON CONFLICT (hash) DO UPDATE SET unused_since = NULL WHERE content.unused_since IS NOT NULL"};

/* By key, as the ledger's adopt does: two that insert the same keys do not wait for each other. */
static const struct pg_stmt write_persons = {
    "plan_write_persons",
    "INSERT INTO person AS p (key, rock_id, content, read_at)"
    " SELECT DISTINCT ON (u.key) u.key, u.rock_id, u.content, $4::timestamptz"
    " FROM unnest($1::uuid[], $2::bigint[], $3::bytea[]) AS u(key, rock_id, content)"
    " ORDER BY u.key ON CONFLICT (key) DO UPDATE SET rock_id = excluded.rock_id,"
    " content = excluded.content, read_at = excluded.read_at"
    " WHERE p.read_at <= excluded.read_at"};

static const struct pg_stmt written_persons = {
    "plan_written_persons", "SELECT p.id FROM unnest($1::uuid[]) WITH ORDINALITY AS u(key, n)"
                            " JOIN person p ON p.key = u.key ORDER BY u.n"};

static void put_keys(struct pg_params *p, const struct plan_person_write *w, size_t n)
{
    pg_array(p, PG_UUID);
    for (size_t i = 0; i < n; i++)
        pg_put_uuid(p, &w[i].key);
    pg_array_end(p);
}

static void put_hashes(struct pg_params *p, const struct plan_person_write *w, size_t n)
{
    pg_array(p, PG_BYTEA);
    for (size_t i = 0; i < n; i++)
        pg_put_sha(p, &w[i].content);
    pg_array_end(p);
}

static int write_chunk(struct plan_store_pg *s,
                       struct plan_person_write *w,
                       size_t n,
                       int64_t read_at_ms,
                       struct err *err)
{
    autovalue(pg_params_release) struct pg_params contents = {0}, persons = {0}, keys = {0};
    autoptr(pg_result_free) struct pg_result *r = NULL;
    put_hashes(&contents, w, n);
    pg_array(&contents, PG_TEXT);
    for (size_t i = 0; i < n; i++)
        pg_put_text(&contents, w[i].body);
    pg_array_end(&contents);
    put_keys(&persons, w, n);
    pg_array(&persons, PG_INT8);
    for (size_t i = 0; i < n; i++)
        pg_put_i64(&persons, w[i].rock_id);
    pg_array_end(&persons);
    put_hashes(&persons, w, n);
    pg_put_ms(&persons, read_at_ms);
    put_keys(&keys, w, n);
    const struct pg_step steps[] = {
        {&write_contents, &contents}, {&write_persons, &persons}, {&written_persons, &keys}};
    if (plan_pg_change_steps(s, steps, ARRAY_LEN(steps), &r, err) < 0)
        return -1;
    for (size_t i = 0; i < n; i++)
        w[i].id = pg_i64(r, i, 0);
    return 0;
}

static int op_persons_write(struct plan_store *s,
                            struct plan_person_write *w,
                            size_t n,
                            int64_t read_at_ms,
                            struct err *err)
{
    for (size_t at = 0; at < n; at += CHUNK) {
        size_t some = n - at < CHUNK ? n - at : CHUNK;
        if (write_chunk(plan_pg(s), w + at, some, read_at_ms, err) < 0)
            return -1;
    }
    return 0;
}

/* ---- reading ---- */

static int bodies_chunk(struct plan_store_pg *s,
                        struct arena *a,
                        const struct sha256 *hashes,
                        size_t n,
                        const char **ret,
                        struct err *err)
{
    static const struct pg_stmt stmt = {
        "plan_bodies", "SELECT c.body FROM unnest($1::bytea[]) WITH ORDINALITY AS u(hash, n)"
                       " LEFT JOIN content c ON c.hash = u.hash ORDER BY u.n"};
    autovalue(pg_params_release) struct pg_params p = {0};
    autoptr(pg_result_free) struct pg_result *r = NULL;
    pg_array(&p, PG_BYTEA);
    for (size_t i = 0; i < n; i++)
        pg_put_sha(&p, &hashes[i]);
    pg_array_end(&p);
    if (pg_call(s->pg, &stmt, &p, &r, err) < 0)
        return -1;
    for (size_t i = 0; i < n; i++)
        ret[i] = arena_strdup(a, pg_text(r, i, 0));
    return 0;
}

static int op_bodies(struct plan_store *s,
                     struct arena *a,
                     const struct sha256 *hashes,
                     size_t n,
                     const char **ret,
                     struct err *err)
{
    for (size_t at = 0; at < n; at += CHUNK) {
        size_t some = n - at < CHUNK ? n - at : CHUNK;
        if (bodies_chunk(plan_pg(s), a, hashes + at, some, ret + at, err) < 0)
            return -1;
    }
    return 0;
}

static enum link_state state_of(const char *text)
{
    if (strcmp(text, "kept") == 0)
        return LINK_KEPT;
    return strcmp(text, "hidden") == 0 ? LINK_HIDDEN : LINK_ACTIVE;
}

static int op_links(struct plan_store *s,
                    struct arena *a,
                    int64_t mailbox,
                    struct plan_row **ret,
                    size_t *n,
                    struct err *err)
{
    static const struct pg_stmt stmt = {
        "plan_links",
        "SELECT p.key, l.person, l.want, l.have IS NOT NULL, l.state,"
        " coalesce(l.fell_at > " PLAN_PG_WINDOW ", false), l.hold IS NOT NULL,"
        " i.person IS NOT NULL, l.want IS NOT NULL AND l.state <> 'hidden' AND " PLAN_PG_BLIND
        " FROM link l JOIN person p ON p.id = l.person"
        " LEFT JOIN intent i ON i.mailbox = l.mailbox AND i.person = l.person"
        " WHERE l.mailbox = $1::bigint ORDER BY p.key"};
    autovalue(pg_params_release) struct pg_params p = {0};
    autoptr(pg_result_free) struct pg_result *r = NULL;
    pg_put_i64(&p, mailbox);
    if (pg_call(plan_pg(s)->pg, &stmt, &p, &r, err) < 0)
        return -1;
    *n = pg_rows(r);
    *ret = arena_alloc(a, (*n + 1) * sizeof(**ret));
    for (size_t i = 0; i < *n; i++) {
        struct plan_row *row = &(*ret)[i];
        pg_uuid(r, i, 0, &row->row.key);
        row->row.person = pg_i64(r, i, 1);
        row->row.wanted = pg_sha(r, i, 2, &row->row.want);
        row->row.state = state_of(pg_text(r, i, 4));
        row->fell_recently = pg_bool(r, i, 5);
        row->held = pg_bool(r, i, 6);
        row->intent = pg_bool(r, i, 7);
        row->row.has_item = pg_bool(r, i, 3) || row->intent || pg_bool(r, i, 8);
    }
    return 0;
}

/* ---- guard ---- */

static int op_emptied(struct plan_store *s,
                      const char *field,
                      const int64_t *persons,
                      size_t n,
                      size_t *ret_recent,
                      struct err *err)
{
    static const struct pg_stmt add = {
        "plan_emptied",
        "INSERT INTO person_emptied (person, field) SELECT DISTINCT u.person, $1::text"
        " FROM unnest($2::bigint[]) AS u(person) ORDER BY u.person"
        " ON CONFLICT (person, field) DO UPDATE SET at = excluded.at"};
    static const struct pg_stmt count = {
        "plan_emptied_count", "SELECT count(*) FROM person_emptied WHERE field = $1::text"
                              " AND at > " PLAN_PG_WINDOW};
    autovalue(pg_params_release) struct pg_params p = {0}, which = {0};
    autoptr(pg_result_free) struct pg_result *r = NULL;
    pg_put_text(&p, field);
    pg_array(&p, PG_INT8);
    for (size_t i = 0; i < n; i++)
        pg_put_i64(&p, persons[i]);
    pg_array_end(&p);
    pg_put_text(&which, field);
    const struct pg_step steps[] = {{&add, &p}, {&count, &which}};
    if (plan_pg_change_steps(plan_pg(s), steps, 2, &r, err) < 0)
        return -1;
    *ret_recent = (size_t)pg_i64(r, 0, 0);
    return 0;
}

static int op_hold(struct plan_store *s,
                   const char *kind,
                   int64_t mailbox,
                   const char *field,
                   int64_t run,
                   int64_t *ret_id,
                   struct err *err)
{
    static const struct pg_stmt stmt = {
        "plan_hold",
        "WITH old AS (SELECT id FROM hold WHERE state = 'open' AND kind = $1::text"
        "  AND mailbox IS NOT DISTINCT FROM $2::bigint AND field IS NOT DISTINCT FROM $3::text"
        "  ORDER BY id LIMIT 1),"
        " made AS (INSERT INTO hold (kind, mailbox, field, run) SELECT $1, $2, $3, $4::bigint"
        "  WHERE NOT EXISTS (SELECT FROM old) RETURNING id)"
        " SELECT id FROM old UNION ALL SELECT id FROM made"};
    autovalue(pg_params_release) struct pg_params p = {0};
    autoptr(pg_result_free) struct pg_result *r = NULL;
    pg_put_text(&p, kind);
    plan_pg_put_id(&p, mailbox);
    pg_put_text(&p, field);
    plan_pg_put_id(&p, run);
    if (plan_pg_change(plan_pg(s), &stmt, &p, &r, err) < 0)
        return -1;
    *ret_id = pg_i64(r, 0, 0);
    return 0;
}

static int op_kept(struct plan_store *s,
                   struct arena *a,
                   const int64_t *rock_ids,
                   size_t n_ids,
                   struct plan_kept **ret,
                   size_t *n,
                   struct err *err)
{
    static const struct pg_stmt stmt = {
        "plan_kept", "SELECT l.mailbox, p.key FROM person p JOIN link l ON l.person = p.id"
                     " WHERE p.rock_id = ANY ($1::bigint[]) AND l.state = 'kept' ORDER BY 1, 2"};
    autovalue(pg_params_release) struct pg_params p = {0};
    autoptr(pg_result_free) struct pg_result *r = NULL;
    pg_array(&p, PG_INT8);
    for (size_t i = 0; i < n_ids; i++)
        pg_put_i64(&p, rock_ids[i]);
    pg_array_end(&p);
    if (pg_call(plan_pg(s)->pg, &stmt, &p, &r, err) < 0)
        return -1;
    *n = pg_rows(r);
    *ret = arena_alloc(a, (*n + 1) * sizeof(**ret));
    for (size_t i = 0; i < *n; i++) {
        (*ret)[i].mailbox = pg_i64(r, i, 0);
        pg_uuid(r, i, 1, &(*ret)[i].key);
    }
    return 0;
}

static int op_former_wanted(struct plan_store *s, bool *ret, struct err *err)
{
    static const struct pg_stmt stmt = {
        "plan_former_wanted", "SELECT EXISTS (SELECT FROM mailbox WHERE folder_id IS NULL)"
                              " OR NOT EXISTS (SELECT FROM mailbox)"};
    autoptr(pg_result_free) struct pg_result *r = NULL;
    if (pg_call(plan_pg(s)->pg, &stmt, NULL, &r, err) < 0)
        return -1;
    *ret = pg_bool(r, 0, 0);
    return 0;
}

static int
op_former_write(struct plan_store *s, const struct plan_former *f, size_t n, struct err *err)
{
    static const struct pg_stmt stmt = {
        "plan_former_write",
        "INSERT INTO person_former (rock_id, person) SELECT DISTINCT ON (u.was) u.was, p.id"
        " FROM unnest($1::bigint[], $2::uuid[]) AS u(was, key) JOIN person p ON p.key = u.key"
        " ORDER BY u.was ON CONFLICT (rock_id) DO UPDATE SET person = excluded.person"
        " WHERE person_former.person <> excluded.person"};
    autovalue(pg_params_release) struct pg_params p = {0};
    pg_array(&p, PG_INT8);
    for (size_t i = 0; i < n; i++)
        pg_put_i64(&p, f[i].was);
    pg_array_end(&p);
    pg_array(&p, PG_UUID);
    for (size_t i = 0; i < n; i++)
        pg_put_uuid(&p, &f[i].key);
    pg_array_end(&p);
    return plan_pg_change(plan_pg(s), &stmt, &p, NULL, err);
}

void plan_pg_add_people(struct plan_store_ops *o)
{
    o->former_wanted = op_former_wanted;
    o->former_write = op_former_write;
    o->kept = op_kept;
    o->persons = op_persons;
    o->persons_write = op_persons_write;
    o->bodies = op_bodies;
    o->links = op_links;
    o->emptied = op_emptied;
    o->hold_make = op_hold;
}
