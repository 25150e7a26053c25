#include "common/core/diff.h"

#include <assert.h>

#include "common/core/contact.h"

struct differ {
    bool delete_old;
    diff_changes *out;
    struct diff_counts *counts;
};

static void add(struct differ *d,
                enum diff_op op,
                const struct diff_want *want,
                const struct diff_row *row,
                const struct sha256 *state)
{
    vec_reserve(d->out, d->out->n + 1);
    struct diff_change *c = &d->out->v[d->out->n++];
    c->op = op;
    c->want = want;
    c->row = row;
    c->state = state ? *state : (struct sha256){0};
}

static bool right(const struct diff_row *row, const struct sha256 *state)
{
    return row->wanted && row->state != LINK_KEPT &&
           memcmp(row->want.b, state->b, sizeof(state->b)) == 0;
}

/* Someone who should be there; row is NULL when there is none. */
static void person_in(struct differ *d, const struct diff_want *want, const struct diff_row *row)
{
    struct sha256 computed;
    const struct sha256 *state = want->state;

    if (!state) {
        link_state_hash(&want->key, &want->content, want->cats, &computed);
        state = &computed;
    }
    if (row && right(row, state)) {
        d->counts->same++;
        return;
    }
    add(d, DIFF_WANT, want, row, state);
    if (row && row->wanted)
        d->counts->changed++;
    else
        d->counts->added++;
}

/* Someone who should not be there. */
static void person_out(struct differ *d, const struct diff_row *row)
{
    bool kept = row->state == LINK_KEPT;

    if (kept ? !d->delete_old : !row->wanted)
        return;
    if (kept || d->delete_old || !row->has_item) {
        add(d, DIFF_DROP, NULL, row, NULL);
        d->counts->dropped++;
    } else {
        add(d, DIFF_KEEP, NULL, row, NULL);
        d->counts->kept++;
    }
}

void diff_mailbox(const struct diff_want *want,
                  size_t n_want,
                  const struct diff_row *rows,
                  size_t n_rows,
                  bool delete_old,
                  diff_changes *out,
                  struct diff_counts *counts)
{
    struct differ d = {.delete_old = delete_old, .out = out, .counts = counts};
    size_t w = 0, r = 0;

    *counts = (struct diff_counts){.wanted = n_want};
    while (w < n_want || r < n_rows) {
        assert(w == 0 || w >= n_want || guid_cmp(&want[w - 1].key, &want[w].key) < 0);
        assert(r == 0 || r >= n_rows || guid_cmp(&rows[r - 1].key, &rows[r].key) < 0);
        int side = w == n_want ? 1 : r == n_rows ? -1 : guid_cmp(&want[w].key, &rows[r].key);
        if (side > 0) {
            person_out(&d, &rows[r++]);
            continue;
        }
        person_in(&d, &want[w++], side == 0 ? &rows[r] : NULL);
        r += side == 0;
    }
}
