#include "producer/rock/rock_table.h"

#include <string.h>

/* ---- walks with filters of their own ---- */

struct walks {
    vec(struct rock_walk) w;
};

static void add_walk(struct walks *ws, const struct rock_walk *like, struct rock_filter *filter)
{
    vec_push(&ws->w, *like);
    ws->w.v[ws->w.n - 1].filter = filter ? str_steal(&filter->text) : NULL;
}

static void walks_release(struct walks *ws)
{
    vec_foreach (w, &ws->w)
        free((char *)(uintptr_t)w->filter);
    vec_release(&ws->w);
}
CLEANUP_VALUE(struct walks, walks_release);

static int
run(struct rock_fetch *f, struct walks *ws, const struct rock_progress *progress, struct err *err)
{
    return rock_fetch_run(f, ws->w.v, ws->w.n, progress, err);
}

/* ---- last id ---- */

static void keep_id(const struct js *row, int64_t id, void *user)
{
    (void)row;
    *(int64_t *)user = id;
}

int rock_table_last_id(struct rock_fetch *f,
                       const struct rock_list *list,
                       int64_t *ret,
                       struct err *err)
{
    struct rock_list newest = {.controller = list->controller,
                               .select = "Id",
                               .include_deceased = list->include_deceased,
                               .newest = true};
    struct rock_walk w = {.list = &newest, .expect = 1, .row = keep_id, .user = ret, .top_max = 1};

    *ret = 0;
    return rock_fetch_run(f, &w, 1, NULL, err);
}

/* ---- the two ways ---- */

bool rock_table_walk_is_cheaper(
    size_t n_ids, size_t per_batch, bool unique, uint64_t rows_max, unsigned page, unsigned ranges)
{
    /* Where an id may have any number of rows, an empty page tells the end of its batch. */
    uint64_t by_batch = (n_ids + per_batch - 1) / per_batch * (unique ? 1 : 2);
    uint64_t by_walk = rows_max / page + 2 * (uint64_t)ranges;

    return by_walk < by_batch;
}

static void put_base(const struct rock_filter *base, struct rock_filter *out)
{
    if (!base)
        return;
    str_add(&out->text, base->text.p, base->text.n);
    out->nodes = base->nodes;
    out->terms = base->terms;
}

static size_t room_of(const struct rock_table *t)
{
    struct rock_filter empty = ROCK_FILTER_INIT;
    size_t room = rock_filter_room(t->base ? t->base : &empty, t->key);

    return room ? room : 1;
}

static void add_batches(const struct rock_table *t, struct walks *ws)
{
    size_t room = room_of(t);

    for (size_t i = 0; i < t->ids->n; i += room) {
        size_t n = t->ids->n - i < room ? t->ids->n - i : room;
        autovalue(rock_filter_release) struct rock_filter filter = ROCK_FILTER_INIT;
        put_base(t->base, &filter);
        rock_filter_ids(&filter, t->key, t->ids->v + i, n);
        const struct rock_walk w = {
            .list = t->list, .expect = t->unique ? n : 0, .row = t->row, .user = t->user};
        add_walk(ws, &w, &filter);
    }
}

/* The last range has no upper bound: rows that are added meanwhile are in it. */
static void add_ranges(const struct rock_table *t, int64_t last, unsigned ranges, struct walks *ws)
{
    for (unsigned i = 0; i < ranges; i++) {
        autovalue(rock_filter_release) struct rock_filter filter = ROCK_FILTER_INIT;
        put_base(t->base, &filter);
        const struct rock_walk w = {.list = t->list,
                                    .after = last * i / ranges,
                                    .until = i + 1 < ranges ? last * (i + 1) / ranges : 0,
                                    .twice = true,
                                    .row = t->row,
                                    .user = t->user};
        add_walk(ws, &w, &filter);
    }
}

int rock_table_read(struct rock_fetch *f,
                    const struct rock_table *t,
                    const struct rock_progress *progress,
                    struct err *err)
{
    autovalue(walks_release) struct walks ws = {0};
    unsigned ranges = rock_fetch_connections(f), page = rock_fetch_page(f);
    size_t room = room_of(t);
    int64_t last = 0;

    if (!t->ids->n)
        return 0;
    /* Asking for the last id is a request too: only where a walk over nothing would be cheaper. */
    bool walk = rock_table_walk_is_cheaper(t->ids->n, room, t->unique, page, page, ranges);
    if (walk) {
        if (rock_table_last_id(f, t->list, &last, err) < 0)
            return -1;
        uint64_t rows = (uint64_t)last;
        if (t->rows_max && t->rows_max < rows)
            rows = t->rows_max;
        walk = rock_table_walk_is_cheaper(t->ids->n, room, t->unique, rows, page, ranges);
    }
    if (walk)
        add_ranges(t, last, ranges, &ws);
    else
        add_batches(t, &ws);
    return run(f, &ws, progress, err);
}

struct by_guid { /* rows of a reading by Guid, on their way to the caller */
    rock_row row;
    void *user;
    vec(struct guid) found;
};

static void on_guid(const struct js *row, int64_t id, void *user)
{
    struct by_guid *g = user;
    struct guid guid;

    if (!js_guid(row, "Guid", &guid))
        return;
    vec_push(&g->found, guid);
    g->row(row, id, g->user);
}

static int compare_guids(const void *x, const void *y)
{
    return guid_cmp(x, y);
}

static int read_guids(struct rock_fetch *f,
                      const struct rock_list *list,
                      const struct guid *guids,
                      size_t n,
                      struct by_guid *g,
                      struct err *err)
{
    autovalue(walks_release) struct walks ws = {0};
    struct rock_filter empty = ROCK_FILTER_INIT;
    size_t room = rock_filter_room(&empty, &rock_col_guid);

    for (size_t i = 0; i < n; i += room) {
        size_t k = n - i < room ? n - i : room;
        autovalue(rock_filter_release) struct rock_filter filter = ROCK_FILTER_INIT;
        rock_filter_guids(&filter, &rock_col_guid, guids + i, k);
        const struct rock_walk w = {.list = list, .expect = k, .row = on_guid, .user = g};
        add_walk(&ws, &w, &filter);
    }
    if (run(f, &ws, NULL, err) < 0)
        return -1;
    if (g->found.n)
        qsort(g->found.v, g->found.n, sizeof(*g->found.v), compare_guids);
    return 0;
}

int rock_table_read_guids(struct rock_fetch *f,
                          const struct rock_list *list,
                          const struct guid *guids,
                          size_t n,
                          rock_row row,
                          void *user,
                          struct err *err)
{
    struct by_guid g = {.row = row, .user = user};
    autofree struct guid *again = xalloc((n + 1) * sizeof(*again));
    size_t k = 0;
    int rc = read_guids(f, list, guids, n, &g, err);

    for (size_t i = 0; rc == 0 && i < n; i++)
        if (!g.found.n ||
            !bsearch(&guids[i], g.found.v, g.found.n, sizeof(*g.found.v), compare_guids))
            again[k++] = guids[i];
    if (rc == 0 && k)
        rc = read_guids(f, list, again, k, &g, err);
    vec_release(&g.found);
    return rc;
}

int rock_table_walk(struct rock_fetch *f,
                    const struct rock_list *list,
                    const struct rock_filter *filter,
                    rock_row row,
                    void *user,
                    struct err *err)
{
    struct rock_walk w = {.list = list,
                          .filter = filter ? filter->text.p : NULL,
                          .twice = true,
                          .row = row,
                          .user = user};

    return rock_fetch_run(f, &w, 1, NULL, err);
}
