#include "common/core/lava/lava_filter.h"

#include <ctype.h>
#include <strings.h>

enum { NAME_MAX_LEN = 48, NEAR = 3 }; /* edits that a typing error has at most */

const struct lava_value *lava_arg(const struct lava_args *args, size_t i)
{
    for (uint32_t k = 0; k < args->n; k++)
        if ((!args->names || !args->names[k].p) && i-- == 0)
            return &args->v[k];
    return NULL;
}

const struct lava_value *lava_arg_named(const struct lava_args *args, const char *name)
{
    if (!args->names)
        return NULL;
    struct lava_str want = {name, strlen(name)};
    for (uint32_t k = 0; k < args->n; k++)
        if (args->names[k].p && lava_str_eq(args->names[k], want))
            return &args->v[k];
    return NULL;
}

static int order(const char *name, struct lava_str s)
{
    int r = strncmp(name, s.p, s.n);

    return r ? r : name[s.n] != '\0';
}

const struct lava_filter *lava_filter_find(struct lava_str name)
{
    size_t low = 0, high = lava_filters_count;

    if (!name.n || name.n > NAME_MAX_LEN)
        return NULL;
    while (low < high) {
        size_t mid = (low + high) / 2;
        int r = order(lava_filters[mid].name, name);
        if (r == 0)
            return &lava_filters[mid];
        if (r < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return NULL;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Edits (insert, delete, replace) between two names, letter case and underscores not counted. */
static size_t edits(struct lava_str a, struct lava_str b)
{
    size_t row[NAME_MAX_LEN + 1];

    for (size_t j = 0; j <= b.n; j++)
        row[j] = j;
    for (size_t i = 1; i <= a.n; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b.n; j++) {
            size_t above = row[j];
            bool same = tolower((unsigned char)a.p[i - 1]) == tolower((unsigned char)b.p[j - 1]);
            row[j] = least(diagonal + !same, least(above, row[j - 1]) + 1);
            diagonal = above;
        }
    }
    return row[b.n];
}

/* Liquid's snake_case without its underscores, so that divided_by finds DividedBy. */
static struct lava_str plain(struct lava_str name, char buf[NAME_MAX_LEN])
{
    size_t n = 0;

    for (size_t i = 0; i < name.n; i++)
        if (name.p[i] != '_')
            buf[n++] = name.p[i];
    return (struct lava_str){buf, n};
}

const struct lava_filter *lava_filter_nearest(struct lava_str name)
{
    char buf[NAME_MAX_LEN];
    const struct lava_filter *best = NULL;
    size_t best_edits = NEAR + 1;

    if (!name.n || name.n > NAME_MAX_LEN)
        return NULL;
    struct lava_str bare = plain(name, buf);
    for (size_t i = 0; i < lava_filters_count; i++) {
        struct lava_str other = {lava_filters[i].name, strlen(lava_filters[i].name)};
        if (other.n > NAME_MAX_LEN || other.n + NEAR < bare.n || bare.n + NEAR < other.n)
            continue;
        size_t e = edits(bare, other);
        if (e < best_edits && e * 2 < other.n) {
            best_edits = e;
            best = &lava_filters[i];
        }
    }
    return best;
}
