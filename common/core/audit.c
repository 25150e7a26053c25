#include "common/core/audit.h"

#include <string.h>

#include "common/base/map.h"

#include "common/core/contact.h"

static const char *const names[AUDIT_KINDS] = {"missing", "stale", "doubled", "stranger",
                                               "trashed"};

const char *audit_kind_name(enum audit_kind k)
{
    return names[k];
}

void audit_release(struct audit *a)
{
    vec_release(&a->findings);
}

struct seen { /* of one key */
    size_t live, trashed;
    bool stale; /* of a live one */
    bool known; /* a row has it */
};

static void found(struct audit *a, enum audit_kind kind, int64_t person)
{
    a->count[kind]++;
    vec_push(&a->findings, (struct audit_finding){kind, person});
}

static bool is_zero(const struct sha256 *h)
{
    static const struct sha256 zero;
    return memcmp(h, &zero, sizeof(zero)) == 0;
}

static void note_item(struct seen *s,
                      const struct audit_row *row,
                      const struct audit_item *it,
                      const char *folder_id)
{
    if (it->trashed) {
        s->trashed++;
        return;
    }
    s->live++;
    if (row && !is_zero(&row->have))
        s->stale |= !it->hash || item_hash_match(it->hash, folder_id, &row->have) != ITEM_HASH_SAME;
}

static void judge_row(struct audit *a, const struct audit_row *row, const struct seen *s)
{
    bool gone = !s->live && !row->hidden;

    if (gone)
        found(a, s->trashed ? AUDIT_TRASHED : AUDIT_MISSING, row->person);
    else if (s->live > 1)
        found(a, AUDIT_DOUBLED, row->person);
    else if (s->stale)
        found(a, AUDIT_STALE, row->person);
    else
        a->intact++;
}

void audit_compare(const struct audit_row *rows,
                   size_t n_rows,
                   const struct audit_item *items,
                   size_t n_items,
                   const char *folder_id,
                   struct audit *ret)
{
    autoptr(map_free) struct map *by_key = map_new();
    vec(struct seen) seen = {0};

    vec_reserve(&seen, n_rows + n_items + 1);
    for (size_t i = 0; i < n_rows; i++) {
        vec_push(&seen, (struct seen){.known = true});
        map_put(by_key, &rows[i].key, sizeof(rows[i].key), &seen.v[i]);
    }
    for (size_t i = 0; i < n_items; i++) {
        struct seen *s = map_get(by_key, &items[i].key, sizeof(items[i].key));
        if (!s) {
            vec_push(&seen, (struct seen){0});
            s = &seen.v[seen.n - 1];
            map_put(by_key, &items[i].key, sizeof(items[i].key), s);
        }
        note_item(s, s->known ? &rows[s - seen.v] : NULL, &items[i], folder_id);
    }
    for (size_t i = 0; i < n_rows; i++)
        judge_row(ret, &rows[i], &seen.v[i]);
    for (size_t i = n_rows; i < seen.n; i++)
        if (seen.v[i].live)
            found(ret, AUDIT_STRANGER, 0);
    vec_release(&seen);
}

bool audit_repairable(const struct audit *a)
{
    return a->count[AUDIT_MISSING] || a->count[AUDIT_STALE] || a->count[AUDIT_DOUBLED] ||
           a->count[AUDIT_STRANGER];
}
