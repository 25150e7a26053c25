#include "common/core/phone.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "common/base/arena.h"
#include "common/base/text.h"

#include "common/core/directory.h"

enum { E164_DIGITS = 15, AMERICA = 10 };

/* ---- words ---- */

static const struct {
    const char *word, *what, *advice;
} doubts[] = {
#define X(id, word, what, advice) {word, what, advice},
    PHONE_DOUBTS(X)
#undef X
};

const char *phone_doubt_word(enum phone_doubt d)
{
    return doubts[d].word;
}

const char *phone_doubt_what(enum phone_doubt d)
{
    return doubts[d].what;
}

const char *phone_doubt_advice(enum phone_doubt d)
{
    return doubts[d].advice;
}

/* ---- digits ---- */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

const char *phone_digits(struct arena *a, const char *s)
{
    char *out = arena_strdup(a, s ? s : ""), *to = out;

    for (const char *p = out; *p; p++) {
        if (is_digit(*p))
            *to++ = *p;
    }
    *to = 0;
    return out;
}

const char *phone_masked(struct arena *a, const char *s)
{
    char *out = arena_strdup(a, s ? s : "");
    int shown = 2;

    for (char *p = out + strlen(out); p-- > out;) {
        if (is_digit(*p) && shown > 0)
            shown--;
        else if (isalnum((unsigned char)*p) || (unsigned char)*p >= 0x80)
            *p = '*';
    }
    return out;
}

const char *phone_country(const struct dir_phone *ph, const struct phone_rules *r, struct arena *a)
{
    const char *code = phone_digits(a, ph->country_code);

    return *code ? code : phone_digits(a, r->default_country ? r->default_country : "1");
}

/* ---- the number ---- */

/* Behind the code that the number carries already; the number itself when that is not certain. */
static const char *without_code(const char *number, const char *code, const struct phone_plan *plan)
{
    size_t n = strlen(number), n_code = strlen(code);

    if (n <= plan->max || strncmp(number, code, n_code) != 0)
        return number;
    return n - n_code >= plan->min && n - n_code <= plan->max ? number + n_code : number;
}

static enum phone_doubt judge(const char *number, const char *code, const struct phone_plan *plan)
{
    size_t n = strlen(number);

    if (*number == '0' && !phone_plan_keeps_zero(plan))
        return PHONE_ZERO;
    if (n < plan->min)
        return PHONE_SHORT;
    if (n > plan->max || n + strlen(code) > E164_DIGITS)
        return PHONE_LONG;
    return PHONE_NONE;
}

/* Area code and exchange both begin with 2 to 9. @source NANPA: NXX-NXX-XXXX */
static bool is_american(const char *number)
{
    return number[0] >= '2' && number[3] >= '2';
}

const char *phone_e164(const struct dir_phone *ph,
                       const struct phone_rules *r,
                       struct arena *a,
                       enum phone_doubt *ret_doubt)
{
    const char *code = phone_country(ph, r, a), *number = phone_digits(a, ph->number);
    const struct phone_plan *plan = phone_plan_of(code);

    *ret_doubt = !*number ? PHONE_NO_DIGITS : !plan ? PHONE_NO_COUNTRY : PHONE_NONE;
    if (*ret_doubt != PHONE_NONE)
        return NULL;
    number = without_code(number, code, plan);
    bool america = plan->code == 1 && strlen(number) == AMERICA;
    /* An area 0xx or 1xx does not exist, but the number says which country it means. */
    if (america && !is_american(number))
        *ret_doubt = PHONE_AREA;
    else
        *ret_doubt = judge(number, code, plan);
    return *ret_doubt == PHONE_NONE || *ret_doubt == PHONE_AREA
               ? arena_printf(a, "+%s%s", code, number)
               : NULL;
}

/* ---- the extension ---- */

/* "x114", "Ext. 114": the mark is ours to write. */
static const char *without_mark(const char *s)
{
    const char *p = s + (strncasecmp(s, "ext", 3) == 0 ? 3 : *s == 'x' || *s == 'X' ? 1 : 0);

    p += strspn(p, ". ");
    return is_digit(*p) ? p : s;
}

static const char *clean(struct arena *a, const char *s, size_t max)
{
    return s ? text_clean(a, s, strlen(s), max, false) : NULL;
}

/* "" when there is none, NULL when there is one that this form cannot say. */
static const char *
extension(const struct dir_phone *ph, const struct phone_rules *r, size_t max, struct arena *a)
{
    const char *text = clean(a, ph->extension, max);

    if (!text || r->extension == PHONE_EXT_OMIT)
        return "";
    if (r->extension == PHONE_EXT_TEXT)
        return arena_printf(a, " x%s", without_mark(text));
    text = phone_digits(a, text); /* a phone dials this */
    return *text ? arena_printf(a, ",%s", text) : NULL;
}

const char *phone_text(const struct dir_phone *ph,
                       const struct phone_rules *r,
                       size_t max,
                       struct arena *a,
                       enum phone_doubt *ret_doubt)
{
    enum phone_doubt doubt;
    const char *text = phone_e164(ph, r, a, &doubt);

    if (!text)
        text = clean(a, ph->formatted, max);
    if (!text)
        text = clean(a, ph->number, max);
    const char *ext = text ? extension(ph, r, max, a) : "";
    /* A cut extension would be a wrong one. */
    bool fits = ext && (!text || strlen(text) + strlen(ext) <= max);
    if (!fits && doubt == PHONE_NONE)
        doubt = PHONE_EXTENSION;
    if (ret_doubt)
        *ret_doubt = doubt;
    return text && fits && *ext ? arena_printf(a, "%s%s", text, ext) : text;
}
