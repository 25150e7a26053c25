#include "common/base/conf.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "common/base/banned.h"
#include "common/base/conf_p.h"
#include "common/base/str.h"

/* A row without a default is unset: its text is empty and its number 0. */
static void set_default(const struct conf_def *d, struct conf_slot *slot)
{
    struct err err;

    if (d->def) {
        if (conf_value_parse(d, d->def, &slot->value, &err) == 0)
            return;
        fprintf(stderr, "default of %s: %s\n", d->name, err.text);
        abort(); /* a mistake in the table, not in anybody's settings */
    }
    slot->value.text = xstrdup("");
}

struct conf *conf_new(const struct conf_def *defs, size_t n)
{
    struct conf *c = xalloc(sizeof(*c));

    c->defs = defs;
    c->n = n;
    c->slots = xalloc(n * sizeof(*c->slots));
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < i; j++)
            assert(strcmp(defs[i].name, defs[j].name) != 0);
        set_default(&defs[i], &c->slots[i]);
    }
    return c;
}

static void release_slot(struct conf_slot *s)
{
    conf_value_release(&s->value);
    free(s->origin);
}

void conf_free(struct conf *c)
{
    if (!c)
        return;
    for (size_t i = 0; i < c->n; i++)
        release_slot(&c->slots[i]);
    free(c->slots);
    vec_foreach (e, &c->extras) {
        release_slot(&e->slot);
        free(e->name);
    }
    vec_release(&c->extras);
    free(c);
}

const struct conf_def *conf_find(const struct conf *c, const char *name)
{
    for (size_t i = 0; i < c->n; i++)
        if (strcmp(c->defs[i].name, name) == 0)
            return &c->defs[i];
    return NULL;
}

/* The slot of a pass-through name (without prefix), made when new. */
static struct conf_slot *extra_slot(struct conf *c, const char *name)
{
    size_t i = 0;

    for (; i < c->extras.n; i++) {
        int order = strcmp(name, c->extras.v[i].name);
        if (order == 0)
            return &c->extras.v[i].slot;
        if (order < 0)
            break;
    }
    vec_push(&c->extras, (struct conf_extra){0});
    memmove(&c->extras.v[i + 1], &c->extras.v[i], (c->extras.n - 1 - i) * sizeof(c->extras.v[0]));
    c->extras.v[i] = (struct conf_extra){.name = xstrdup(name)};
    return &c->extras.v[i].slot;
}

static bool extra_name_valid(const char *s)
{
    size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789._-");

    return n > 0 && n <= 128 && !s[n];
}

static int unknown(const struct conf *c, const char *name, const char *where, struct err *err)
{
    const char *near = conf_nearest(c, name, false);
    char shown[64];

    snprintf(shown, sizeof(shown), "%s", name);
    if (!near)
        return err_set(err, SCOPE_PROCESS, WHEN_NEVER, "conf", "%s: unknown setting \"%s\"", where,
                       shown);
    return err_set(err, SCOPE_PROCESS, WHEN_NEVER, "conf",
                   "%s: unknown setting \"%s\" (did you mean \"%s\"?)", where, shown, near);
}

int conf_assign(struct conf *c,
                const char *name,
                const char *text,
                enum conf_rank rank,
                const char *origin,
                const char *where,
                int line,
                struct err *err)
{
    static const struct conf_def pass_through = {.type = CONF_STRING, .flags = CONF_SECRET};
    const struct conf_def *d = conf_find(c, name);
    const char *extra =
        strncmp(name, CONF_PREFIX, strlen(CONF_PREFIX)) == 0 ? name + strlen(CONF_PREFIX) : NULL;
    struct conf_value v = {0};

    if (!d && !(extra && extra_name_valid(extra)))
        return unknown(c, name, where, err);
    if (conf_value_parse(d ? d : &pass_through, text, &v, err) < 0)
        return err_prefix(err, "%s: %s", where, name);
    struct conf_slot *slot = d ? &c->slots[d - c->defs] : extra_slot(c, extra);

    if (rank == RANK_FILE && slot->line) {
        conf_value_release(&v);
        return err_set(err, SCOPE_PROCESS, WHEN_NEVER, "conf", "%s: %s is set on line %d already",
                       where, name, slot->line);
    }
    slot->line = rank == RANK_FILE ? line : slot->line;
    if (rank < slot->rank) {
        conf_value_release(&v);
        return 0;
    }
    release_slot(slot);
    slot->value = v;
    slot->rank = rank;
    slot->origin = xstrdup(origin);
    return 0;
}

int conf_set(struct conf *c, const char *assignment, struct err *err)
{
    const char *eq = strchr(assignment, '=');

    if (!eq || eq == assignment)
        return err_set(err, SCOPE_PROCESS, WHEN_NEVER, "conf", "argument: expected key=value%s",
                       eq ? ", the key is empty" : "");
    autofree char *name = xstrndup(assignment, (size_t)(eq - assignment));

    return conf_assign(c, name, eq + 1, RANK_ARGUMENT, "argument", "argument", 0, err);
}

/* The row of a name that must be there; types: bits of the allowed ones. */
static const struct conf_slot *slot_of(const struct conf *c, const char *name, unsigned types)
{
    const struct conf_def *d = conf_find(c, name);

    if (!d || !(types & 1u << d->type)) {
        fprintf(stderr, "setting %s: %s\n", name, d ? "read as another type" : "not in the table");
        abort();
    }
    return &c->slots[d - c->defs];
}

enum {
    TEXTS = 1 << CONF_STRING | 1 << CONF_ENUM | 1 << CONF_FILE,
    NUMBERS = 1 << CONF_INT | 1 << CONF_DURATION | 1 << CONF_BYTES,
    ANY = TEXTS | NUMBERS | 1 << CONF_BOOL | 1 << CONF_LIST
};

const char *conf_str(const struct conf *c, const char *name)
{
    return slot_of(c, name, TEXTS)->value.text;
}

bool conf_bool(const struct conf *c, const char *name)
{
    return slot_of(c, name, 1 << CONF_BOOL)->value.num != 0;
}

int64_t conf_int(const struct conf *c, const char *name)
{
    return slot_of(c, name, NUMBERS)->value.num;
}

size_t conf_list(const struct conf *c, const char *name, const char *const **ret)
{
    static const char *const none[] = {NULL};
    const struct conf_value *v = &slot_of(c, name, 1 << CONF_LIST)->value;

    *ret = v->list ? (const char *const *)v->list : none;
    return v->list_n;
}

bool conf_is_set(const struct conf *c, const char *name)
{
    const struct conf_slot *s = slot_of(c, name, ANY);

    return s->rank != RANK_DEFAULT || s->value.text[0];
}

const char *conf_origin(const struct conf *c, const char *name)
{
    const struct conf_slot *s = slot_of(c, name, ANY);

    return s->origin ? s->origin : "default";
}

void conf_each_passthrough(const struct conf *c,
                           void (*fn)(const char *name, const char *value, void *user),
                           void *user)
{
    vec_foreach (e, &c->extras)
        fn(e->name, e->slot.value.text, user);
}
