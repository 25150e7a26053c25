/*
 * Any four texts as a number of Rock's, under any rules: what a contact would hold is clean and
 * short, is E.164 when nothing is doubtful, and reading it again gives the same. The lint agrees.
 */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "common/base/arena.h"
#include "common/base/text.h"

#include "common/core/phone_lint.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX = 64, TEXTS = 5 };

static struct arena *arena;

static bool is_e164(const char *s)
{
    size_t n = strlen(s);

    return *s == '+' && n >= 5 && n <= 16 && s[1] != '0' && strspn(s + 1, "0123456789") == n - 1;
}

static void on_finding(const struct phone_finding *f, void *user)
{
    assert(*f->reason && *f->what && *f->advice && f->shown);
    size_t digits = 0;
    for (const char *p = f->shown; *p; p++)
        digits += *p >= '0' && *p <= '9';
    assert(digits <= 2);
    ++*(int *)user;
}

/* Texts end at NUL bytes; the last one takes the rest. An empty one is NULL every other time. */
static void split(const uint8_t *data, size_t size, const char *texts[TEXTS])
{
    const char *p = arena_strndup(arena, (const char *)data, size), *end = p + size;

    memset(texts, 0, TEXTS * sizeof(*texts));
    for (int i = 0; i < TEXTS && p < end; i++) {
        texts[i] = *p || size % 2 ? p : NULL;
        p += strlen(p) + 1;
    }
}

static void check(const struct dir_phone *ph, const struct phone_rules *rules)
{
    enum phone_doubt doubt, again;
    const char *text = phone_text(ph, rules, MAX, arena, &doubt);
    const char *e164 = phone_e164(ph, rules, arena, &again);

    assert(!text || (*text && strlen(text) <= MAX));
    if (text)
        assert(strcmp(text_clean(arena, text, strlen(text), MAX, false), text) == 0);
    if (!e164) {
        assert(doubt == again && doubt != PHONE_NONE);
        return;
    }
    assert(is_e164(e164) && text && strncmp(text, e164, strlen(e164)) == 0);
    assert(phone_plan_of(phone_country(ph, rules, arena)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *texts[TEXTS];
    int found = 0;

    if (size < 2)
        return 0;
    if (!arena)
        arena = arena_new("fuzz", (size_t)1 << 30);
    arena_reset(arena);
    split(data + 1, size - 1, texts);
    const struct phone_rules rules = {.extension = data[0] % 3, .default_country = texts[4]};
    const struct dir_phone ph = {.id = 1,
                                 .type = data[0] & 4 ? DIR_PHONE_HOME : DIR_PHONE_MOBILE,
                                 .country_code = texts[0],
                                 .number = texts[1],
                                 .formatted = texts[2],
                                 .extension = texts[3],
                                 .unlisted = data[0] & 8};
    const struct dir_person p = {.rock_id = 1, .phones = &ph, .n_phones = 1};
    check(&ph, &rules);
    assert(phone_lint_person(&p, data[0] & 16, &rules, NULL, arena, on_finding, &found) <= 1);
    phone_lint_business(&p, texts[2], false, arena, on_finding, &found);
    assert(found <= 2);
    return 0;
}
