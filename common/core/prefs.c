#include "common/core/prefs.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/arena.h"
#include "common/base/str.h"

#include "common/core/scan.h"

/* The four fields; the bit of each says that it was read. */
enum field { F_V, F_FOLLOW, F_STAFF, F_GROUPS, F_COUNT };
static const char *const field_names[F_COUNT] = {"v", "follow", "staff", "groups"};
#define ALL_FIELDS ((1u << F_COUNT) - 1)

struct reading {
    int64_t version;
    bool follow, staff;
    struct guid groups[PREFS_MAX_GROUPS];
    size_t n_groups;
    unsigned seen;   /* bits of enum field */
    const char *bad; /* the first field whose value is refused; NULL */
};

static bool read_groups(struct scan *s, struct reading *r)
{
    char text[GUID_TEXT];
    bool good = true;

    if (scan_peek(s) != '[') {
        scan_skip(s);
        return false;
    }
    r->n_groups = 0;
    for (struct scan_seq a = scan_array(s); scan_next_item(s, &a);) {
        struct guid g;
        if (!scan_string(s, text, sizeof(text)) || !guid_parse(text, &g) ||
            r->n_groups == PREFS_MAX_GROUPS)
            good = false;
        else
            r->groups[r->n_groups++] = g;
    }
    return good;
}

static bool read_field(struct scan *s, enum field f, struct reading *r)
{
    switch (f) {
    case F_V:
        return scan_int(s, INT32_MIN, INT32_MAX, &r->version);
    case F_FOLLOW:
        return scan_bool(s, &r->follow);
    case F_STAFF:
        return scan_bool(s, &r->staff);
    case F_GROUPS:
        return read_groups(s, r);
    case F_COUNT:
        break;
    }
    return false;
}

static void read_member(struct scan *s, const char *key, struct reading *r)
{
    size_t f = 0;
    while (f < F_COUNT && strcmp(key, field_names[f]) != 0)
        f++;
    if (f == F_COUNT) {
        scan_skip(s);
        return;
    }
    bool twice = r->seen & (1u << f);
    r->seen |= 1u << f;
    if ((!read_field(s, (enum field)f, r) || twice) && !r->bad)
        r->bad = field_names[f];
}

static int order(const void *x, const void *y)
{
    return guid_cmp(x, y);
}

/* Sorts and drops doubles; returns how many are left. */
static size_t sort_unique(struct guid *v, size_t n)
{
    size_t out = 0;

    if (n > 1)
        qsort(v, n, sizeof(*v), order);
    for (size_t i = 0; i < n; i++) {
        if (out == 0 || guid_cmp(&v[out - 1], &v[i]) != 0)
            v[out++] = v[i];
    }
    return out;
}

static int refuse(struct err *err, const char *code, const char *what, const char *name)
{
    return err_set(err, SCOPE_ITEM, WHEN_NEVER, code, "preferences: %s%s", what, name);
}

int prefs_decode(const char *p, size_t n, struct arena *a, struct prefs *ret, struct err *err)
{
    struct reading r = {.version = 1};
    struct scan s;
    char key[16];

    if (n > PREFS_MAX_BYTES)
        return refuse(err, "prefs.bytes", "too long", "");
    scan_init(&s, p, n);
    for (struct scan_seq o = scan_object(&s); scan_next_key(&s, &o, key, sizeof(key));)
        read_member(&s, key, &r);
    if (!scan_end(&s))
        return refuse(err, "prefs.bytes", "the text ", s.why);
    if (r.version != 1)
        return refuse(err, "prefs.version", "unknown version", "");
    if (r.seen != ALL_FIELDS)
        return refuse(err, "prefs.bytes", "v, follow, staff and groups are all required", "");
    if (r.bad)
        return refuse(err, "prefs.bytes", "bad value of ", r.bad);
    size_t n_groups = sort_unique(r.groups, r.n_groups);
    *ret = (struct prefs){
        .follow = r.follow,
        .staff = r.staff,
        .groups = n_groups ? arena_memdup(a, r.groups, n_groups * sizeof(*r.groups)) : NULL,
        .n_groups = n_groups,
    };
    return 0;
}

void prefs_encode(const struct prefs *p, struct str *out)
{
    char text[GUID_TEXT];

    str_puts(out, "{\"v\":1,\"follow\":");
    str_puts(out, p->follow ? "true" : "false");
    str_puts(out, ",\"staff\":");
    str_puts(out, p->staff ? "true" : "false");
    str_puts(out, ",\"groups\":[");
    for (size_t i = 0; i < p->n_groups; i++) {
        str_puts(out, i ? ",\"" : "\"");
        str_puts(out, guid_format(&p->groups[i], text));
        str_putc(out, '"');
    }
    str_puts(out, "]}");
}

bool prefs_empty(const struct prefs *p)
{
    return !p->follow && !p->staff && p->n_groups == 0;
}

void prefs_union(const struct prefs *x, const struct prefs *y, struct arena *a, struct prefs *ret)
{
    size_t n = x->n_groups + y->n_groups;
    struct guid *v = arena_alloc(a, n * sizeof(*v)); /* n may be 0 */

    if (x->n_groups)
        memcpy(v, x->groups, x->n_groups * sizeof(*v));
    if (y->n_groups)
        memcpy(v + x->n_groups, y->groups, y->n_groups * sizeof(*v));
    *ret = (struct prefs){
        .follow = x->follow || y->follow,
        .staff = x->staff || y->staff,
        .groups = v,
        .n_groups = sort_unique(v, n),
    };
}
