/* Business numbers through a run: rendered by a Rock that the tests play. */
#include "common/base/conf.h"
#include "common/base/str.h"

#include "common/app/settings.h"
#include "common/core/contact.h"
#include "producer/business.h"
#include "tests/unit/run_support.h"

static const char *const ann = "ann@church.example";

/* ---- a Rock that renders ---- */

static struct {
    const char *text[SOULS]; /* NULL: a Lava error */
    size_t asked, calls;
    bool away;
} rock;

static int church_render(struct directory_source *s,
                         const char *lava,
                         const int64_t *ids,
                         size_t n,
                         struct arena *a,
                         struct source_rendered *ret,
                         struct err *err)
{
    (void)s;
    cr_expect_str_eq(lava, "{{ Person | Groups:'25' }}");
    rock.calls++;
    if (rock.away)
        return err_set(err, SCOPE_REMOTE, WHEN_LATER, "rock.503", "Rock answers 503");
    for (size_t i = 0; i < n; i++, rock.asked++)
        ret[i].text = arena_strdup(a, rock.text[ids[i] - 1]);
    return 0;
}

static struct directory_source_ops renders;

struct site {
    struct run_rig r;
    struct conf *conf;
};

static void site_close(struct site *s)
{
    business_free(s->r.s.business);
    conf_free(s->conf);
    rig_close(&s->r);
}

static void set_template(struct site *s, const char *template)
{
    char text[200];
    struct err err;
    business_free(s->r.s.business);
    snprintf(text, sizeof(text), "business_phone_lava=%s", template);
    cr_assert_eq(conf_set(s->conf, text, &err), 0);
    cr_assert_eq(business_new(s->conf, &s->r.s.business, &err), 0, "%s", err.text);
}

static void site_open(struct site *s)
{
    struct err err;
    memset(&rock, 0, sizeof(rock));
    for (size_t i = 0; i < SOULS; i++)
        rock.text[i] = "(623) 555-0100";
    renders = church_ops;
    renders.render = church_render;
    rig_open(&s->r);
    s->r.church.source.ops = &renders;
    s->conf = conf_new(settings_table, settings_count);
    cr_assert_eq(conf_set(s->conf, "lava.server=true", &err), 0);
    s->r.s.business = NULL;
    set_template(s, "{{ Person | Groups:'25' }}");
    a_user(&s->r, 40, ann, souls(0, 10));
}
#define SITE(name)                                                                                 \
    __attribute__((cleanup(site_close))) struct site name;                                         \
    site_open(&(name));                                                                            \
    struct run_rig *r = &(name).r

/* The business number that Ann's mailbox should have for this person; "" none. */
static const char *number_of(struct run_rig *r, uint32_t person, struct arena *a)
{
    const struct fake_link *l = link_to(r, ann, person);
    const char *body = NULL;
    struct contact c;
    struct err err;
    cr_assert_not_null(l);
    cr_assert_eq(r->f->base.ops->bodies(&r->f->base, a, &l->content, 1, &body, &err), 0);
    cr_assert_not_null(body);
    cr_assert_eq(contact_decode(body, strlen(body), a, &c, &err), 0);
    return c.f[CONTACT_PHONE_BUSINESS] ? c.f[CONTACT_PHONE_BUSINESS] : "";
}

static const char *summary(struct run_rig *r, struct arena *a)
{
    autovalue(str_release) struct str text = STR_INIT(4096);
    run_counts_text(&r->c, &text);
    return arena_strdup(a, text.p);
}

static struct arena *arena;
static void setup(void)
{
    arena = arena_new("test", 16 << 20);
}
static void teardown(void)
{
    arena_free(arena);
}
TestSuite(run_business, .init = setup, .fini = teardown);

Test(run_business, a_number_comes_changes_and_goes)
{
    SITE(s);
    rock.text[3] = " \n ";
    run_ok(r);
    plan_store_fake_synced(r->f);
    cr_expect_str_eq(number_of(r, 2, arena), "(623) 555-0100");
    cr_expect_str_eq(number_of(r, 3, arena), "", "a blank result is no number");
    rock.text[2] = "(623) 555-0122";
    r->church.soul[2].mobile = "6235550122";
    run_ok(r);
    cr_expect_eq(r->c.changed, 1u);
    cr_expect_str_eq(number_of(r, 2, arena), "(623) 555-0122");
    rock.text[2] = "";
    r->church.soul[2].mobile = "6235550123";
    run_ok(r);
    cr_expect_str_eq(number_of(r, 2, arena), "");
}

Test(run_business, whom_the_template_fails_on_keeps_the_number_and_is_named)
{
    SITE(s);
    run_ok(r);
    plan_store_fake_synced(r->f);
    rock.text[4] = NULL;
    r->church.soul[4].mobile = "6235550144";
    run_ok(r);
    cr_expect_eq(r->c.lava_failed, 1u);
    cr_expect_eq(r->c.changed, 1u, "the other fields go on");
    cr_expect_str_eq(number_of(r, 4, arena), "(623) 555-0100");
    cr_expect(strstr(summary(r, arena), "stays as it was for 1 people, whose template fails (Rock "
                                        "ids 5): "),
              "%s", summary(r, arena));
    plan_store_fake_synced(r->f);
    run_ok(r);
    cr_expect_eq(r->c.messages, 0u, "and it is no change");
    cr_expect_eq(r->c.lava_failed, 1u);
}

Test(run_business, who_is_new_and_fails_has_no_number_and_the_run_goes_on)
{
    SITE(s);
    for (int i = 0; i < SOULS; i++)
        rock.text[i] = NULL;
    run_ok(r);
    cr_expect_eq(r->c.added, 10u);
    cr_expect_eq(r->c.lava_failed, (size_t)SOULS);
    cr_expect_str_eq(number_of(r, 4, arena), "");
    cr_expect(strstr(summary(r, arena), ", ...): "), "ten are named: %s", summary(r, arena));
}

static int church_without_attribute(struct directory_source *s,
                                    const struct source_request *rq,
                                    struct directory **ret,
                                    struct err *err)
{
    cr_expect_eq(rq->n_attributes, 1u);
    if (church_snapshot(s, rq, ret, err) < 0)
        return -1;
    (*ret)->unknown_attributes = rq->attributes;
    (*ret)->n_unknown_attributes = rq->n_attributes;
    return 0;
}

Test(run_business, an_attribute_that_rock_does_not_have_is_named)
{
    SITE(s);
    renders.snapshot = church_without_attribute;
    set_template(&s, "{{ Person | Attribute:'OficePhone' }}");
    run_ok(r);
    cr_expect(strstr(summary(r, arena), "attributes that Rock does not have: OficePhone"), "%s",
              summary(r, arena));
}

Test(run_business, a_changed_template_reaches_everyone)
{
    SITE(s);
    run_ok(r);
    plan_store_fake_synced(r->f);
    set_template(&s, "");
    cr_assert_null(r->s.business);
    run_ok(r);
    cr_expect_eq(r->c.changed, 10u);
    cr_expect_str_eq(number_of(r, 4, arena), "");
    set_template(&s, "{{ Person.NickName }}");
    run_ok(r);
    cr_expect_eq(r->c.unchanged_mailboxes, 0u);
    cr_expect_str_eq(number_of(r, 4, arena), "Pat");
}

Test(run_business, a_template_that_strips_every_phone_waits_for_a_yes)
{
    SITE(s);
    r->s.guard.emptied = (struct guard_limit){3, 10};
    run_ok(r);
    plan_store_fake_synced(r->f);
    set_template(&s, "{{ Person | PhoneNumber:'Wrok' }}");
    run_ok(r);
    cr_expect_eq(r->c.held, 10u);
    cr_expect_neq(link_to(r, ann, 4)->hold, 0);
    plan_store_fake_synced(r->f);
    set_template(&s, "{{ Person | Groups:'25' }}");
    run_ok(r);
    cr_expect_eq(link_to(r, ann, 4)->hold, 0, "mended: nothing waits any more");
    cr_expect_str_eq(number_of(r, 4, arena), "(623) 555-0100");
}

Test(run_business, rock_is_asked_again_only_for_who_changed_or_when_the_answer_is_old)
{
    SITE(s);
    run_ok(r);
    cr_expect_eq(rock.asked, (size_t)SOULS);
    plan_store_fake_synced(r->f);
    r->church.soul[4].mobile = "6235550144";
    run_ok(r);
    cr_expect_eq(rock.asked, SOULS + 1u);
    clock_fake_advance(&r->clock, 19 * 3600 * 1000);
    run_ok(r);
    cr_expect_eq(rock.asked, SOULS + 1u);
    clock_fake_advance(&r->clock, 2 * 3600 * 1000);
    run_ok(r);
    cr_expect_eq(rock.asked, 2u * SOULS + 1);
}

Test(run_business, a_rock_that_does_not_render_fails_the_run_whole)
{
    SITE(s);
    rock.away = true;
    cr_expect_eq(run_it(r), -1);
    cr_expect(strstr(r->err.text, "nothing was planned"), "%s", r->err.text);
    cr_expect_eq(r->applies, 0u);
}
