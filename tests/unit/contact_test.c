#include <criterion/criterion.h>
#include <jansson.h>

#include "common/base/str.h"
#include "common/base/text.h"

#include "common/core/contact.h"
#include "tests/unit/core_support.h"

static struct arena *arena;

static void setup(void)
{
    arena = arena_new("contact", 64 << 20);
}

static void teardown(void)
{
    arena_free(arena);
}
TestSuite(contact, .init = setup, .fini = teardown);

static const char *encode(const struct contact *c)
{
    autovalue(str_release) struct str s;
    str_init(&s, CONTACT_MAX_BYTES);
    contact_encode(c, &s);
    cr_assert(!s.over);
    return arena_strdup(arena, s.p);
}

static int decode(const char *text, struct contact *ret, struct err *err)
{
    return contact_decode(text, strlen(text), arena, ret, err);
}

/* Characters that are hard on encoders: quotes, controls, the edges of UTF-8's lengths, combining,
 * right-to-left, emoji. */
static const char *a_value(uint64_t *seed, size_t max)
{
    static const char *const pieces[] = {"a",          "Z",          "0",       "\"",     "\\",
                                         "/",          "\n",         "\t",      "\x01",   "\x1f",
                                         "\x7f",       "\xc2\x80",   "\u07ff",  "\u0800", "\uffff",
                                         "\U00010000", "\U0010ffff", "e\u0301", "\u05d0", "\u202e",
                                         "\U0001F600", "<",          "&",       " "};
    char *v = arena_alloc(arena, max + 8);
    size_t n = 0, want = 1 + rnd_below(seed, max < 40 ? max : 40);
    while (n < want) {
        const char *piece = pieces[rnd_below(seed, ARRAY_LEN(pieces))];
        if (n + strlen(piece) > max)
            break;
        memcpy(v + n, piece, strlen(piece));
        n += strlen(piece);
    }
    v[n] = 0;
    return n ? v : "x";
}

static struct contact a_random_contact(uint64_t *seed)
{
    struct contact c = {0};
    for (size_t f = 0; f < CONTACT_FIELD_COUNT; f++) {
        if (rnd(seed) & 1)
            c.f[f] = a_value(seed, contact_field_max((enum contact_field)f));
    }
    return c;
}

Test(contact, has_canonical_bytes_that_stay)
{
    struct contact c = {.f = {[CONTACT_FILE_AS] = "Decker, \"Ted\"",
                              [CONTACT_EMAIL] = "ted@church.example",
                              [CONTACT_HOME_STREET] = "1 Way\nApt\t2"}};
    cr_expect_str_eq(
        encode(&c),
        "{\"v\":1,\"fileAs\":\"Decker, "
        "\\\"Ted\\\"\",\"email\":\"ted@church.example\",\"homeStreet\":\"1 Way\\nApt\\t2\"}");
    cr_expect_str_eq(encode(&(struct contact){0}), "{\"v\":1}");
}

Test(contact, content_hash_is_sha256_of_the_canonical_bytes)
{
    struct sha256 h;
    char hex[65];
    contact_hash("{\"v\":1}", 7, &h);
    hex_encode(h.b, sizeof(h.b), hex);
    cr_expect_str_eq(hex, "afbf9d0f3560b0fd7795e81c42a0a79ee6b6fc67e064f77826aee642cad28d91");
}

Test(contact, every_field_has_its_own_name_and_a_maximum)
{
    for (size_t f = 0; f < CONTACT_FIELD_COUNT; f++) {
        cr_expect_gt(contact_field_max((enum contact_field)f), 0);
        for (size_t other = 0; other < f; other++)
            cr_expect_str_neq(contact_field_name((enum contact_field)f),
                              contact_field_name((enum contact_field)other));
    }
}

Test(contact, a_set_of_fields_is_written_by_names_and_read_back)
{
    char names[CONTACT_NAMES_MAX];
    const uint64_t all = (UINT64_C(1) << CONTACT_FIELD_COUNT) - 1;
    cr_expect_str_eq(contact_names(0, names), "");
    cr_expect_eq(contact_named(""), 0u);
    cr_expect_eq(contact_named(NULL), 0u);
    for (size_t f = 0; f < CONTACT_FIELD_COUNT; f++) {
        cr_expect_str_eq(contact_names(UINT64_C(1) << f, names),
                         contact_field_name((enum contact_field)f));
        cr_expect_eq(contact_named(names), UINT64_C(1) << f);
    }
    cr_expect_eq(contact_named(contact_names(all, names)), all);
    cr_expect_eq(contact_named("jobTitle,of tomorrow,,email,jobTitl"),
                 UINT64_C(1) << CONTACT_JOB_TITLE | UINT64_C(1) << CONTACT_EMAIL);
}

Test(contact, the_largest_contact_fits)
{
    struct contact c;
    size_t escapes = 0;
    for (size_t f = 0; f < CONTACT_FIELD_COUNT; f++) {
        size_t n = contact_field_max((enum contact_field)f);
        char *v = arena_alloc(arena, n + 1);
        memset(v, '"', n);
        c.f[f] = v;
        escapes += n;
    }
    cr_expect_gt(strlen(encode(&c)), 2 * escapes);
}

/* jansson is the model for the bytes of a string. */
Test(contact, is_written_as_jansson_writes_it_and_read_back_as_it_was)
{
    uint64_t seed = 31;
    for (int i = 0; i < 3000; i++) {
        struct contact c = a_random_contact(&seed), back;
        struct err err;
        json_t *model = json_pack("{s:i}", "v", 1);
        for (size_t f = 0; f < CONTACT_FIELD_COUNT; f++) {
            if (c.f[f])
                json_object_set_new(model, contact_field_name((enum contact_field)f),
                                    json_string(c.f[f]));
        }
        char *want = json_dumps(model, JSON_COMPACT);
        const char *text = encode(&c);
        cr_assert_str_eq(text, want);
        cr_assert_eq(decode(text, &back, &err), 0, "%s", err.text);
        cr_assert_eq(contact_changed(&c, &back), 0);
        cr_assert_str_eq(encode(&back), text);
        free(want);
        json_decref(model);
        arena_reset(arena);
    }
}

Test(contact, decoding_refuses_what_is_no_canonical_form)
{
#define TEN(x)  x x x x x x x x x x
#define LONGEST "{\"v\":1,\"email\":\"" TEN(TEN("ab")) TEN("abcde") "abcde\"}" /* 255 bytes */
#define LONGER  "{\"v\":1,\"email\":\"" TEN(TEN("ab")) TEN("abcde") "abcdef\"}"
    static const struct {
        const char *name, *text;
        bool good;
    } cases[] = {
        {"least", "{\"v\":1}", true},
        {"unknown field", "{\"v\":1,\"shoeSize\":44}", true},
        {"fields in another order", "{\"email\":\"x@church.example\",\"v\":1,\"fileAs\":\"X\"}",
         true},
        {"unknown fields of any kind",
         "{\"shoes\":{\"left\":[1,2]},\"v\":1,\"a name that is longer than any of ours\":true}",
         true},
        {"null is no field", "{\"v\":1,\"email\":null}", true},
        {"the longest text", LONGEST, true},
        {"no version", "{\"fileAs\":\"X\"}", false},
        {"version twice", "{\"v\":1,\"v\":1}", false},
        {"object for text", "{\"v\":1,\"email\":{}}", false},
        {"one byte too long", LONGER, false},
        {"text behind it", "{\"v\":1}{}", false},
        {"unknown version", "{\"v\":2}", false},
        {"version as text", "{\"v\":\"1\"}", false},
        {"number for text", "{\"v\":1,\"email\":5}", false},
        {"empty text", "{\"v\":1,\"email\":\"\"}", false},
        {"NUL", "{\"v\":1,\"email\":\"a\\u0000b\"}", false},
        {"too long", "{\"v\":1,\"birthday\":\"1970-01-01x\"}", false},
        {"field twice", "{\"v\":1,\"email\":\"a\",\"email\":\"b\"}", false},
        {"array", "[]", false},
        {"empty", "", false},
        {"invalid UTF-8", "{\"v\":1,\"email\":\"\xff\"}", false},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct contact c = {.f = {"untouched"}};
        struct err err;
        cr_expect_eq(decode(cases[i].text, &c, &err) == 0, cases[i].good, "%s", cases[i].name);
        if (!cases[i].good)
            cr_expect_str_eq(c.f[0], "untouched", "%s", cases[i].name);
    }
}

Test(contact, every_truncation_is_refused_and_no_flipped_bit_crashes)
{
    struct contact c = {.f = {[CONTACT_FILE_AS] = "D\u00e9cker, Ted",
                              [CONTACT_PHONE_HOME] = "+15555550123",
                              [CONTACT_HOME_STREET] = "1 Way\nApt 2"}},
                   back;
    struct err err;
    char *text = arena_strdup(arena, encode(&c));
    size_t n = strlen(text);
    for (size_t i = 0; i < n; i++)
        cr_expect_eq(contact_decode(text, i, arena, &back, &err), -1);
    for (size_t bit = 0; bit < 8 * n; bit++) {
        text[bit / 8] = (char)(text[bit / 8] ^ 1 << bit % 8);
        if (contact_decode(text, n, arena, &back, &err) == 0)
            cr_expect(text_is_utf8(encode(&back), strlen(encode(&back))));
        text[bit / 8] = (char)(text[bit / 8] ^ 1 << bit % 8);
    }
}

Test(contact, changed_fields_are_those_set_emptied_or_different)
{
    struct contact before = {.f = {[CONTACT_FILE_AS] = "A",
                                   [CONTACT_EMAIL] = "a@church.example",
                                   [CONTACT_TITLE] = "Dr."}};
    struct contact after = {.f = {[CONTACT_FILE_AS] = arena_strdup(arena, "A"),
                                  [CONTACT_EMAIL] = "b@church.example",
                                  [CONTACT_SUFFIX] = "Jr."}};
    cr_expect_eq(contact_changed(&before, &after), UINT64_C(1) << CONTACT_EMAIL |
                                                       UINT64_C(1) << CONTACT_TITLE |
                                                       UINT64_C(1) << CONTACT_SUFFIX);
    cr_expect_eq(contact_changed(NULL, &after), (UINT64_C(1) << CONTACT_FIELD_COUNT) - 1);
    cr_expect_eq(contact_changed(&after, &after), 0);
}

Test(contact, link_state_depends_on_each_of_its_parts)
{
    struct guid k1 = guid_of(1), k2 = guid_of(2);
    struct sha256 c1 = {{1}}, c2 = {{2}}, states[6];
    char longest[3000];
    memset(longest, 'x', sizeof(longest));
    longest[sizeof(longest) - 1] = 0;
    link_state_hash(&k1, &c1, "", &states[0]);
    link_state_hash(&k2, &c1, "", &states[1]);
    link_state_hash(&k1, &c2, "", &states[2]);
    link_state_hash(&k1, &c1, "Staff", &states[3]);
    link_state_hash(&k1, &c1, "Following\nStaff", &states[4]);
    link_state_hash(&k1, &c1, longest, &states[5]);
    for (size_t i = 0; i < ARRAY_LEN(states); i++) {
        for (size_t j = 0; j < i; j++)
            cr_expect(memcmp(&states[i], &states[j], sizeof(states[i])) != 0, "%zu %zu", i, j);
    }
}

/* The state is stored over releases: it may only change with a reason, and then every contact is
 * written once. */
Test(contact, link_state_is_the_exclusive_or_of_two_sha256)
{
    struct guid key = guid_of(77);
    struct sha256 content = {{9, 8, 7}}, got, person, reasons;
    unsigned char text[49] = {1};

    memcpy(text + 1, key.b, 16);
    memcpy(text + 17, content.b, 32);
    sha256_of(text, 49, &person);
    sha256_of("\2Choir\nStaff", 12, &reasons);
    link_state_hash(&key, &content, "Choir\nStaff", &got);
    for (size_t i = 0; i < 32; i++)
        cr_expect_eq(got.b[i], person.b[i] ^ reasons.b[i]);
}

Test(contact, item_hash_tells_this_folder_and_this_state)
{
    struct sha256 s1 = {{0xab, 0xcd}}, s2 = {{0xab, 0xce}};
    char text[ITEM_HASH_TEXT], other[ITEM_HASH_TEXT];
    item_hash_format("AAMkFolder", &s1, text);
    cr_expect_eq(strlen(text), ITEM_HASH_TEXT - 1);
    cr_expect_eq(strncmp(text, "1:", 2), 0);
    cr_expect_str_eq(text + 18, ":abcd0000000000000000000000000000");
    cr_expect_eq(item_hash_match(text, "AAMkFolder", &s1), ITEM_HASH_SAME);
    cr_expect_eq(item_hash_match(text, "AAMkFolder", &s2), ITEM_HASH_OURS);
    cr_expect_eq(item_hash_match(text, "AAMkfolder", &s1), ITEM_HASH_OTHER,
                 "ids are case-sensitive");
    memcpy(other, text, sizeof(other));
    other[0] = '2';
    cr_expect_eq(item_hash_match(other, "AAMkFolder", &s1), ITEM_HASH_OTHER);
    cr_expect_eq(item_hash_match(NULL, "AAMkFolder", &s1), ITEM_HASH_OTHER);
    cr_expect_eq(item_hash_match("", "AAMkFolder", &s1), ITEM_HASH_OTHER);
    text[ITEM_HASH_TEXT - 2] = 0;
    cr_expect_eq(item_hash_match(text, "AAMkFolder", &s1), ITEM_HASH_OTHER);
}
