/*
 * The Rock driver against the simulator's own judge: whole churches, everybody's choices, every
 * field, before and after changes. The judge reads the church's tables and shares no code with the
 * product.
 */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <jansson.h>
#include <stdarg.h>
#include <string.h>

#include "common/base/arena.h"
#include "common/base/str.h"

#include "common/core/expand.h"
#include "common/core/fieldmap.h"
#include "tests/contract/rock_rig.h"
#include "tests/sim/rock/model.h"

static const enum contact_field fields[FIELD_COUNT] = {
    [FIELD_FILE_AS] = CONTACT_FILE_AS,
    [FIELD_DISPLAY_NAME] = CONTACT_DISPLAY_NAME,
    [FIELD_GIVEN_NAME] = CONTACT_GIVEN_NAME,
    [FIELD_MIDDLE_NAME] = CONTACT_MIDDLE_NAME,
    [FIELD_SURNAME] = CONTACT_SURNAME,
    [FIELD_GENERATION] = CONTACT_SUFFIX,
    [FIELD_TITLE] = CONTACT_TITLE,
    [FIELD_COMPANY_NAME] = CONTACT_COMPANY,
    [FIELD_JOB_TITLE] = CONTACT_JOB_TITLE,
    [FIELD_EMAIL] = CONTACT_EMAIL,
    [FIELD_MOBILE_PHONE] = CONTACT_PHONE_MOBILE,
    [FIELD_HOME_PHONE] = CONTACT_PHONE_HOME,
    [FIELD_HOME_PHONE2] = CONTACT_PHONE_HOME2,
    [FIELD_OTHER_TELEPHONE] = CONTACT_PHONE_OTHER,
    [FIELD_HOME_STREET] = CONTACT_HOME_STREET,
    [FIELD_HOME_CITY] = CONTACT_HOME_CITY,
    [FIELD_HOME_STATE] = CONTACT_HOME_STATE,
    [FIELD_HOME_POSTAL_CODE] = CONTACT_HOME_POSTAL,
    [FIELD_HOME_COUNTRY] = CONTACT_HOME_COUNTRY,
    [FIELD_BUSINESS_STREET] = CONTACT_WORK_STREET,
    [FIELD_BUSINESS_CITY] = CONTACT_WORK_CITY,
    [FIELD_BUSINESS_STATE] = CONTACT_WORK_STATE,
    [FIELD_BUSINESS_POSTAL_CODE] = CONTACT_WORK_POSTAL,
    [FIELD_BUSINESS_COUNTRY] = CONTACT_WORK_COUNTRY,
    [FIELD_BIRTHDAY] = CONTACT_BIRTHDAY,
    [FIELD_WEDDING_ANNIVERSARY] = CONTACT_ANNIVERSARY,
};

/* ---- comparison, on the simulator's thread; differences as text ---- */

struct check {
    const struct directory *d;
    const struct rock_wish *w;
    struct str diff;
    size_t mailboxes, items;
    struct arena *a;
};

static void say(struct check *ck, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void say(struct check *ck, const char *fmt, ...)
{
    char line[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(line, sizeof(line), fmt, ap);
    va_end(ap);
    if (ck->diff.n < 4000)
        str_addf(&ck->diff, "%s\n", line);
}

static void compare_card(struct check *ck, struct church *c, int32_t id, const struct dir_person *p)
{
    static const struct fieldmap_rules rules = {.dates = true, .phone.default_country = "1"};
    struct model_card card;
    struct contact contact;

    model_card(c, id, ck->a, &card);
    fieldmap_contact(p, &rules, NULL, ck->a, &contact);
    if (p->rock_id != id)
        say(ck, "person %d has Id %lld", id, (long long)p->rock_id);
    for (int f = 0; f < FIELD_COUNT; f++) {
        const char *want = card.value[f], *is = contact.f[fields[f]];
        if ((want == NULL) != (is == NULL) || (want && strcmp(want, is) != 0))
            say(ck, "person %d %s: wanted \"%s\", is \"%s\"", id, model_field_names[f],
                want ? want : "(none)", is ? is : "(none)");
    }
}

static const struct choice *choice_of(const struct check *ck, const struct guid *key)
{
    for (size_t i = 0; i < ck->w->n_people; i++)
        if (guid_cmp(&ck->w->people[i], key) == 0)
            return &ck->w->choices[i];
    return NULL;
}

static const char *categories_of(struct check *ck, const struct model_item *item)
{
    const char *all = "";
    for (size_t i = 0; i < item->n_categories; i++)
        all = arena_printf(ck->a, "%s%s%s", all, i ? "\n" : "", item->categories[i]);
    return all;
}

static void compare_mailbox(struct check *ck,
                            struct church *c,
                            const struct model_mailbox *mb,
                            struct expander *x,
                            const struct dir_user *u)
{
    const struct choice *ch = choice_of(ck, &ck->d->people[u->person].key);
    const struct prefs none = {0};
    const struct wanted *wants;
    struct prefs prefs;
    struct err err;
    size_t n;

    prefs = ch ? (struct prefs){ch->follow, ch->staff, ch->groups, ch->n_groups} : none;
    if (expander_run(x, u, &prefs, &wants, &n, &err) < 0) {
        say(ck, "%s", err.text);
        return;
    }
    if (n != mb->n_items)
        say(ck, "%s: wanted %zu, is %zu", mb->address, mb->n_items, n);
    for (size_t i = 0; i < n && i < mb->n_items; i++) {
        const struct dir_person *p = &ck->d->people[wants[i].person];
        if (guid_cmp(&p->key, &mb->items[i].key) != 0) {
            say(ck, "%s: item %zu is Person %lld, wanted %d", mb->address, i, (long long)p->rock_id,
                mb->items[i].person_id);
            return;
        }
        if (strcmp(categories_of(ck, &mb->items[i]), expander_cats(x, wants[i].cat_set)) != 0)
            say(ck, "%s: categories of %d", mb->address, mb->items[i].person_id);
        compare_card(ck, c, mb->items[i].person_id, p);
        ck->items++;
    }
    ck->mailboxes++;
}

static void compare(struct church *c, void *user)
{
    struct check *ck = user;
    static const struct expand_rules rules = {.categories = true};
    struct expander *x = expander_new(ck->d, &rules);
    struct model *m = model_new(c, NULL, 0, NULL);

    if (ck->d->n_users != m->n_mailboxes + m->n_skipped)
        say(ck, "%zu users, wanted %zu", ck->d->n_users, m->n_mailboxes + m->n_skipped);
    for (size_t i = 0; i < m->n_mailboxes; i++) {
        const struct dir_user *u = NULL;
        for (size_t k = 0; k < ck->d->n_users; k++)
            if (ck->d->people[ck->d->users[k].person].rock_id == m->mailboxes[i].person_id)
                u = &ck->d->users[k];
        if (u)
            compare_mailbox(ck, c, &m->mailboxes[i], x, u);
        else
            say(ck, "%s is no user", m->mailboxes[i].address);
    }
    expander_free(x);
    model_free(m);
}

static void check_lists(const struct directory *d)
{
    for (size_t i = 1; i < d->n_people; i++)
        cr_assert(guid_cmp(&d->people[i - 1].key, &d->people[i].key) < 0);
    for (size_t i = 1; i < d->n_users; i++)
        cr_assert(d->users[i - 1].person < d->users[i].person);
    for (size_t g = 0; g < d->n_groups; g++)
        for (size_t i = 1; i < d->groups[g].members.n; i++)
            cr_assert(d->groups[g].members.v[i - 1] < d->groups[g].members.v[i]);
    for (size_t i = 1; i < d->staff.n; i++)
        cr_assert(d->staff.v[i - 1] < d->staff.v[i]);
}

static size_t progress_calls;
static void on_progress(const char *what, size_t done, size_t of, void *user)
{
    (void)user;
    cr_assert(what[0] && (of == 0 || done <= of + 1000));
    progress_calls++;
}

static void read_and_compare(struct rock_rig *g, size_t least_items)
{
    struct err err;
    struct check ck = {.diff = STR_INIT(1 << 16), .a = arena_new("check", 1 << 30)};
    struct rock_wish w = rock_wish_of(g, ck.a);
    struct directory *d = NULL;
    struct source_request rq = rock_wish_request(&w);

    ck.w = &w;
    rq.progress = on_progress;
    cr_assert(g->source->ops->snapshot(g->source, &rq, &d, &err) == 0, "%s", err.text);
    check_lists(d);
    ck.d = d;
    sim_rock_with(g->sim, compare, &ck);
    cr_expect(ck.diff.n == 0, "%s", ck.diff.p);
    cr_expect(ck.items >= least_items, "only %zu items judged", ck.items);
    cr_expect(progress_calls > 0);
    directory_free(d);
    str_release(&ck.diff);
    arena_free(ck.a);
}

static void check_manners(struct rock_rig *g, int side_by_side)
{
    autofree char *stats = rock_rig_ask(g, "/control/stats");
    json_t *v = json_loads(stats, 0, NULL);

    int most = (int)json_integer_value(json_object_get(v, "max_concurrent"));
    cr_expect(most <= 4 && most >= side_by_side, "%s", stats);
    cr_expect(json_integer_value(json_object_get(v, "longest_query")) < 2048, "%s", stats);
    cr_expect(json_integer_value(json_object_get(v, "most_filter_terms")) <= 20, "%s", stats);
    json_decref(v);
}

/* Acts picked by the simulator: each changes some mailbox. */
static void change(struct rock_rig *g)
{
    rock_rig_tell(g, "/control/demo-changes", "");
}

Test(directory_source_model, a_church_of_three_hundred, .timeout = 60)
{
    struct rock_rig g = {0};
    const struct sim_rock_options o = {.size = {.seed = 7, .people = 300, .users = 12}};

    rock_rig_open(&g, &o, NULL);
    read_and_compare(&g, 100);
    change(&g);
    read_and_compare(&g, 100);
    check_manners(&g, 1);
    rock_rig_close(&g);
}

/* Large enough for walks in ranges, small pages for many of them. */
Test(directory_source_model, a_church_that_is_walked_in_small_pages, .timeout = 60)
{
    struct rock_rig g = {0};
    const char *const settings[] = {"rock.page=37", NULL};
    const struct sim_rock_options o = {.size = {.seed = 11, .people = 1500, .users = 40},
                                       .latency_ms = 2};

    rock_rig_open(&g, &o, settings);
    read_and_compare(&g, 500);
    change(&g);
    read_and_compare(&g, 500);
    check_manners(&g, 4);
    rock_rig_close(&g);
}

Test(directory_source_model, a_page_of_one_row, .timeout = 60)
{
    struct rock_rig g = {0};
    const char *const settings[] = {"rock.page=1", "rock.connections=2", NULL};
    const struct sim_rock_options o = {.size = {.seed = 3, .people = 60, .users = 4}};

    rock_rig_open(&g, &o, settings);
    read_and_compare(&g, 10);
    rock_rig_close(&g);
}
