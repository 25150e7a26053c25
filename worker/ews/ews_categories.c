#include "worker/ews/ews_categories.h"

#include <string.h>

#include "common/base/arena.h"
#include "common/base/text.h"

enum { FOLD_MAX = 512 }; /* bytes; Exchange allows 255 characters */

struct names { /* with their folded forms beside them */
    const char **name, **fold;
    size_t n;
};

/* A name beyond what any category can be is compared as it is: folding may make it eleven times
 * longer. */
static const char *fold(struct arena *a, const char *name)
{
    return strlen(name) <= FOLD_MAX ? text_fold(a, name) : name;
}

static struct names split(struct arena *a, const char *list)
{
    struct names r = {NULL, NULL, 0};
    size_t most = 1;
    for (const char *c = list; c && *c; c++)
        most += *c == '\n';
    r.name = arena_alloc(a, most * sizeof(*r.name));
    r.fold = arena_alloc(a, most * sizeof(*r.fold));
    while (list && *list) {
        size_t n = strcspn(list, "\n");
        if (n > 0) {
            r.name[r.n] = arena_strndup(a, list, n);
            r.fold[r.n] = fold(a, r.name[r.n]);
            r.n++;
        }
        list += n + (list[n] == '\n');
    }
    return r;
}

static bool has(const struct names *s, const char *fold)
{
    for (size_t i = 0; i < s->n; i++)
        if (strcmp(s->fold[i], fold) == 0)
            return true;
    return false;
}

bool ews_categories_differ(const char *before, const char *after)
{
    return strcmp(before ? before : "", after ? after : "") != 0;
}

bool ews_categories_merge(struct arena *a,
                          struct ews_names have,
                          const char *before,
                          const char *after,
                          struct ews_names *ret)
{
    struct names was = split(a, before), want = split(a, after);
    struct names now = {NULL, arena_alloc(a, (have.n + 1) * sizeof(char *)), have.n};
    const char **all = arena_alloc(a, (have.n + want.n + 1) * sizeof(*all));
    size_t n = 0, added = 0;
    for (size_t i = 0; i < have.n; i++) {
        now.fold[i] = fold(a, have.v[i]);
        if (!has(&was, now.fold[i]) || has(&want, now.fold[i]))
            all[n++] = have.v[i];
    }
    size_t kept = n;
    for (size_t i = 0; i < want.n; i++) {
        if (!has(&now, want.fold[i])) {
            all[n++] = want.name[i];
            added++;
        }
    }
    if (kept == have.n && added == 0)
        return false;
    *ret = (struct ews_names){all, n};
    return true;
}
