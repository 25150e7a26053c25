#include <criterion/criterion.h>
#include <string.h>

#include "common/base/cleanup.h"

#include "common/core/outcome.h"

Test(outcome, each_has_a_name_of_its_own_fit_for_a_metric_label)
{
    for (int o = OUT_DONE; o <= OUT_FOLDER_LOST; o++) {
        const char *name = outcome_name((enum outcome)o);
        cr_assert(name && *name);
        cr_expect_eq(strspn(name, "abcdefghijklmnopqrstuvwxyz_"), strlen(name));
        for (int other = OUT_DONE; other < o; other++)
            cr_expect_str_neq(name, outcome_name((enum outcome)other));
    }
}

/* Rows and dashboards hold these words. */
Test(outcome, names_stay)
{
    static const char *const names[] = {
        [OUT_DONE] = "done",
        [OUT_UNKNOWN] = "unknown",
        [OUT_NOT_TRIED] = "not_tried",
        [OUT_RETRY_SOON] = "retry_soon",
        [OUT_RETRY_LATER] = "retry_later",
        [OUT_GONE] = "gone",
        [OUT_CONFLICT] = "conflict",
        [OUT_SPLIT] = "split",
        [OUT_DEAD] = "dead",
        [OUT_PARK] = "park",
        [OUT_STOP] = "stop",
        [OUT_FOLDER_LOST] = "folder_lost",
    };
    cr_assert_eq(ARRAY_LEN(names), (size_t)OUT_FOLDER_LOST + 1);
    for (size_t o = 0; o < ARRAY_LEN(names); o++)
        cr_expect_str_eq(outcome_name((enum outcome)o), names[o]);
}
