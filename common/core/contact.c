#include "common/core/contact.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "common/base/arena.h"
#include "common/base/cleanup.h"
#include "common/base/str.h"
#include "common/base/text.h"

#include "common/core/scan.h"

static const struct {
    const char *name;
    size_t max;
} fields[CONTACT_FIELD_COUNT] = {
#define X(id, text, bytes) [CONTACT_##id] = {text, bytes},
    CONTACT_FIELDS(X)
#undef X
};
enum { VALUE_MAX = 1024 }; /* of any field */
#define X(id, text, bytes) _Static_assert((bytes) <= VALUE_MAX, text);
CONTACT_FIELDS(X)
#undef X
_Static_assert(CONTACT_FIELD_COUNT <= 64, "contact_changed has one bit per field");

const char *contact_field_name(enum contact_field f)
{
    assert((size_t)f < CONTACT_FIELD_COUNT);
    return fields[f].name;
}

size_t contact_field_max(enum contact_field f)
{
    assert((size_t)f < CONTACT_FIELD_COUNT);
    return fields[f].max;
}

char *contact_names(uint64_t set, char buf[CONTACT_NAMES_MAX])
{
    size_t n = 0;

    buf[0] = '\0';
    for (size_t i = 0; i < CONTACT_FIELD_COUNT; i++)
        if (set >> i & 1)
            n += (size_t)snprintf(buf + n, CONTACT_NAMES_MAX - n, "%s%s", n ? "," : "",
                                  fields[i].name);
    return buf;
}

static uint64_t bit_of(const char *name, size_t n)
{
    for (size_t i = 0; i < CONTACT_FIELD_COUNT; i++)
        if (strlen(fields[i].name) == n && memcmp(fields[i].name, name, n) == 0)
            return UINT64_C(1) << i;
    return 0;
}

uint64_t contact_named(const char *names)
{
    uint64_t set = 0;

    while (names && *names) {
        size_t n = strcspn(names, ",");
        set |= bit_of(names, n);
        names += n + (names[n] == ',');
    }
    return set;
}

/* As jansson 2.14 writes strings: short forms where JSON has them, \u00XX for other control
 * characters, the rest as it is. */
static void add_escaped(struct str *out, const char *v)
{
    static const char from[] = "\"\\\b\f\n\r\t", to[] = "\"\\bfnrt";
    const char *run = v;

    for (; *v; v++) {
        unsigned char c = (unsigned char)*v;
        if (c >= 0x20 && c != '"' && c != '\\')
            continue;
        str_add(out, run, (size_t)(v - run));
        run = v + 1;
        const char *at = strchr(from, c);
        if (at)
            str_addf(out, "\\%c", to[at - from]);
        else
            str_addf(out, "\\u%04X", c);
    }
    str_add(out, run, (size_t)(v - run));
}

void contact_encode(const struct contact *c, struct str *out)
{
    str_puts(out, "{\"v\":1");
    for (size_t i = 0; i < CONTACT_FIELD_COUNT; i++) {
        const char *v = c->f[i];
        if (!v)
            continue;
        assert(text_is_utf8(v, strlen(v)));
        str_puts(out, ",\"");
        str_puts(out, fields[i].name);
        str_puts(out, "\":\"");
        add_escaped(out, v);
        str_putc(out, '"');
    }
    str_putc(out, '}');
}

/* Field of that name; fields come in the order of the table, so the next one is it most of the
 * time. CONTACT_FIELD_COUNT: none. */
static size_t field_named(const char *name, size_t next)
{
    for (size_t k = 0; k < CONTACT_FIELD_COUNT; k++) {
        size_t i = (next + k) % CONTACT_FIELD_COUNT;
        if (strcmp(fields[i].name, name) == 0)
            return i;
    }
    return CONTACT_FIELD_COUNT;
}

/* One member. Returns what is wrong with it, NULL: nothing. */
static const char *
read_member(struct scan *s, const char *key, size_t *next, struct arena *a, struct contact *c)
{
    char value[VALUE_MAX + 1];
    size_t i = field_named(key, *next);

    if (i == CONTACT_FIELD_COUNT || scan_peek(s) == 'n') {
        scan_skip(s);
        return NULL;
    }
    if (!scan_string(s, value, fields[i].max + 1) || !*value)
        return "is no text of a fitting length";
    if (c->f[i])
        return "is there twice";
    c->f[i] = arena_strdup(a, value);
    *next = i + 1;
    return NULL;
}

/* Read token by token, without a tree: this is most of what a contact costs a worker. */
int contact_decode(const char *p, size_t n, struct arena *a, struct contact *ret, struct err *err)
{
    struct contact c = {0};
    struct scan s;
    const char *wrong = NULL;
    char key[32], where[32] = "v";
    int64_t version = 0;
    size_t next = 0;

    if (n > CONTACT_MAX_BYTES)
        return err_set(err, SCOPE_ITEM, WHEN_NEVER, "json",
                       "contact: %zu bytes, more than the %d allowed", n, CONTACT_MAX_BYTES);
    scan_init(&s, p, n);
    for (struct scan_seq o = scan_object(&s); scan_next_key(&s, &o, key, sizeof(key));) {
        const char *why = NULL;
        if (strcmp(key, "v") == 0)
            why = version || !scan_int(&s, 1, 1, &version) ? "is not 1, once" : NULL;
        else
            why = read_member(&s, key, &next, a, &c);
        if (why && !wrong) {
            wrong = why;
            memcpy(where, key, sizeof(where));
        }
    }
    if (!scan_end(&s))
        return err_set(err, SCOPE_ITEM, WHEN_NEVER, "json", "contact: JSON %s (byte %zu)", s.why,
                       scan_offset(&s));
    if (!wrong && !version)
        wrong = "missing";
    if (wrong)
        return err_set(err, SCOPE_ITEM, WHEN_NEVER, "json", "contact: %s: %s", where, wrong);
    *ret = c;
    return 0;
}

void contact_hash(const char *canonical, size_t n, struct sha256 *ret)
{
    sha256_of(canonical, n, ret);
}

uint64_t contact_changed(const struct contact *before, const struct contact *after)
{
    uint64_t bits = 0;

    if (!before)
        return (UINT64_C(1) << CONTACT_FIELD_COUNT) - 1;
    for (size_t i = 0; i < CONTACT_FIELD_COUNT; i++) {
        const char *x = before->f[i], *y = after->f[i];
        if (x == y || (x && y && strcmp(x, y) == 0))
            continue;
        bits |= UINT64_C(1) << i;
    }
    return bits;
}

void link_person_hash(const struct guid *key, const struct sha256 *content, struct sha256 *ret)
{
    uint8_t text[1 + sizeof(key->b) + sizeof(content->b)] = {1};

    memcpy(text + 1, key->b, sizeof(key->b));
    memcpy(text + 1 + sizeof(key->b), content->b, sizeof(content->b));
    sha256_of(text, sizeof(text), ret);
}

void link_cats_hash(const char *cats, struct sha256 *ret)
{
    size_t n = strlen(cats);
    autofree uint8_t *text = xalloc(n + 1);

    text[0] = 2;
    memcpy(text + 1, cats, n);
    sha256_of(text, n + 1, ret);
}

void link_state_hash(const struct guid *key,
                     const struct sha256 *content,
                     const char *cats,
                     struct sha256 *ret)
{
    struct sha256 person, reasons;

    link_person_hash(key, content, &person);
    link_cats_hash(cats, &reasons);
    link_state_of(&person, &reasons, ret);
}

enum { BIND_BYTES = 8, STATE_BYTES = 16, BIND_AT = 2, STATE_AT = BIND_AT + 2 * BIND_BYTES + 1 };
_Static_assert(STATE_AT + 2 * STATE_BYTES + 1 == ITEM_HASH_TEXT,
               "1:<16 digits>:<32 digits> and a NUL");

void item_hash_format(const char *folder_id, const struct sha256 *state, char out[ITEM_HASH_TEXT])
{
    struct sha256 bind;

    sha256_of(folder_id, strlen(folder_id), &bind);
    memcpy(out, "1:", BIND_AT);
    hex_encode(bind.b, BIND_BYTES, out + BIND_AT);
    out[STATE_AT - 1] = ':';
    hex_encode(state->b, STATE_BYTES, out + STATE_AT);
}

enum item_hash_match
item_hash_match(const char *text, const char *folder_id, const struct sha256 *state)
{
    char want[ITEM_HASH_TEXT];

    item_hash_format(folder_id, state, want);
    if (!text || strlen(text) != ITEM_HASH_TEXT - 1 || memcmp(text, want, STATE_AT) != 0)
        return ITEM_HASH_OTHER;
    return strcmp(text + STATE_AT, want + STATE_AT) == 0 ? ITEM_HASH_SAME : ITEM_HASH_OURS;
}
