/* What the check says before a template is saved. */
#include "common/base/str.h"

#include "common/core/directory.h"
#include "common/core/lava/lava_check.h"
#include "common/core/lava/lava_person.h"
#include "tests/unit/lava_support.h"

static const char kinds[] = {
    [LAVA_ERROR] = 'E', [LAVA_SERVER] = 'S', [LAVA_UNSTEADY] = 'U', [LAVA_WARNING] = 'W'};

/* "K line:column text; ..." in a static buffer. */
static const char *findings(const char *template)
{
    static char buf[4096];
    struct str s = STR_INIT(sizeof(buf) - 1);
    struct arena *a = arena_new("test", LAVA_TEST_ARENA);
    struct lava_report r;

    lava_check(template, strlen(template), a, &r);
    for (size_t i = 0; i < r.n; i++)
        str_addf(&s, "%s%c %u:%u %s", i ? "; " : "", kinds[r.findings[i].kind], r.findings[i].line,
                 r.findings[i].column, r.findings[i].text);
    snprintf(buf, sizeof(buf), "%s", s.p);
    str_release(&s);
    arena_free(a);
    return buf;
}

static const struct check_case {
    const char *template, *want;
} cases[] = {
    {"{{ Person | PhoneNumber:'Work' }}", ""},
    {"{{ Person.NickName }} {{ Person.PhoneNumbers[0].NumberTypeValue.Value }}", ""},
    {"{% for p in Person.PhoneNumbers %}{{ p.Number }}{{ forloop.index }}{% endfor %}", ""},
    {"{% assign n = Person.FullName %}{{ n | Size }}{{ n.size }}", ""},
    {"{{ Person.NickName | Uppcase }}",
     "W 1:22 there is no filter 'Uppcase', it does nothing; 'Upcase'?"},
    {"{{ 1 | divided_by: 2 }}",
     "W 1:8 there is no filter 'divided_by', it does nothing; 'DividedBy'?"},
    {"{{ 1 | Xylophone }}", "W 1:8 there is no filter 'Xylophone', it does nothing"},
    {"{{ Persn.NickName }}", "W 1:4 nothing is known by the name 'Persn'"},
    {"{{ Person | Campus }}\n {% sql %}x{% endsql %}{[ youtube ]}",
     "S 1:13 the filter 'Campus' needs the Rock server; S 2:2 the command 'sql' needs the Rock "
     "server; S 2:24 the shortcode 'youtube' needs the Rock server"},
    {"{{ Person.PrimaryCampus.Name }}",
     "S 1:4 'Person.PrimaryCampus' is not among what is read from Rock"},
    {"{% for p in Person.PhoneNumbers %}{{ p.Nummer }}{% endfor %}",
     "S 1:38 'Person.PhoneNumbers[].Nummer' is not among what is read from Rock"},
    {"{{ CurrentPerson.NickName }}", "U 1:4 CurrentPerson differs from mailbox to mailbox"},
    {"{{ 'Now' | Date:'yyyy' }}", "U 1:4 'Now' is another time each night"},
    {"{{ Person.BirthDate | DaysUntil }}",
     "U 1:23 the filter 'DaysUntil' depends on the time it is"},
    {"{{ 10 | RandomNumber }}", "U 1:9 the filter 'RandomNumber' depends on chance"},
    {"{% if Person %}", "E 1:16 the template ends where {% endif %} is still to come"},
    {"{% include 'x' %}", "S 1:1 the files of 'include' are on the Rock server"},
    {"//- {% sql %}\n{{ Person.Email }}", ""},
};

ParameterizedTestParameters(lava_check, table)
{
    return lava_rows(ARRAY_LEN(cases));
}
ParameterizedTest(size_t *i, lava_check, table)
{
    const struct check_case *c = &cases[*i];

    cr_expect(eq(str, (char *)(uintptr_t)findings(c->template), (char *)(uintptr_t)c->want), "%s",
              c->template);
}

Test(lava_check, tells_what_the_template_looks_at)
{
    static const char template[] =
        "{% for p in Person.PhoneNumbers %}{{ p.NumberTypeValue.Value }}{{ p.NumberTypeValue.Value "
        "}}"
        "{% endfor %}{{ Person | Attribute:'Employer' }}{{ 'Global' | Attribute:'Phone' }}"
        "{% assign a = Person %}{{ a.NickName }}";
    static const char *const want[] = {"Person.PhoneNumbers",
                                       "Person.PhoneNumbers[].NumberTypeValue.Value",
                                       "Person",
                                       "Person | Attribute:'Employer'",
                                       "'Global' | Attribute:'Phone'",
                                       "Person.NickName"};
    struct arena *a = arena_new("test", LAVA_TEST_ARENA);
    struct lava_report r;

    lava_check(template, strlen(template), a, &r);
    cr_expect(eq(sz, r.n, 0));
    cr_assert(eq(sz, r.n_paths, ARRAY_LEN(want)));
    for (size_t i = 0; i < ARRAY_LEN(want); i++)
        cr_expect(eq(str, (char *)(uintptr_t)r.paths[i], (char *)(uintptr_t)want[i]));
    arena_free(a);
}

Test(lava_check, worst_finding_decides)
{
    struct arena *a = arena_new("test", LAVA_TEST_ARENA);
    struct lava_report r;

    lava_check("{{ Person | Upper | Campus }}", 29, a, &r);
    cr_expect(eq(int, lava_report_worst(&r), LAVA_SERVER));
    lava_check("{{ Person | Upper }}", 20, a, &r);
    cr_expect(eq(int, lava_report_worst(&r), LAVA_WARNING));
    arena_free(a);
}

/* The check's table of members and the objects themselves say the same. */
static void expect_known(struct lava_work *w, const struct lava_env *env, const char *path)
{
    char template[200];
    struct lava_template *t;
    struct lava_str out;
    struct err err;

    snprintf(template, sizeof(template), "{%% for m in %s %%}{{ m[0] }},{%% endfor %%}", path);
    cr_assert(eq(int, lava_parse(template, strlen(template), NULL, &t, &err), 0));
    cr_assert(eq(int, lava_render(t, env, NULL, w, &out, &err), 0), "%s", err.text);
    cr_expect(gt(sz, out.n, 0));
    char *names = xstrndup(out.p, out.n), *rest = names, *name;
    while ((name = strsep(&rest, ",")) && *name) {
        snprintf(template, sizeof(template), "{{ %s.%s }}", path, name);
        cr_expect(eq(str, (char *)(uintptr_t)findings(template), ""), "%s", template);
    }
    free(names);
    lava_template_free(t);
}

Test(lava_check, knows_every_member_that_a_person_has)
{
    struct dir_phone phone = {.id = 1, .type_name = "Work"};
    struct dir_person p = {.nick_name = "Ted", .title = "Dr.", .phones = &phone, .n_phones = 1};
    struct lava_person lp = {.person = &p};
    struct lava_entry e = {LAVA_STR("Person"), lava_person_value(&lp)};
    struct lava_dict d = {&e, 1};
    struct lava_env env = {.vars = lava_object(&lava_dict_ops, &d)};
    struct lava_work *w = lava_work_new();

    expect_known(w, &env, "Person");
    expect_known(w, &env, "Person.PhoneNumbers[0]");
    expect_known(w, &env, "Person.PhoneNumbers[0].NumberTypeValue");
    expect_known(w, &env, "Person.TitleValue");
    expect_known(w, &env, "Person.PrimaryAlias");
    lava_work_free(w);
}
