/*
 * The C decoders on schemas/examples: valid/ must pass, invalid/ must not.
 * tests/e2e/schema_examples.py judges the same files with the schemas.
 */
#include <criterion/criterion.h>
#include <dirent.h>
#include <stdio.h>

#include "common/base/arena.h"

#include "common/core/message.h"
#include "common/core/prefs.h"

typedef int (*decoder)(const char *p, size_t n, struct err *err);

static int contact_task(const char *p, size_t n, struct err *err)
{
    struct task t;
    return task_decode(p, n, &t, err);
}

static int preferences(const char *p, size_t n, struct err *err)
{
    autoptr(arena_free) struct arena *a = arena_new("prefs", 1 << 20);
    struct prefs prefs;
    return prefs_decode(p, n, a, &prefs, err);
}

/* The file in memory of exactly its size, so that a sanitizer sees one byte too many. */
static char *slurp(const char *path, size_t *ret_n)
{
    FILE *f = fopen(path, "rb");
    cr_assert(f, "cannot open %s", path);
    fseek(f, 0, SEEK_END);
    *ret_n = (size_t)ftell(f);
    rewind(f);
    char *p = malloc(*ret_n ? *ret_n : 1);
    cr_assert_eq(fread(p, 1, *ret_n, f), *ret_n);
    fclose(f);
    return p;
}

static void judge(const char *kind, bool valid, decoder decode)
{
    char folder[256], path[600];
    int seen = 0;

    snprintf(folder, sizeof(folder), "schemas/examples/%s/%s", kind, valid ? "valid" : "invalid");
    DIR *d = opendir(folder);
    cr_assert(d, "cannot open %s: tests run from the project's root", folder);
    for (struct dirent *e; (e = readdir(d));) {
        struct err err = {.text = ""};
        size_t n;
        if (!strstr(e->d_name, ".json"))
            continue;
        snprintf(path, sizeof(path), "%s/%s", folder, e->d_name);
        autofree char *p = slurp(path, &n);
        bool passes = decode(p, n, &err) == 0;
        cr_expect_eq(passes, valid, "%s %s %s", path, passes ? "passes" : "is refused:", err.text);
        cr_expect(passes || (err.code[0] && err.scope == SCOPE_ITEM && err.when == WHEN_NEVER));
        seen++;
    }
    closedir(d);
    cr_expect_geq(seen, 12, "only %d examples in %s", seen, folder);
}

Test(schema_examples, contact_task_decoder_takes_what_is_named_valid)
{
    judge("contact-task", true, contact_task);
}

Test(schema_examples, contact_task_decoder_refuses_what_is_named_invalid)
{
    judge("contact-task", false, contact_task);
}

Test(schema_examples, preferences_decoder_takes_what_is_named_valid)
{
    judge("preferences", true, preferences);
}

Test(schema_examples, preferences_decoder_refuses_what_is_named_invalid)
{
    judge("preferences", false, preferences);
}
