#include <stdlib.h>
#include <string.h>

#include "common/base/banned.h"
#include "common/base/conf_p.h"
#include "common/base/str.h"

enum { NAME_BYTES = 80 };

/*
 * Edits (insert, delete, replace, swap neighbours) that turn a into b; both shorter than
 * NAME_BYTES.
 */
static int distance(const char *a, const char *b)
{
    int na = (int)strlen(a), nb = (int)strlen(b);
    int rows[3][NAME_BYTES + 1]; /* before last, last, current */

    for (int j = 0; j <= nb; j++)
        rows[1][j] = j;
    for (int i = 1; i <= na; i++) {
        int *cur = rows[(i + 1) % 3], *last = rows[i % 3], *before = rows[(i + 2) % 3];

        cur[0] = i;
        for (int j = 1; j <= nb; j++) {
            int best = last[j - 1] + (a[i - 1] != b[j - 1]);

            if (last[j] + 1 < best)
                best = last[j] + 1;
            if (cur[j - 1] + 1 < best)
                best = cur[j - 1] + 1;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
                before[j - 2] + 1 < best)
                best = before[j - 2] + 1;
            cur[j] = best;
        }
    }
    return rows[(na + 1) % 3][nb];
}

const char *conf_nearest(const struct conf *c, const char *name, bool env)
{
    autovalue(str_release) struct str other = STR_INIT(256);
    const char *best = NULL;
    int n = (int)strnlen(name, NAME_BYTES);
    int best_distance = n / 4 + 1; /* more edits than this is another word */

    if (n == NAME_BYTES)
        return NULL;
    for (size_t i = 0; i < c->n; i++) {
        str_clear(&other);
        if (env)
            conf_env_name(c->defs[i].name, &other);
        else
            str_puts(&other, c->defs[i].name);
        if (other.n >= NAME_BYTES || abs((int)other.n - n) >= best_distance)
            continue; /* each character more or less is an edit */
        int d = distance(name, other.p);

        if (d < best_distance) {
            best_distance = d;
            best = c->defs[i].name;
        }
    }
    return best;
}

/* librdkafka's own secrets: a pass-through row has no flags. */
static bool extra_is_secret(const char *name)
{
    static const char *const words[] = {"password", "secret",  "jaas",
                                        ".pem",     "ssl.key", "oauthbearer.config"};

    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        if (strstr(name, words[i]))
            return true;
    return false;
}

/* What begins or ends with a blank, or begins with a quote, is quoted: it can be read again. */
static void put_value(struct str *out, const char *s)
{
    size_t n = strlen(s);
    bool quote = n && (strchr(" \t\r\"", s[0]) || strchr(" \t\r", s[n - 1]));

    str_addf(out, quote ? "\"%s\"" : "%s", s);
}

/* What is unset is a comment: an empty number could not be read again. */
static void put_setting(struct str *out,
                        const char *prefix,
                        const char *name,
                        const struct conf_slot *slot,
                        bool secret)
{
    bool unset = slot->rank == RANK_DEFAULT && !slot->value.text[0];

    str_addf(out, "# %s\n", slot->origin ? slot->origin : "default");
    str_addf(out, "%s%s%s =", unset ? "# " : "", prefix, name);
    if (slot->value.text[0]) {
        str_putc(out, ' ');
        put_value(out, secret ? "***" : slot->value.text);
    }
    str_putc(out, '\n');
}

void conf_print(const struct conf *c, struct str *out)
{
    for (size_t i = 0; i < c->n; i++)
        put_setting(out, "", c->defs[i].name, &c->slots[i], c->defs[i].flags & CONF_SECRET);
    vec_foreach (e, &c->extras)
        put_setting(out, CONF_PREFIX, e->name, &e->slot, extra_is_secret(e->name));
}

/* Text inside a Markdown table cell. */
static void put_cell(struct str *out, const char *s)
{
    for (; *s; s++) {
        if (*s == '|')
            str_putc(out, '\\');
        str_putc(out, *s == '\n' ? ' ' : *s);
    }
}

static void put_kind(struct str *out, const struct conf_def *d)
{
    static const char *const kinds[] = {
        [CONF_STRING] = "text",
        [CONF_BOOL] = "true or false",
        [CONF_INT] = "number",
        [CONF_DURATION] = "duration",
        [CONF_BYTES] = "bytes",
        [CONF_ENUM] = "one of ",
        [CONF_LIST] = "comma separated list",
        [CONF_FILE] = "path of a file",
    };

    str_puts(out, kinds[d->type]);
    if (d->type == CONF_ENUM) {
        put_cell(out, d->words);
    } else if (d->type == CONF_INT || d->type == CONF_DURATION || d->type == CONF_BYTES) {
        str_puts(out, ", ");
        conf_put_amount(out, d->type, d->min);
        str_puts(out, " to ");
        conf_put_amount(out, d->type, d->max);
    }
}

void conf_reference(const struct conf_def *defs, size_t n, struct str *out)
{
    str_puts(out, "| setting | environment | value | default | meaning |\n|---|---|---|---|---|\n");
    for (size_t i = 0; i < n; i++) {
        const struct conf_def *d = &defs[i];

        str_addf(out, "| `%s` | `", d->name);
        conf_env_name(d->name, out);
        str_puts(out, "` | ");
        put_kind(out, d);
        str_puts(out, d->def && *d->def ? " | `" : " | ");
        put_cell(out, d->def ? d->def : "");
        str_puts(out, d->def && *d->def ? "` | " : " | ");
        put_cell(out, d->help ? d->help : "");
        str_puts(out, " |\n");
    }
}
