#include <criterion/criterion.h>

#include "tests/unit/core_support.h"

Test(directory, finds_each_person_and_nobody_else)
{
    for (size_t n = 0; n < 40; n++) {
        struct directory *d = a_directory(n);
        struct dir_person *people = arena_alloc(d->arena, (n + 1) * sizeof(*people));
        for (uint32_t i = 0; i < n; i++)
            people[i].key = guid_of(2 * i + 1);
        d->people = people;
        for (uint32_t i = 0; i < n; i++) {
            cr_expect_eq(directory_find_person(d, &people[i].key), i);
            struct guid absent = guid_of(2 * i);
            cr_expect_eq(directory_find_person(d, &absent), -1);
        }
        struct guid last = guid_of((uint32_t)(2 * n));
        cr_expect_eq(directory_find_person(d, &last), -1);
        directory_free(d);
    }
}

Test(directory, finds_groups_by_guid)
{
    struct directory *d = a_directory(0);
    struct dir_group groups[3] = {{.guid = guid_of(1)}, {.guid = guid_of(5)}, {.guid = guid_of(9)}};
    struct guid absent = guid_of(6);
    d->groups = groups;
    d->n_groups = 3;
    for (size_t i = 0; i < 3; i++)
        cr_expect_eq(directory_find_group(d, &groups[i].guid), &groups[i]);
    cr_expect_null(directory_find_group(d, &absent));
    d->n_groups = 0;
    cr_expect_null(directory_find_group(d, &groups[0].guid));
    directory_free(d);
    directory_free(NULL);
}
