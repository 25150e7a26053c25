#include <criterion/criterion.h>
#include <string.h>

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
    cr_expect_str_eq(outcome_name(OUT_DONE), "done");
    cr_expect_str_eq(outcome_name(OUT_UNKNOWN), "unknown");
    cr_expect_str_eq(outcome_name(OUT_RETRY_LATER), "retry_later");
    cr_expect_str_eq(outcome_name(OUT_FOLDER_LOST), "folder_lost");
}
