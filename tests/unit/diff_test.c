#include <criterion/criterion.h>

#include "common/core/contact.h"
#include "common/core/diff.h"
#include "tests/unit/core_support.h"

enum { NOTHING = -1 };

static struct diff_want a_want(uint32_t i, uint8_t content, const char *cats)
{
    return (struct diff_want){
        .key = guid_of(i), .person = i + 1, .content = {{content}}, .cats = cats};
}

/* A row that wants what a_want(i, content, cats) says. */
static struct diff_row a_row(uint32_t i, uint8_t content, const char *cats)
{
    struct diff_want w = a_want(i, content, cats);
    struct diff_row r = {
        .key = w.key, .person = w.person, .wanted = true, .has_item = true, .state = LINK_ACTIVE};
    link_state_hash(&w.key, &w.content, w.cats, &r.want);
    return r;
}

/* One row at most against one want at most. */
Test(diff, one_link)
{
    enum { NO_ROW, EMPTY, SAME, OTHER };
    static const struct {
        const char *name;
        bool want;
        int row;
        enum link_state state;
        bool has_item, delete_old;
        int op; /* enum diff_op or NOTHING */
        const char *counted;
    } cases[] = {
        {"new person", true, NO_ROW, 0, false, true, DIFF_WANT, "added"},
        {"unchanged", true, SAME, LINK_ACTIVE, true, true, NOTHING, "same"},
        {"unchanged, not yet written", true, SAME, LINK_ACTIVE, false, true, NOTHING, "same"},
        {"changed", true, OTHER, LINK_ACTIVE, true, true, DIFF_WANT, "changed"},
        {"back before the delete was done", true, EMPTY, LINK_ACTIVE, true, true, DIFF_WANT,
         "added"},
        {"kept person is back, same content", true, SAME, LINK_KEPT, true, false, DIFF_WANT,
         "changed"},
        {"kept person is back, other content", true, OTHER, LINK_KEPT, true, false, DIFF_WANT,
         "changed"},
        {"kept row that wants nothing, back", true, EMPTY, LINK_KEPT, true, false, DIFF_WANT,
         "added"},
        {"hidden, unchanged", true, SAME, LINK_HIDDEN, false, true, NOTHING, "same"},
        {"hidden, changed", true, OTHER, LINK_HIDDEN, false, true, DIFF_WANT, "changed"},
        {"hidden and empty, back", true, EMPTY, LINK_HIDDEN, false, true, DIFF_WANT, "added"},
        {"fell out, old ones go", false, SAME, LINK_ACTIVE, true, true, DIFF_DROP, "dropped"},
        {"fell out, old ones stay", false, SAME, LINK_ACTIVE, true, false, DIFF_KEEP, "kept"},
        {"fell out before it was written", false, SAME, LINK_ACTIVE, false, false, DIFF_DROP,
         "dropped"},
        {"hidden fell out, old ones go", false, SAME, LINK_HIDDEN, true, true, DIFF_DROP,
         "dropped"},
        {"hidden fell out without an item", false, SAME, LINK_HIDDEN, false, false, DIFF_DROP,
         "dropped"},
        {"delete is pending", false, EMPTY, LINK_ACTIVE, true, true, NOTHING, ""},
        {"delete is pending, old ones stay", false, EMPTY, LINK_ACTIVE, true, false, NOTHING, ""},
        {"kept, old ones stay", false, SAME, LINK_KEPT, true, false, NOTHING, ""},
        {"kept, old ones go now", false, SAME, LINK_KEPT, true, true, DIFF_DROP, "dropped"},
        {"kept row that wants nothing, old ones go now", false, EMPTY, LINK_KEPT, true, true,
         DIFF_DROP, "dropped"},
        {"kept row that wants nothing, old ones stay", false, EMPTY, LINK_KEPT, true, false,
         NOTHING, ""},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct diff_want want = a_want(1, 1, "Staff");
        struct diff_row row = a_row(1, cases[i].row == OTHER ? 2 : 1, "Staff");
        struct diff_counts c, expected = {.wanted = cases[i].want};
        diff_changes out = {0};
        row.state = cases[i].state;
        row.has_item = cases[i].has_item;
        row.wanted = cases[i].row != EMPTY;
        diff_mailbox(&want, cases[i].want, &row, cases[i].row != NO_ROW, cases[i].delete_old, &out,
                     &c);
        cr_expect_eq(out.n, cases[i].op == NOTHING ? 0 : 1, "%s", cases[i].name);
        if (out.n && cases[i].op != NOTHING) {
            struct diff_row right = a_row(1, 1, "Staff");
            const struct sha256 none = {0}, *state = cases[i].want ? &right.want : &none;
            cr_expect_eq((int)out.v[0].op, cases[i].op, "%s", cases[i].name);
            cr_expect_eq(out.v[0].row, cases[i].row == NO_ROW ? NULL : &row, "%s", cases[i].name);
            cr_expect_eq(out.v[0].want, cases[i].want ? &want : NULL, "%s", cases[i].name);
            cr_expect_eq(memcmp(&out.v[0].state, state, sizeof(*state)), 0, "%s", cases[i].name);
        }
        expected.added = strcmp(cases[i].counted, "added") == 0;
        expected.changed = strcmp(cases[i].counted, "changed") == 0;
        expected.dropped = strcmp(cases[i].counted, "dropped") == 0;
        expected.kept = strcmp(cases[i].counted, "kept") == 0;
        expected.same = strcmp(cases[i].counted, "same") == 0;
        cr_expect_eq(memcmp(&c, &expected, sizeof(c)), 0, "%s: counts", cases[i].name);
        vec_release(&out);
    }
}

Test(diff, a_category_alone_is_a_change)
{
    struct diff_want want = a_want(1, 1, "Choir\nStaff");
    struct diff_row row = a_row(1, 1, "Staff");
    struct diff_counts c;
    diff_changes out = {0};
    diff_mailbox(&want, 1, &row, 1, true, &out, &c);
    cr_expect(out.n == 1 && c.changed == 1);
    vec_release(&out);
}

Test(diff, appends_to_what_is_there)
{
    struct diff_want want = a_want(1, 1, "");
    struct diff_counts c;
    diff_changes out = {0};
    diff_mailbox(&want, 1, NULL, 0, true, &out, &c);
    diff_mailbox(NULL, 0, NULL, 0, true, &out, &c);
    diff_mailbox(&want, 1, NULL, 0, true, &out, &c);
    cr_expect_eq(out.n, 2);
    vec_release(&out);
}

/* Written from the rules, with a search through everything for each key. */
static int model(const struct diff_want *want, const struct diff_row *row, bool delete_old)
{
    struct sha256 state;
    if (want) {
        if (!row || !row->wanted || row->state == LINK_KEPT)
            return DIFF_WANT;
        link_state_hash(&want->key, &want->content, want->cats, &state);
        return memcmp(&state, &row->want, sizeof(state)) == 0 ? NOTHING : DIFF_WANT;
    }
    if (row->state == LINK_KEPT)
        return delete_old ? DIFF_DROP : NOTHING;
    if (!row->wanted)
        return NOTHING;
    return delete_old || !row->has_item ? DIFF_DROP : DIFF_KEEP;
}

#define UNIVERSE 60

static void check_against_model(uint64_t *seed)
{
    static const char *const cats[] = {"", "Staff", "Following\nStaff"};
    struct diff_want want[UNIVERSE];
    struct diff_row rows[UNIVERSE];
    struct sha256 states[UNIVERSE];
    size_t n_want = 0, n_rows = 0, next = 0;
    bool delete_old = rnd(seed) & 1, states_known = rnd(seed) & 1;
    struct diff_counts c;
    diff_changes out = {0};

    for (uint32_t i = 0; i < UNIVERSE; i++) {
        if (rnd(seed) & 1) {
            want[n_want] = a_want(i, (uint8_t)rnd_below(seed, 2), cats[rnd_below(seed, 3)]);
            link_state_hash(&want[n_want].key, &want[n_want].content, want[n_want].cats,
                            &states[n_want]);
            want[n_want].state = states_known ? &states[n_want] : NULL;
            n_want++;
        }
        if (rnd(seed) & 1) {
            rows[n_rows] = a_row(i, (uint8_t)rnd_below(seed, 2), cats[rnd_below(seed, 3)]);
            rows[n_rows].wanted = rnd(seed) & 3;
            rows[n_rows].has_item = rnd(seed) & 3;
            rows[n_rows++].state = (enum link_state)rnd_below(seed, 3);
        }
    }
    diff_mailbox(want, n_want, rows, n_rows, delete_old, &out, &c);
    for (uint32_t i = 0; i < UNIVERSE; i++) {
        struct guid key = guid_of(i);
        const struct diff_want *w = NULL;
        const struct diff_row *r = NULL;
        for (size_t k = 0; k < n_want; k++)
            w = guid_cmp(&want[k].key, &key) == 0 ? &want[k] : w;
        for (size_t k = 0; k < n_rows; k++)
            r = guid_cmp(&rows[k].key, &key) == 0 ? &rows[k] : r;
        int op = w || r ? model(w, r, delete_old) : NOTHING;
        if (op == NOTHING)
            continue;
        cr_assert_lt(next, out.n);
        cr_assert_eq((int)out.v[next].op, op);
        cr_assert(out.v[next].want == w && out.v[next].row == r);
        if (w)
            cr_assert_eq(memcmp(&out.v[next].state, &states[w - want], sizeof(*states)), 0);
        next++;
    }
    cr_assert_eq(next, out.n);
    cr_assert_eq(c.wanted, n_want);
    cr_assert_eq(c.added + c.changed + c.same, n_want);
    cr_assert_eq(c.added + c.changed + c.dropped + c.kept, out.n);
    vec_release(&out);
}

Test(diff, agrees_with_a_naive_model)
{
    uint64_t seed = 41;
    for (int i = 0; i < 3000; i++)
        check_against_model(&seed);
}
