#include "common/core/phone_lint.h"

#include <string.h>

#include "common/base/arena.h"

#include "common/core/contact.h"

enum { SLOTS = 2 /* of a type in a contact */, LEAST_DIGITS = 7 };

static bool is_valid(const struct dir_phone *ph,
                     const struct phone_rules *r,
                     bool (*valid)(const char *),
                     struct arena *a)
{
    enum phone_doubt doubt;
    const char *e164 = phone_e164(ph, r, a, &doubt);

    return !valid || !e164 || valid(e164);
}

static void lint_one(const struct dir_phone *ph,
                     const struct phone_rules *r,
                     bool (*valid)(const char *e164),
                     struct arena *a,
                     struct phone_finding *f)
{
    enum phone_doubt doubt;

    phone_text(ph, r, contact_field_max(CONTACT_PHONE_MOBILE), a, &doubt);
    f->reason = phone_doubt_word(doubt);
    f->what = phone_doubt_what(doubt);
    f->advice = phone_doubt_advice(doubt);
    if (doubt == PHONE_NONE && !is_valid(ph, r, valid, a)) {
        f->reason = "not-in-use";
        f->what = "no such number is in use in this country";
        f->advice = "correct the number, or set the right country code";
    }
}

size_t phone_lint_person(const struct dir_person *p,
                         bool unlisted,
                         const struct phone_rules *r,
                         bool (*valid)(const char *e164),
                         struct arena *a,
                         phone_finding_fn *found,
                         void *user)
{
    size_t used[2] = {0}, n = 0;

    for (size_t i = 0; i < p->n_phones; i++) {
        const struct dir_phone *ph = &p->phones[i];
        bool mobile = ph->type == DIR_PHONE_MOBILE;
        if ((!mobile && ph->type != DIR_PHONE_HOME) || (ph->unlisted && !unlisted))
            continue;
        const char *text = ph->formatted ? ph->formatted : ph->number;
        struct phone_finding f = {.person = p->rock_id,
                                  .phone = ph->id,
                                  .type = ph->type_name ? ph->type_name
                                          : mobile      ? "Mobile"
                                                        : "Home",
                                  .shown = phone_masked(a, text)};
        lint_one(ph, r, valid, a, &f);
        n++;
        bool there = phone_text(ph, r, contact_field_max(CONTACT_PHONE_MOBILE), a, NULL) != NULL;
        if (there && used[mobile]++ >= SLOTS) {
            f.reason = "third";
            f.what = "a contact has room for two numbers of a type, and this is a further one";
            f.advice = "delete it or give it another type";
        }
        if (*f.reason)
            found(&f, user);
    }
    return n;
}

/* Digits in front of the extension. */
static size_t digits_of(const char *text)
{
    size_t n = 0;

    for (const char *p = text; *p && *p != 'x' && *p != 'X' && *p != ',' && *p != ';'; p++)
        n += *p >= '0' && *p <= '9';
    return n;
}

void phone_lint_business(const struct dir_person *p,
                         const char *text,
                         bool failed,
                         struct arena *a,
                         phone_finding_fn *found,
                         void *user)
{
    struct phone_finding f = {
        .person = p->rock_id, .type = "Business", .shown = phone_masked(a, text)};

    if (failed) {
        f.reason = "business-fails";
        f.what = "the template of the business number fails on this person";
        f.advice = "see the last run's message, and mend the template or the person's data";
    } else if (text && text[strspn(text, " \t\r\n")] && digits_of(text) < LEAST_DIGITS) {
        f.reason = "business-no-number";
        f.what = "what the template makes of this person is no number that can be dialled";
        f.advice = "mend the template or the person's numbers";
    } else {
        return;
    }
    found(&f, user);
}
