#include <criterion/criterion.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>

#include "common/base/secret.h"

Test(secret, is_a_copy_of_its_own)
{
    char text[] = "hush";
    struct secret *s = secret_new(text, 3);
    text[0] = 'X';
    cr_expect_str_eq(secret_text(s), "hus");
    secret_free(s);
    cr_expect_str_eq(secret_text(NULL), "");
    secret_free(NULL);
}

/* VmFlags of the mapping that p lies in: "dd" is "do not dump". */
Test(secret, its_pages_are_left_out_of_core_dumps)
{
    autoptr(secret_free) struct secret *s = secret_new("hush", 4);
    uintptr_t at = (uintptr_t)secret_text(s);
    FILE *f = fopen("/proc/self/smaps", "r");
    char line[1024];
    bool inside = false, checked = false;
    cr_assert_not_null(f);
    while (fgets(line, sizeof(line), f)) {
        unsigned long from, to;
        if (sscanf(line, "%lx-%lx ", &from, &to) == 2)
            inside = at >= from && at < to;
        if (inside && strncmp(line, "VmFlags:", 8) == 0) {
            checked = true;
            cr_expect_not_null(strstr(line, " dd"), "%s", line);
        }
    }
    fclose(f);
    cr_expect(checked);
}

Test(secret, no_core_means_none)
{
    secret_no_core();
    cr_expect_eq(prctl(PR_GET_DUMPABLE), 0);
}
