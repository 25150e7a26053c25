#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "common/base/str.h"

#include "common/app/settings.h"

TestSuite(settings);

Test(settings, every_default_is_within_its_own_range)
{
    autoptr(conf_free) struct conf *c = conf_new(settings_table, settings_count);
    for (size_t i = 0; i < settings_count; i++) {
        const struct conf_def *d = &settings_table[i];
        if (!d->def || !*d->def)
            continue;
        char line[256];
        struct err err = {0};
        snprintf(line, sizeof(line), "%s=%s", d->name, d->def);
        cr_expect(conf_set(c, line, &err) == 0, "%s: %s", d->name, err.text);
    }
}

Test(settings, each_has_a_line_of_help)
{
    for (size_t i = 0; i < settings_count; i++)
        cr_expect(settings_table[i].help && strlen(settings_table[i].help) > 5, "%s",
                  settings_table[i].name);
}

/* `contact-sync config reference > docs/settings.md` mends it. */
Test(settings, the_reference_page_is_up_to_date)
{
    autovalue(str_release) struct str want = STR_INIT(1 << 20), have = STR_INIT(1 << 20);
    conf_reference(settings_table, settings_count, &want);
    FILE *f = fopen("docs/settings.md", "r");
    cr_assert(f, "docs/settings.md is missing");
    char buf[4096];
    for (size_t n; (n = fread(buf, 1, sizeof(buf), f)) > 0;)
        str_add(&have, buf, n);
    fclose(f);
    cr_expect(want.n == have.n && memcmp(want.p, have.p, want.n) == 0,
              "run: contact-sync config reference > docs/settings.md");
}
