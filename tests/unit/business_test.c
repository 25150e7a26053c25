#include <criterion/criterion.h>
#include <unistd.h>

#include "common/base/conf.h"

#include "common/app/settings.h"
#include "common/core/directory.h"
#include "producer/business.h"
#include "tests/unit/core_support.h"

static struct arena *arena;
static struct conf *conf;
static struct err err;

static void setup(void)
{
    arena = arena_new("test", 64 << 20);
    conf = conf_new(settings_table, settings_count);
}

static void teardown(void)
{
    conf_free(conf);
    arena_free(arena);
}
TestSuite(business, .init = setup, .fini = teardown);

static void set(const char *name, const char *value)
{
    cr_assert_eq(conf_set(conf, arena_printf(arena, "%s=%s", name, value), &err), 0, "%s",
                 err.text);
}

static struct business *with(const char *template)
{
    struct business *b = NULL;
    set("business_phone_lava", template);
    cr_assert_eq(business_new(conf, &b, &err), 0, "%s", err.text);
    return b;
}

/* NULL: none; "FAILED" */
static const char *rendered(struct business *b, const struct dir_person *p)
{
    struct business_text text;
    cr_assert_eq(business_render(b, NULL, p, 1, 0, arena, &text, &err, &err), 0, "%s", err.text);
    return text.failed ? "FAILED" : text.text ? text.text : "";
}

/* ---- what churches would write, for numbers of every kind ---- */

#define WORK(...)                                                                                  \
    {                                                                                              \
        .type = DIR_PHONE_WORK, .type_name = "Work", __VA_ARGS__                                   \
    }
static const struct dir_phone plain[] = {{.id = 1,
                                          .type = DIR_PHONE_MOBILE,
                                          .type_name = "Mobile",
                                          .country_code = "1",
                                          .number = "6235550101",
                                          .formatted = "(623) 555-0101"},
                                         WORK(.id = 2,
                                              .country_code = "1",
                                              .number = "6235550144",
                                              .formatted = "(623) 555-0144",
                                              .extension = ""),
                                         {.id = 3,
                                          .type = DIR_PHONE_OTHER,
                                          .type_name = "Extension",
                                          .number = "114",
                                          .formatted = "114"}};
static const struct dir_phone with_extension[] = {WORK(.id = 2,
                                                       .country_code = "1",
                                                       .number = "6235550144",
                                                       .formatted = "(623) 555-0144",
                                                       .extension = "22")};
static const struct dir_phone unlisted[] = {WORK(.id = 2,
                                                 .country_code = "1",
                                                 .number = "6235550144",
                                                 .formatted = "(623) 555-0144",
                                                 .extension = "",
                                                 .unlisted = true)};
static const struct dir_phone two[] = {WORK(.id = 2,
                                            .country_code = "44",
                                            .number = "2079460123",
                                            .formatted = "020 7946 0123",
                                            .extension = ""),
                                       WORK(.id = 5,
                                            .country_code = "1",
                                            .number = "6235550155",
                                            .formatted = "(623) 555-0155",
                                            .extension = "")};
static const struct dir_phone without_code[] = {
    WORK(.id = 2, .number = "6235550144", .formatted = "(623) 555-0144", .extension = "")};
static const struct dir_phone never_formatted[] = {
    WORK(.id = 2, .country_code = "1", .number = "917894563210", .extension = "")};

static const char *const templates[] = {
    "{{ Person | PhoneNumber:'Work' }}",
    "{{ Person | PhoneNumber:'Work',true }}",
    "{% assign n = Person | PhoneNumber:'Work' %}{% if n and n != '' %}{{ n | Remove:'(' | "
    "Remove:')' | Replace:' ','-' }}{% endif %}",
    "{% for p in Person.PhoneNumbers %}{% if p.NumberTypeValue.Value == 'Work' and p.IsUnlisted == "
    "false %}{{ p.NumberFormatted }}{% if p.Extension != '' %} x{{ p.Extension }}{% endif %}{% "
    "endif %}{% endfor %}",
    "{{ 'Global' | Attribute:'OrganizationPhone' }} x{{ Person | PhoneNumber:'Extension' }}",
};

#define PHONES(p) (p), ARRAY_LEN(p)
static const struct oddity {
    const char *name;
    const struct dir_phone *phones;
    size_t n;
    const char *want[ARRAY_LEN(templates)];
} oddities[] = {
    {"plain",
     PHONES(plain),
     {"(623) 555-0144", "+1 (623) 555-0144", "623-555-0144", "(623) 555-0144",
      "(623) 555-0100 x114"}},
    {"with an extension",
     PHONES(with_extension),
     {"(623) 555-0144", "+1 (623) 555-0144", "623-555-0144", "(623) 555-0144 x22",
      "(623) 555-0100 x"}},
    {"unlisted: the template decides",
     PHONES(unlisted),
     {"(623) 555-0144", "+1 (623) 555-0144", "623-555-0144", "", "(623) 555-0100 x"}},
    {"two of a type: the first",
     PHONES(two),
     {"020 7946 0123", "+44 020 7946 0123", "020-7946-0123", "020 7946 0123(623) 555-0155",
      "(623) 555-0100 x"}},
    {"without a country code",
     PHONES(without_code),
     {"(623) 555-0144", "(623) 555-0144", "623-555-0144", "(623) 555-0144", "(623) 555-0100 x"}},
    {"no rule formats it", PHONES(never_formatted), {"", NULL, "", "", "(623) 555-0100 x"}},
    {"no numbers at all", NULL, 0, {"", "", "", "", "(623) 555-0100 x"}},
};

Test(business, what_churches_write_renders_right_for_every_oddity)
{
    set("lava.global", "{\"OrganizationPhone\": \"(623) 555-0100\"}");
    for (size_t t = 0; t < ARRAY_LEN(templates); t++) {
        autoptr(business_free) struct business *b = with(templates[t]);
        for (size_t i = 0; i < ARRAY_LEN(oddities); i++) {
            const struct oddity *o = &oddities[i];
            const struct dir_person p = {.rock_id = 812,
                                         .nick_name = "Greta",
                                         .last_name = "O'Hara",
                                         .phones = o->phones,
                                         .n_phones = o->n};
            if (o->want[t])
                cr_expect_str_eq(rendered(b, &p), o->want[t], "%s, template %zu", o->name, t);
        }
    }
}

Test(business, attributes_that_the_template_names_are_asked_for_and_shown)
{
    autoptr(business_free) struct business *b =
        with("{{ Person | Attribute:'OfficePhone' }}{{ Person | Attribute:'Desk' }}");
    const struct dir_attribute attributes[] = {{"OFFICEPHONE", "623 555 0199"}};
    const struct dir_person p = {.attributes = attributes, .n_attributes = 1};
    size_t n;
    const char *const *keys = business_attributes(b, &n);
    cr_assert_eq(n, 2u);
    cr_expect_str_eq(keys[0], "OfficePhone");
    cr_expect_str_eq(keys[1], "Desk");
    cr_expect_str_eq(rendered(b, &p), "623 555 0199");
    cr_expect_null(business_attributes(NULL, &n));
    cr_expect_eq(n, 0u);
}

/* ---- settings ---- */

Test(business, a_blank_template_is_no_business_number)
{
    struct business *b = NULL;
    cr_expect_eq(business_new(conf, &b, &err), 0);
    cr_expect_null(b);
    set("business_phone_lava", " \t ");
    cr_expect_eq(business_new(conf, &b, &err), 0);
    cr_expect_null(b);
    cr_expect_not(business_needs_server(NULL));
}

Test(business, a_template_of_several_lines_lies_in_a_file)
{
    char path[] = "/tmp/business-lava-XXXXXX";
    static const char text[] = "//- the office's own\n{{ Person.NickName }}\n";
    const struct dir_person p = {.nick_name = "Greta"};
    struct business *b = NULL;
    int fd = mkstemp(path);
    cr_assert(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    set("business_phone_lava_file", path);
    cr_assert_eq(business_new(conf, &b, &err), 0, "%s", err.text);
    cr_expect_str_eq(rendered(b, &p), "\nGreta\n");
    business_free(b);
    cr_assert(write(fd, "{% if x", 7) == 7);
    cr_expect_eq(business_new(conf, &b, &err), -1);
    cr_expect(strstr(err.text, path) && strstr(err.text, "3:"), "%s", err.text);
    cr_assert(write(fd, "\xff", 1) == 1);
    cr_expect_eq(business_new(conf, &b, &err), -1);
    cr_expect(strstr(err.text, "not UTF-8"), "%s", err.text);
    close(fd);
    set("business_phone_lava", "x");
    cr_expect_eq(business_new(conf, &b, &err), -1);
    cr_expect(strstr(err.text, "not in both"), "%s", err.text);
    set("business_phone_lava", "");
    unlink(path);
    cr_expect_eq(business_new(conf, &b, &err), -1);
    set("business_phone_lava_file", "/tmp");
    cr_expect_eq(business_new(conf, &b, &err), -1);
}

Test(business, what_cannot_be_is_refused_with_its_place)
{
    static const struct {
        const char *template, *place;
        bool even_with_server;
    } cases[] = {
        {"{% if Person %}", "1:", false},
        {"x{{ 'now' | Date:'yyyy' }}", "1:", true},
        {"ab{{ CurrentPerson.NickName }}", "1:", true},
        {"{{ 10 | RandomNumber }}", "1:", true},
        {"abc{% sql %}select 1{% endsql %}", "1:4", false},
        {"{{ Person | Groups:'25' }}", "1:", false},
        {"{[ shortcode ]}", "1:1", false},
        {"{% assign k = Person.NickName %}{{ Person | Attribute:k }}", "must be a text", false},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct business *b = NULL;
        set("business_phone_lava", cases[i].template);
        set("lava.server", "false");
        cr_expect_eq(business_new(conf, &b, &err), -1, "%s", cases[i].template);
        cr_expect_null(b);
        cr_expect_str_eq(err.code, "conf");
        cr_expect(strstr(err.text, cases[i].place) && strstr(err.text, "business_phone_lava"), "%s",
                  err.text);
        set("lava.server", "true");
        int rc = business_new(conf, &b, &err);
        if (cases[i].even_with_server)
            cr_expect_eq(rc, -1, "%s", cases[i].template);
        else if (i > 0)
            cr_expect(rc == 0 && business_needs_server(b), "%s: %s", cases[i].template, err.text);
        business_free(b);
    }
}

Test(business, a_misspelt_filter_is_a_warning)
{
    autoptr(business_free) struct business *b = with("{{ Person | PhoneNumbr:'Work' }}");
    cr_assert_not_null(business_warning(b));
    cr_expect(strstr(business_warning(b), "PhoneNumber"), "%s", business_warning(b));
}

Test(business, globals_are_texts_by_key)
{
    static const char *const bad[] = {"x", "[]", "{\"a\":1}", "{\"a\":"};
    struct business *b = NULL;
    set("business_phone_lava", "x");
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        set("lava.global", bad[i]);
        cr_expect_eq(business_new(conf, &b, &err), -1, "%s", bad[i]);
        cr_expect(strstr(err.text, "lava.global"), "%s", err.text);
    }
}

Test(business, whatever_changes_all_numbers_changes_the_fingerprint)
{
    struct sha256 prints[5];
    business_fingerprint(NULL, &prints[0]);
    struct business *b[4];
    b[0] = with("{{ Person.NickName }}");
    b[1] = with("{{ Person.LastName }}");
    set("lava.global", "{\"A\": \"1\"}");
    b[2] = with("{{ Person.NickName }}");
    set("lava.server", "true");
    b[3] = with("{{ Person | Groups:'25' }}");
    for (size_t i = 0; i < ARRAY_LEN(b); i++)
        business_fingerprint(b[i], &prints[i + 1]);
    for (size_t i = 0; i < ARRAY_LEN(prints); i++)
        for (size_t k = 0; k < i; k++)
            cr_expect_neq(memcmp(&prints[i], &prints[k], sizeof(prints[i])), 0, "%zu, %zu", i, k);
    for (size_t i = 0; i < ARRAY_LEN(b); i++)
        business_free(b[i]);
}

Test(business, one_person_may_fail_and_the_others_do_not)
{
    autoptr(business_free) struct business *b =
        with("{% for i in (1..500) %}{{ Person.LastName }}{% endfor %}");
    const struct dir_person people[] = {
        {.last_name = ""}, {.last_name = "a name that is too long"}, {.last_name = "x"}};
    struct business_text texts[3];
    cr_assert_eq(business_render(b, NULL, people, 3, 0, arena, texts, &err, &err), 0);
    cr_expect(!texts[0].failed && !texts[2].failed);
    cr_expect(texts[1].failed && !texts[1].text);
    cr_expect_null(strstr(err.text, "too long"), "%s", err.text);
}
