#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/core/audit.h"
#include "common/core/contact.h"
#include "tests/unit/core_support.h"

enum { ROWS = 40 };
static const char folder[] = "AAMkFolder=", elsewhere[] = "AAMkOther=";

static struct guid key_of(unsigned i)
{
    struct guid g = {{1}};
    g.b[14] = (uint8_t)(i >> 8);
    g.b[15] = (uint8_t)i;
    return g;
}

static struct sha256 state_of(unsigned i)
{
    struct sha256 s;
    sha256_of(&i, sizeof(i), &s);
    return s;
}

static char *hash_of(const char *id, unsigned i)
{
    struct sha256 s = state_of(i);
    char *text = xalloc(ITEM_HASH_TEXT);
    item_hash_format(id, &s, text);
    return text;
}

static size_t count(const struct audit *a, enum audit_kind k)
{
    return a->count[k];
}

/* One row, and the items that the case names. */
static const struct audit_case {
    const char *items; /* s same, o other content, f written for another folder, n no hash, t in the
                          trash */
    bool hidden, unknown;
    int kind; /* -1: intact */
} cases[] = {
    {"s", false, false, -1},
    {"", false, false, AUDIT_MISSING},
    {"o", false, false, AUDIT_STALE},
    {"f", false, false, AUDIT_STALE},
    {"n", false, false, AUDIT_STALE},
    {"ss", false, false, AUDIT_DOUBLED},
    {"so", false, false, AUDIT_DOUBLED},
    {"t", false, false, AUDIT_TRASHED},
    {"st", false, false, -1},
    {"", true, false, -1},
    {"t", true, false, -1},
    {"s", true, false, -1},
    {"o", false, true, -1},
    {"", false, true, AUDIT_MISSING},
    {"oo", false, true, AUDIT_DOUBLED},
};

Test(audit, judges_one_row)
{
    autofree char *same = hash_of(folder, 7), *other = hash_of(folder, 8),
                  *foreign = hash_of(elsewhere, 7);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct audit_case *c = &cases[i];
        struct audit_row row = {
            .person = 5, .key = key_of(7), .have = state_of(7), .hidden = c->hidden};
        struct audit_item items[4];
        size_t n = strlen(c->items);
        autovalue(audit_release) struct audit a = {0};
        if (c->unknown)
            row.have = (struct sha256){0};
        for (size_t k = 0; k < n; k++) {
            char w = c->items[k];
            items[k] = (struct audit_item){.key = key_of(7),
                                           .hash = w == 'o'   ? other
                                                   : w == 'f' ? foreign
                                                   : w == 'n' ? NULL
                                                              : same,
                                           .trashed = w == 't'};
        }
        audit_compare(&row, 1, items, n, folder, &a);
        cr_expect_eq(a.intact, (size_t)(c->kind < 0), "case %zu", i);
        cr_expect_eq(a.findings.n, (size_t)(c->kind >= 0), "case %zu", i);
        for (int k = 0; k < AUDIT_KINDS; k++)
            cr_expect_eq(a.count[k], (size_t)(c->kind == k), "case %zu, %d", i, k);
        if (c->kind >= 0 && a.findings.n == 1)
            cr_expect(a.findings.v[0].kind == (enum audit_kind)c->kind &&
                          a.findings.v[0].person == 5,
                      "case %zu: %s", i, audit_kind_name(a.findings.v[0].kind));
    }
}

/* Operators read these words. */
Test(audit, names_stay)
{
    cr_expect_str_eq(audit_kind_name(AUDIT_MISSING), "missing");
    cr_expect_str_eq(audit_kind_name(AUDIT_STALE), "stale");
    cr_expect_str_eq(audit_kind_name(AUDIT_DOUBLED), "doubled");
    cr_expect_str_eq(audit_kind_name(AUDIT_STRANGER), "stranger");
    cr_expect_str_eq(audit_kind_name(AUDIT_TRASHED), "trashed");
}

Test(audit, repairs_what_is_missing_stale_doubled_or_strange)
{
    for (int k = 0; k < AUDIT_KINDS; k++) {
        struct audit a = {0};
        a.count[k] = 1;
        cr_expect_eq(audit_repairable(&a), k != AUDIT_TRASHED, "%s",
                     audit_kind_name((enum audit_kind)k));
    }
    cr_expect_not(audit_repairable(&(struct audit){0}));
}

Test(audit, a_stranger_counts_once_however_often_it_lies_there)
{
    const struct audit_item items[] = {
        {.key = key_of(1)}, {.key = key_of(1)}, {.key = key_of(2), .trashed = true}};
    autovalue(audit_release) struct audit a = {0};
    audit_compare(NULL, 0, items, 3, folder, &a);
    cr_expect_eq(count(&a, AUDIT_STRANGER), 1);
    cr_assert_eq(a.findings.n, 1);
    cr_expect_eq(a.findings.v[0].person, 0, "nobody that a row knows");
    cr_expect(audit_repairable(&a));
}

Test(audit, what_a_user_threw_away_needs_no_repair)
{
    autofree char *same = hash_of(folder, 7);
    const struct audit_row row = {.person = 5, .key = key_of(7), .have = state_of(7)};
    const struct audit_item it = {.key = key_of(7), .hash = same, .trashed = true};
    autovalue(audit_release) struct audit a = {0};
    audit_compare(&row, 1, &it, 1, folder, &a);
    cr_expect_eq(count(&a, AUDIT_TRASHED), 1);
    cr_expect_not(audit_repairable(&a));
}

/* Each row is intact or has one finding; each live key without a row is a stranger: counted the
 * slow way. */
Test(audit, every_row_and_every_key_is_accounted_for)
{
    uint64_t seed = 11;
    for (int round = 0; round < 500; round++) {
        struct audit_row rows[ROWS];
        struct audit_item items[4 * ROWS];
        size_t n = rnd_below(&seed, ROWS), n_items = rnd_below(&seed, 4 * ROWS), strangers = 0;
        autovalue(audit_release) struct audit a = {0};
        for (size_t i = 0; i < n; i++)
            rows[i] = (struct audit_row){.person = (int64_t)i + 1,
                                         .key = key_of((unsigned)i),
                                         .have = state_of((unsigned)i)};
        for (size_t i = 0; i < n_items; i++) {
            unsigned k = (unsigned)rnd_below(&seed, 2 * ROWS);
            items[i] = (struct audit_item){.key = key_of(k),
                                           .hash = rnd_below(&seed, 4) ? hash_of(folder, k) : NULL,
                                           .trashed = rnd_below(&seed, 5) == 0};
        }
        for (unsigned k = (unsigned)n; k < 2 * ROWS; k++) {
            bool live = false;
            struct guid g = key_of(k);
            for (size_t i = 0; i < n_items; i++)
                live |= !items[i].trashed && memcmp(&items[i].key, &g, sizeof(g)) == 0;
            strangers += live;
        }
        audit_compare(rows, n, items, n_items, folder, &a);
        cr_assert_eq(count(&a, AUDIT_STRANGER), strangers);
        cr_assert_eq(a.intact + a.findings.n - strangers, n);
        for (size_t i = 0; i < n_items; i++)
            free((void *)(uintptr_t)items[i].hash);
    }
}
