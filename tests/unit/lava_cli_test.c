/* contact-sync lava: what it writes, where, and how it ends. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <criterion/redirect.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/cleanup.h"

#include "cli/cli.h"

static char folder[] = "/tmp/lava-cli-XXXXXX";
static char paths[4][64];

/* Programs refuse variables of this prefix that are no settings; the test run has some of its own.
 */
static void clear_environment(void)
{
    for (char **e = environ; *e;) {
        char name[128] = "";
        if (strncmp(*e, "CONTACT_SYNC_", 13) == 0)
            snprintf(name, sizeof(name), "%.*s", (int)strcspn(*e, "="), *e);
        if (*name)
            unsetenv(name); /* moves the others up */
        else
            e++;
    }
}

static void set_up(void)
{
    clear_environment();
    cr_assert(mkdtemp(folder) != NULL);
    cr_redirect_stdout();
    cr_redirect_stderr();
}

static void tear_down(void)
{
    for (size_t i = 0; i < ARRAY_LEN(paths); i++)
        if (*paths[i])
            unlink(paths[i]);
    rmdir(folder);
}

static char *file(size_t i, const char *text)
{
    snprintf(paths[i], sizeof(paths[i]), "%s/%zu", folder, i);
    FILE *f = fopen(paths[i], "we");
    cr_assert(f != NULL);
    fputs(text, f);
    fclose(f);
    return paths[i];
}

#define RUN(...) run_words((char *[]){(char *)"contact-sync", (char *)"lava", __VA_ARGS__, NULL})
#define WORD(s)  ((char *)(uintptr_t)(s))

static int run_words(char **argv)
{
    int argc = 0;

    while (argv[argc])
        argc++;
    int code = cli_program(argc, argv);
    fflush(stdout);
    fflush(stderr);
    return code;
}

TestSuite(lava_cli, .init = set_up, .fini = tear_down);

Test(lava_cli, renders_to_stdout_and_adds_nothing)
{
    char *t = file(0, "{{ Person.NickName }} {{ 'Now' | Date:'yyyy-MM-dd HH:mm' }}");
    char *d = file(1, "{\"Person\": {\"NickName\": \"Ted\"}}");

    cr_expect(eq(int,
                 RUN(WORD("render"), WORD("--template"), t, WORD("--data"), d, WORD("--now"),
                     WORD("2026-01-31T14:00:00Z"), WORD("--tz"), WORD("America/New_York")),
                 0));
    cr_assert_stdout_eq_str("Ted 2026-01-31 09:00");
}

Test(lava_cli, takes_files_for_include)
{
    char *t = file(0, "{% include 'p', x: 1 %}"), *p = file(1, "{\"p\": \"[{{ x }}]\"}");

    cr_expect(eq(int, RUN(WORD("render"), WORD("--template"), t, WORD("--templates"), p), 0));
    cr_assert_stdout_eq_str("[1]");
}

Test(lava_cli, says_where_an_error_is)
{
    char *t = file(0, "a\n{{ x | }}"), want[160];

    cr_expect(eq(int, RUN(WORD("render"), WORD("--template"), t), 65));
    snprintf(want, sizeof(want),
             "%s:2:8: expected the name of a filter behind '|', found the end\n", t);
    cr_assert_stderr_eq_str(want);
}

Test(lava_cli, tells_missing_files_from_bad_ones_and_from_wrong_use)
{
    char *t = file(0, "a"), *bad = file(1, "[1]");

    cr_expect(eq(int, RUN(WORD("render"), WORD("--template"), WORD("/nonexistent/t")), 66));
    cr_expect(eq(int, RUN(WORD("render"), WORD("--template"), t, WORD("--data"), bad), 65));
    cr_expect(
        eq(int, RUN(WORD("render"), WORD("--template"), t, WORD("--tz"), WORD("No/Where")), 65));
    cr_expect(eq(int, RUN(WORD("render"), WORD("--template"), t, WORD("--now"), WORD("soon")), 64));
    cr_expect(eq(int, RUN(WORD("render")), 64));
    cr_expect(eq(int, RUN(WORD("render"), WORD("--what")), 64));
    cr_expect(eq(int, RUN(WORD("check"), WORD("--template"), t, WORD("--data"), bad), 64));
    cr_expect(eq(int, RUN(WORD("nonsense")), 64));
    cr_expect(eq(int, RUN(WORD("vectors"), WORD("/nonexistent/v")), 66));
    cr_expect(eq(int, RUN(WORD("vectors"), bad), 65));
}

Test(lava_cli, check_ends_well_with_warnings_only)
{
    char *t = file(0, "{{ Person.Email | Uppcase }}"), want[160];

    cr_expect(eq(int, RUN(WORD("check"), WORD("--template"), t), 0));
    snprintf(want, sizeof(want),
             "%s:1:19: warning: there is no filter 'Uppcase', it does nothing; 'Upcase'?\n", t);
    cr_assert_stderr_eq_str(want);
    cr_assert_stdout_eq_str("Person.Email\n");
}

Test(lava_cli, check_fails_for_what_cannot_be_saved)
{
    char *t = file(0, "{{ CurrentPerson.Email }}");

    cr_expect(eq(int, RUN(WORD("check"), WORD("--template"), t), 65));
}
