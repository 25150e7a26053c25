#include <criterion/criterion.h>
#include <string.h>

#include "worker/ews/ews_fields.h"

Test(ews_fields, names_every_field_of_a_contact_once)
{
    int seen[CONTACT_FIELD_COUNT] = {0};
    cr_assert_eq(ews_field_count, (size_t)CONTACT_FIELD_COUNT);
    for (size_t i = 0; i < ews_field_count; i++)
        seen[ews_fields[i].field]++;
    for (int f = 0; f < CONTACT_FIELD_COUNT; f++)
        cr_expect_eq(seen[f], 1, "%s", contact_field_name((enum contact_field)f));
}

Test(ews_fields, has_no_path_twice)
{
    for (size_t i = 0; i < ews_field_count; i++) {
        for (size_t k = i + 1; k < ews_field_count; k++) {
            const struct ews_field *a = &ews_fields[i], *b = &ews_fields[k];
            if (!a->uri || !b->uri || strcmp(a->uri, b->uri) != 0)
                continue;
            cr_expect(a->key && b->key && strcmp(a->key, b->key) != 0, "%s", a->uri);
        }
    }
}

/* The encoder opens a dictionary when it begins and closes it when it ends: once each. */
Test(ews_fields, keeps_each_dictionary_and_each_address_in_one_piece)
{
    for (size_t i = 1; i < ews_field_count; i++) {
        const struct ews_field *f = &ews_fields[i], *before = &ews_fields[i - 1];
        for (size_t k = 0; f->dictionary && k + 1 < i; k++) {
            cr_expect(ews_fields[k].dictionary != f->dictionary ||
                          before->dictionary == f->dictionary,
                      "%s", f->uri);
            bool same_address = f->kind == EWS_ADDRESS && ews_fields[k].key == f->key;
            cr_expect(!same_address || before->key == f->key, "%s", f->uri);
        }
    }
}

Test(ews_fields, knows_what_each_kind_needs)
{
    for (size_t i = 0; i < ews_field_count; i++) {
        const struct ews_field *f = &ews_fields[i];
        bool keyed = f->kind == EWS_ENTRY || f->kind == EWS_ADDRESS;
        cr_expect_eq(f->element == NULL, f->kind == EWS_ENTRY);
        cr_expect_eq(f->uri == NULL, f->kind == EWS_TAG);
        cr_expect_eq(f->key != NULL, keyed);
        cr_expect_eq(f->dictionary != NULL, keyed);
    }
}
