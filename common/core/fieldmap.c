#include "common/core/fieldmap.h"

#include <assert.h>
#include <string.h>

#include "common/base/arena.h"
#include "common/base/cleanup.h"
#include "common/base/str.h"
#include "common/base/text.h"
#include "common/base/tm.h"

/* Raise it when the same person under the same rules gives another contact: every mailbox is then
 * planned anew. */
#define FIELDMAP_VERSION 2

static const char *clean_max(struct arena *a, const char *s, size_t max)
{
    return s ? text_clean(a, s, strlen(s), max, false) : NULL;
}

static const char *clean(struct arena *a, enum contact_field f, const char *s)
{
    return clean_max(a, s, contact_field_max(f));
}

/* x, or y, or both with the text between; NULL when both are. */
static const char *join(struct arena *a, const char *x, const char *between, const char *y)
{
    if (!x || !y)
        return x ? x : y;
    return arena_printf(a, "%s%s%s", x, between, y);
}

static void
put_phone(const char *text, enum contact_field first, enum contact_field second, struct contact *c)
{
    if (!c->f[first])
        c->f[first] = text;
    else if (!c->f[second])
        c->f[second] = text;
}

static void phones(const struct dir_person *p,
                   const struct fieldmap_rules *r,
                   struct arena *a,
                   struct contact *c)
{
    for (size_t i = 0; i < p->n_phones; i++) {
        const struct dir_phone *ph = &p->phones[i];
        bool mobile = ph->type == DIR_PHONE_MOBILE;

        if ((ph->unlisted && !r->unlisted) || (!mobile && ph->type != DIR_PHONE_HOME))
            continue;
        const char *text =
            phone_text(ph, &r->phone, contact_field_max(CONTACT_PHONE_MOBILE), a, NULL);
        if (mobile)
            put_phone(text, CONTACT_PHONE_MOBILE, CONTACT_PHONE_OTHER, c);
        else
            put_phone(text, CONTACT_PHONE_HOME, CONTACT_PHONE_HOME2, c);
    }
}

/* The five fields of an address stand together in CONTACT_FIELDS. */
static void address(const struct dir_address *from,
                    enum contact_field street,
                    struct arena *a,
                    struct contact *c)
{
    if (!from)
        return;
    size_t max = contact_field_max(street);
    const char *lines =
        join(a, clean_max(a, from->street1, max), "\n", clean_max(a, from->street2, max));
    c->f[street] = lines ? text_clean(a, lines, strlen(lines), max, true) : NULL;
    c->f[street + 1] = clean(a, street + 1, from->city);
    c->f[street + 2] = clean(a, street + 2, from->state);
    c->f[street + 3] = clean(a, street + 3, from->postal);
    c->f[street + 4] = clean(a, street + 4, from->country);
}
_Static_assert(CONTACT_HOME_COUNTRY == CONTACT_HOME_STREET + 4, "address() counts");
_Static_assert(CONTACT_WORK_COUNTRY == CONTACT_WORK_STREET + 4, "address() counts");

/* Exchange keeps dates from 1601 on: an earlier year is a mistake, so the year is not known. */
static const char *date(struct arena *a, int year, int month, int day, bool yearless_1604)
{
    if (year < 1601 || year > 9999)
        year = yearless_1604 ? 1604 : 0;
    if (year == 0 || month == 0 || day == 0 || !tm_date_valid(year, month, day))
        return NULL;
    return arena_printf(a, "%04d-%02d-%02d", year, month, day);
}

static void person_names(const struct dir_person *p,
                         const struct fieldmap_rules *r,
                         struct arena *a,
                         struct contact *c)
{
    const char *given = clean(a, CONTACT_GIVEN_NAME, p->nick_name);
    if (!given)
        given = clean(a, CONTACT_GIVEN_NAME, p->first_name);
    const char *surname = clean(a, CONTACT_SURNAME, p->last_name);

    c->f[CONTACT_GIVEN_NAME] = given;
    c->f[CONTACT_MIDDLE_NAME] = clean(a, CONTACT_MIDDLE_NAME, p->middle_name);
    c->f[CONTACT_SURNAME] = surname;
    c->f[CONTACT_SUFFIX] = clean(a, CONTACT_SUFFIX, p->suffix);
    c->f[CONTACT_TITLE] = clean(a, CONTACT_TITLE, p->title);
    c->f[CONTACT_COMPANY] = clean(a, CONTACT_COMPANY, p->employer);
    c->f[CONTACT_JOB_TITLE] = clean(a, CONTACT_JOB_TITLE, p->position);
    const char *name = r->first_last ? join(a, given, " ", surname) : join(a, surname, ", ", given);
    c->f[CONTACT_FILE_AS] = clean(a, CONTACT_FILE_AS, name);
}

/* What a nameless contact is listed under. */
static const char *name_instead(const struct contact *c)
{
    static const enum contact_field order[] = {
        CONTACT_COMPANY,     CONTACT_EMAIL,          CONTACT_PHONE_MOBILE, CONTACT_PHONE_HOME,
        CONTACT_PHONE_HOME2, CONTACT_PHONE_BUSINESS, CONTACT_PHONE_OTHER};

    for (size_t i = 0; i < ARRAY_LEN(order); i++) {
        if (c->f[order[i]])
            return c->f[order[i]];
    }
    return NULL;
}

void fieldmap_contact(const struct dir_person *p,
                      const struct fieldmap_rules *r,
                      const char *business,
                      struct arena *a,
                      struct contact *ret)
{
    struct contact c = {0};

    if (p->business)
        c.f[CONTACT_COMPANY] = clean(a, CONTACT_COMPANY, p->last_name);
    else
        person_names(p, r, a, &c);
    if (p->email_active)
        c.f[CONTACT_EMAIL] = clean(a, CONTACT_EMAIL, p->email);
    phones(p, r, a, &c);
    c.f[CONTACT_PHONE_BUSINESS] = clean(a, CONTACT_PHONE_BUSINESS, business);
    address(p->home, CONTACT_HOME_STREET, a, &c);
    address(p->work, CONTACT_WORK_STREET, a, &c);
    if (r->dates) {
        c.f[CONTACT_BIRTHDAY] =
            date(a, p->birth_year, p->birth_month, p->birth_day, r->yearless_1604);
        c.f[CONTACT_ANNIVERSARY] =
            date(a, p->anniversary_year, p->anniversary_month, p->anniversary_day, false);
    }
    if (!c.f[CONTACT_FILE_AS])
        c.f[CONTACT_FILE_AS] = name_instead(&c);
    c.f[CONTACT_DISPLAY_NAME] = c.f[CONTACT_FILE_AS];
    *ret = c;
}

void fieldmap_fingerprint(const struct fieldmap_rules *r, struct sha256 *ret)
{
    autovalue(str_release) struct str s = STR_INIT(4096);

    str_addf(
        &s, "fieldmap %d unlisted=%d extension=%d first_last=%d dates=%d yearless_1604=%d country=",
        FIELDMAP_VERSION, r->unlisted, (int)r->phone.extension, r->first_last, r->dates,
        r->yearless_1604);
    str_puts(&s, r->phone.default_country ? r->phone.default_country : "1");
    assert(!s.over);
    sha256_of(s.p, s.n, ret);
}
