#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/arena.h"
#include "common/base/str.h"
#include "common/base/text.h"

#define FFFD "\xef\xbf\xbd"
#define CGJ  "\xcd\x8f"

static struct arena *arena;

static void setup(void)
{
    arena = arena_new("text_test", 256 << 20);
}

static void teardown(void)
{
    arena_free(arena);
}

TestSuite(text, .init = setup, .fini = teardown);

/* NULL as text, so that tables can hold it. */
static char *shown(const char *s)
{
    return s ? arena_strdup(arena, s) : arena_strdup(arena, "(null)");
}

static const struct {
    const char *name, *in;
    size_t n; /* 0: strlen */
    size_t max;
    bool multiline;
    char *want;
} clean_rows[] = {
    {"plain", "Ted Decker", 0, 100, false, "Ted Decker"},
    {"nothing", "", 0, 100, false, "(null)"},
    {"only blanks", " \t\r\n\x01 ", 0, 100, false, "(null)"},
    {"only wide blanks", "\xc2\xa0\xe3\x80\x80", 0, 100, false, "(null)"},
    {"trimmed", "  a b\t\n", 0, 100, false, "a b"},
    {"trimmed of wide blanks", "\xc2\xa0 a \xe3\x80\x80", 0, 100, false, "a"},
    {"NUL inside", "a\0b", 3, 100, false, "a b"},
    {"controls are blanks",
     "a\x01\x0b\x1f\x7f\xc2\x9b"
     "b",
     0, 100, false, "a     b"},
    {"line breaks are blanks",
     "a\r\nb\nc\rd\xe2\x80\xa8"
     "e\xc2\x85"
     "f",
     0, 100, false, "a b c d e f"},
    {"line breaks are kept",
     "a\r\nb\nc\rd\xe2\x80\xa9"
     "e\r",
     0, 100, true, "a\nb\nc\nd\ne"},
    {"CR CR LF is two lines", "a\r\r\nb", 0, 100, true, "a\n\nb"},
    {"CR before a break of its own",
     "a\r\xc2\x85"
     "b",
     0, 100, true, "a\n\nb"},
    {"lone continuation", "a\x80z", 0, 100, false, "a" FFFD "z"},
    {"never valid", "\xff\xfe\xc0\xc1", 0, 100, false, FFFD FFFD FFFD FFFD},
    {"overlong slash", "\xc0\xaf", 0, 100, false, FFFD FFFD},
    {"overlong in three", "\xe0\x9f\xbf", 0, 100, false, FFFD FFFD FFFD},
    {"surrogate", "\xed\xa0\x80", 0, 100, false, FFFD FFFD FFFD},
    {"above the last", "\xf4\x90\x80\x80", 0, 100, false, FFFD FFFD FFFD FFFD},
    {"cut sequence is one mark", "\xe2\x82", 0, 100, false, FFFD},
    {"cut sequence before a letter", "\xf0\x9f\x98z", 0, 100, false, FFFD "z"},
    {"U+FFFE and U+FFFF", "\xef\xbf\xbe\xef\xbf\xbf", 0, 100, false, FFFD FFFD},
    {"U+FFFD stays", FFFD, 0, 100, false, FFFD},
    {"composed", "e\xcc\x81", 0, 100, false, "\xc3\xa9"},
    {"composed stays", "\xc3\xa9", 0, 100, false, "\xc3\xa9"},
    {"marks are put in order", "a\xcc\x81\xcc\xa3", 0, 100, false, "\xe1\xba\xa1\xcc\x81"},
    {"Hangul", "\xe1\x84\x92\xe1\x85\xa1\xe1\x86\xab", 0, 100, false, "\xed\x95\x9c"},
    {"compatibility forms stay", "\xef\xac\x81 \xe2\x91\xa0", 0, 100, false,
     "\xef\xac\x81 \xe2\x91\xa0"},
    {"singleton", "\xe2\x84\xab", 0, 100, false, "\xc3\x85"},
    {"emoji with joiner", "\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x92\xbb", 0, 100, false,
     "\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x92\xbb"},
    {"right to left", "\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d", 0, 100, false,
     "\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d"},
    {"cut", "abcdef", 0, 3, false, "abc"},
    {"cut, then trimmed", "ab cd", 0, 3, false, "ab"},
    {"cut before a character", "ab\xc3\xa9", 0, 3, false, "ab"},
    {"cut to nothing", "\xc3\xa9", 0, 1, false, "(null)"},
    {"max 0", "a", 0, 0, false, "(null)"},
    {"cut counts the composed form", "e\xcc\x81", 0, 2, false, "\xc3\xa9"},
};

Test(text, clean_rows)
{
    for (size_t i = 0; i < sizeof(clean_rows) / sizeof(clean_rows[0]); i++) {
        size_t n = clean_rows[i].n ? clean_rows[i].n : strlen(clean_rows[i].in);
        char *in = n ? memcpy(malloc(n), clean_rows[i].in, n) : malloc(1); /* no NUL behind it */

        cr_expect(eq(str,
                     shown(text_clean(arena, in, n, clean_rows[i].max, clean_rows[i].multiline)),
                     clean_rows[i].want),
                  "%s", clean_rows[i].name);
        free(in);
    }
    cr_expect(text_clean(arena, NULL, 0, 10, false) == NULL);
}

Test(text, clean_of_random_bytes_is_clean_and_stays_as_it_is)
{
    static const char *const parts[] = {
        "a",
        " ",
        "\n",
        "\r\n",
        "\x80",
        "\xe2\x82",
        "e\xcc\x81",
        "\xcc\xa3",
        "\xed\x95\x9c",
        "\xff",
        "\xe1\x84\x92\xe1\x85\xa1",
        "\xf0\x9f\x98\x80",
        "\xc2\xa0",
        "\xcd\x84",
        "\xe2\x84\xab",
    };
    unsigned seed = 7;

    for (int i = 0; i < 20000; i++) {
        autovalue(str_release) struct str in = STR_INIT(400);
        size_t max = (size_t)rand_r(&seed) % 60;
        bool multiline = i & 1;

        for (int k = rand_r(&seed) % 40; k > 0; k--)
            str_puts(&in, parts[(size_t)rand_r(&seed) % ARRAY_LEN(parts)]);
        const char *once = text_clean(arena, in.p, in.n, max, multiline);

        if (!once)
            continue;
        size_t n = strlen(once);

        cr_assert(le(sz, n, max));
        cr_assert(text_is_utf8(once, n));
        cr_assert(multiline || !strchr(once, '\n'));
        cr_assert(once[0] != ' ' && once[n - 1] != ' ' && once[n - 1] != '\n');
        cr_assert(eq(str, shown(text_clean(arena, once, n, max, multiline)), shown(once)));
        arena_reset(arena);
    }
}

Test(text, clean_takes_huge_fields_and_cuts_them)
{
    enum { N = 10 << 20 };
    static const char *const units[] = {"x",    " ",        "e\xcc\x81", "\xcc\x81\xcc\xa3",
                                        "\xff", "\xe2\x82", "\n"};
    char *in = malloc(N);

    for (size_t u = 0; u < sizeof(units) / sizeof(units[0]); u++) {
        size_t len = strlen(units[u]);

        for (size_t i = 0; i + len <= N; i += len)
            memcpy(in + i, units[u], len);
        const char *s = text_clean(arena, in, N / len * len, 1000, false);

        if (*units[u] == ' ' || *units[u] == '\n')
            cr_expect(s == NULL);
        else
            cr_expect(ge(sz, strlen(s), 998));
    }
    free(in);
}

/* Sorting a run of marks by their class takes quadratic time: this one would take minutes. */
Test(text, clean_breaks_up_endless_runs_of_marks, .timeout = 20)
{
    enum { N = 2 << 20 };
    char *in = malloc(N);

    for (size_t i = 0; i < N; i += 4)
        memcpy(in + i, "\xcc\x81\xcc\xa3", 4);
    const char *s = text_clean(arena, in, N, N, false);

    cr_assert(s != NULL);
    cr_expect(strstr(s, CGJ) != NULL);
    free(in);
}

Test(text, clean_leaves_thirty_marks_alone)
{
    char in[200] = "a", *p = in + 1;

    for (int i = 0; i < 30; i++, p += 2)
        memcpy(p, "\xcc\xa3", 3);
    const char *s = text_clean(arena, in, strlen(in), 1000, false);

    cr_expect(strstr(s, CGJ) == NULL);
    memcpy(p, "\xcc\xa3", 3);
    s = text_clean(arena, in, strlen(in), 1000, false);
    cr_expect(strstr(s, CGJ) != NULL);
}

Test(text, is_utf8_knows_every_character_and_no_other)
{
    for (unsigned cp = 0; cp < 0x120000; cp++) {
        char s[4];
        size_t n;
        bool want = cp < 0xd800 || (cp > 0xdfff && cp <= 0x10ffff);

        if (cp < 0x80) {
            s[0] = (char)cp, n = 1;
        } else if (cp < 0x800) {
            s[0] = (char)(0xc0 | cp >> 6), s[1] = (char)(0x80 | (cp & 63)), n = 2;
        } else if (cp < 0x10000) {
            s[0] = (char)(0xe0 | cp >> 12), s[1] = (char)(0x80 | (cp >> 6 & 63));
            s[2] = (char)(0x80 | (cp & 63)), n = 3;
        } else {
            s[0] = (char)(0xf0 | cp >> 18), s[1] = (char)(0x80 | (cp >> 12 & 63));
            s[2] = (char)(0x80 | (cp >> 6 & 63)), s[3] = (char)(0x80 | (cp & 63)), n = 4;
        }
        if (text_is_utf8(s, n) != want || (n > 1 && text_is_utf8(s, n - 1)))
            cr_assert(false, "U+%04X", cp);
    }
    cr_expect(text_is_utf8("", 0));
}

Test(text, cut_ends_on_a_character)
{
    static const char s[] = "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80";
    static const size_t want[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 10};

    for (size_t max = 0; max < sizeof(want) / sizeof(want[0]); max++)
        cr_expect(eq(sz, text_cut(s, 10, max), want[max]), "max %zu", max);
}

Test(text, fold_makes_equal_what_people_take_for_equal)
{
    static const struct {
        const char *a;
        char *want;
    } rows[] = {
        {"Ted@Example.ORG", "ted@example.org"},
        {"STRASSE", "strasse"},
        {"Stra\xc3\x9f"
         "e",
         "strasse"},
        {"\xc3\x89T\xc3\x89", "\xc3\xa9t\xc3\xa9"},
        {"E\xcc\x81t\xc3\xa9", "\xc3\xa9t\xc3\xa9"},
        {"\xef\xac\x81n", "fin"},
        {"\xce\xa3\xcf\x82", "\xcf\x83\xcf\x83"},
        {"", ""},
        {"A\xff"
         "B",
         "a\xff"
         "b"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        cr_expect(eq(str, shown(text_fold(arena, rows[i].a)), rows[i].want));
    cr_expect(text_fold(arena, NULL) == NULL);
}

/* Eight bytes are looked at together where they are ASCII. */
Test(text, a_bad_byte_is_found_wherever_it_stands_among_ascii)
{
    enum { LEN = 40 };
    char s[LEN];

    for (size_t n = 1; n <= LEN; n++) {
        memset(s, 'a', LEN);
        cr_expect(text_is_utf8(s, n));
        for (size_t i = 0; i < n; i++) {
            s[i] = '\x80';
            cr_expect_not(text_is_utf8(s, n), "%zu of %zu", i, n);
            s[i] = '\xc3';
            cr_expect_not(text_is_utf8(s, n), "%zu of %zu", i, n);
            if (i + 1 < n) {
                s[i + 1] = '\xa9';
                cr_expect(text_is_utf8(s, n), "%zu of %zu", i, n);
                s[i + 1] = 'a';
            }
            s[i] = 'a';
        }
    }
}
