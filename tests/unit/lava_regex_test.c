#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/arena.h"
#include "common/base/str.h"

#include "common/core/lava/lava_regex.h"

#define LEN(a) (sizeof(a) / sizeof((a)[0]))

static int add(void *user, const char *p, size_t n)
{
    str_add(user, p, n);
    return 0;
}

/* The replaced text, or "error: ..."; static memory. */
static const char *
replaced(const char *pattern, unsigned options, const char *s, size_t n, const char *by)
{
    static char text[4096];
    autovalue(str_release) struct str out = STR_INIT(sizeof(text) - 1);
    uint64_t budget = LAVA_REGEX_BUDGET;
    struct err err;
    autoptr(lava_regex_free) struct lava_regex *re =
        lava_regex_new(NULL, pattern, strlen(pattern), options, &err);

    if (!re || lava_regex_replace(re, &budget, s, n, by, strlen(by), add, &out, &err) < 0)
        snprintf(text, sizeof(text), "error: %s", err.text);
    else
        snprintf(text, sizeof(text), "%s", out.p);
    return text;
}

Test(lava_regex, replaces_as_dotnet_does)
{
    static const struct {
        const char *pattern;
        unsigned options;
        const char *s, *by, *want;
    } rows[] = {
        {"[Hh]ello (\\w+)", 0, "Hello Ted, how are you?", "Greetings $1",
         "Greetings Ted, how are you?"},
        {"x*", 0, "axb", "-", "-a--b-"},
        {"", 0, "ab", "-", "-a-b-"},
        {"b", 0, "abc", "[$&$`$'$_$$]", "a[bacabc$]c"},
        {"(a)(b)?", 0, "ac", "<$1$2$+>", "<a>c"},
        {"(a)", 0, "a", "$2 $ ${ ${x} $a $1", "$2 $ ${ ${x} $a a"},
        {"(a)", 0, "a", "$10 ${1}0", "a0 a0"},
        {"(?<first>a)(b)", 0, "ab", "$1-$2-${first}", "b-a-a"},
        {"(?'q'a)\\k<q>", 0, "aa", "${q}", "a"},
        {"É", LAVA_REGEX_IGNORE_CASE, "é", "e", "e"},
        {"^b$", 0, "a\nb\nc", "-", "a\nb\nc"},
        {"^b$", LAVA_REGEX_MULTILINE, "a\nb\nc", "-", "a\n-\nc"},
        {"b$", 0, "ab\n", "-", "a-\n"},
        {"b\\z", 0, "ab\n", "-", "ab\n"},
        {".", 0, "a\n\r", "-", "-\n-"},
        {"\\u00e9\\v", 0, "\xc3\xa9\v\n", "-", "-\n"},
        {"\\ud83d\\ude00", 0, "\xf0\x9f\x98\x80", "-", "-"},
        {"\\d+", 0, "12 \xd9\xa3", "#", "# #"},
        {"[[:alpha:]]", 0, "a:]l]", "#", "a##"},
        {"[]a]", 0, "]a", "#", "##"},
        {"a{,2}", 0, "a{,2}", "#", "#"},
        {"a{2}?b{1,}", 0, "aabb", "#", "#"},
        {"(?i:A)b(?#note)", 0, "ab", "#", "#"},
        {"(?<=a)b(?!c)", 0, "abc ab", "#", "abc a#"},
    };

    for (size_t i = 0; i < LEN(rows); i++) {
        const char *got =
            replaced(rows[i].pattern, rows[i].options, rows[i].s, strlen(rows[i].s), rows[i].by);
        cr_expect(strcmp(got, rows[i].want) == 0, "%s on %s: %s", rows[i].pattern, rows[i].s, got);
    }
}

Test(lava_regex, refuses_what_one_of_the_two_does_not_know)
{
    static const char *const patterns[] = {
        "(",
        ")",
        "[a",
        "a\\",
        "a**",
        "a++",
        "a{2}{3}",
        "a??+",
        "*a",
        "(*UTF)a",
        "(?R)",
        "(?P<a>b)",
        "\\Ka",
        "\\Qa\\E",
        "\\C",
        "\\R",
        "[a-z-[aeiou]]",
        "(?<a-b>c)",
        "\\p{IsGreek}",
        "(?<=a+)b",
        "\\uD83D",
        "\\u12",
        "[\\A]",
        "\xff",
        "(a{1,1000}){1,1000}",
        "(?1)(a)",
        "\\g1(a)",
        "(?C)a",
        "\\1",
    };
    struct err err;

    for (size_t i = 0; i < LEN(patterns); i++) {
        struct lava_regex *re = lava_regex_new(NULL, patterns[i], strlen(patterns[i]), 0, &err);
        cr_expect(re == NULL, "%s", patterns[i]);
        cr_expect(re || strstr(err.text, "regular expression: ") == err.text, "%s: %s", patterns[i],
                  err.text);
        lava_regex_free(re);
    }
    char many[LAVA_REGEX_MAX_GROUPS * 3 + 1];
    for (size_t i = 0; i < LAVA_REGEX_MAX_GROUPS; i++)
        memcpy(many + 3 * i, "(a)", 3);
    cr_expect(lava_regex_new(NULL, many, sizeof(many) - 1, 0, &err) == NULL, "51 groups");
    char *longest = calloc(1, LAVA_REGEX_MAX_PATTERN + 1);
    memset(longest, 'a', LAVA_REGEX_MAX_PATTERN + 1);
    cr_expect(lava_regex_new(NULL, longest, LAVA_REGEX_MAX_PATTERN + 1, 0, &err) == NULL);
    free(longest);
}

Test(lava_regex, backtracking_ends_with_an_error)
{
    static const char *const patterns[] = {"(a+)+$",          "(a|aa)+$",
                                           "(a*)*[b-d]",      "(.*)*[x-z]",
                                           "(a|a?)+[c-e]",    "^(([a-z])+.)+[A-Z]([a-z])+$",
                                           "(?:a*){200}[c-e]"};
    char s[60];

    memset(s, 'a', sizeof(s));
    s[sizeof(s) - 1] = '!';
    for (size_t i = 0; i < LEN(patterns); i++) {
        const char *got = replaced(patterns[i], 0, s, sizeof(s), "");
        cr_expect(strncmp(got, "error: ", 7) == 0, "%s", patterns[i]);
    }
}

Test(lava_regex, a_long_subject_costs_more)
{
    enum { N = 1 << 20 };
    char *s = malloc(N);
    struct lava_match groups[LAVA_REGEX_MAX_GROUPS];
    uint64_t budget = LAVA_REGEX_BUDGET;
    struct err err;

    memset(s, 'a', N);
    autoptr(lava_regex_free) struct lava_regex *re = lava_regex_new(NULL, "(?>a*)b|b", 9, 0, &err);
    cr_assert(re != NULL);
    cr_expect(lava_regex_match(re, &budget, s, N, 0, groups, &err) <= 0);
    cr_expect(budget < LAVA_REGEX_BUDGET - N / 256);
    budget = 10;
    cr_expect(lava_regex_match(re, &budget, s, N, 0, groups, &err) == -1,
              "nothing left to pay with");
    cr_expect(eq(u64, budget, 10));
    free(s);
}

Test(lava_regex, bytes_that_are_no_text_match_nothing)
{
    const char *got = replaced("a", 0,
                               "\xff"
                               "a\xfe",
                               3, "b");

    cr_expect(strcmp(got, "\xff"
                          "b\xfe") == 0);
    cr_expect(strcmp(replaced(".", 0, "\xe2\x82", 2, "b"), "\xe2\x82") == 0);
    cr_expect(strcmp(replaced("^$", 0, NULL, 0, "b"), "b") == 0);
}

Test(lava_regex, in_an_arena_it_needs_no_freeing)
{
    autoptr(arena_free) struct arena *a = arena_new("regex test", 1 << 20);
    struct lava_match groups[LAVA_REGEX_MAX_GROUPS];
    uint64_t budget = LAVA_REGEX_BUDGET;
    struct err err;
    struct lava_regex *re = lava_regex_new(a, "(\\d+)-(\\d+)", 11, 0, &err);

    cr_assert(re != NULL);
    cr_expect(eq(sz, lava_regex_groups(re), 3));
    cr_expect(arena_bytes(a) < 2048);
    cr_expect(lava_regex_match(re, &budget, "x 12-3", 6, 0, groups, &err) == 1);
    cr_expect(groups[0].start == 2 && groups[0].end == 6 && groups[2].start == 5);
    cr_expect(lava_regex_match(re, &budget, "x 12-3", 6, 5, groups, &err) == 0);
    lava_regex_free(re);
}
