#include "cli/prefs_import.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/arena.h"
#include "common/base/js.h"
#include "common/base/str.h"
#include "common/base/vec.h"

#include "cli/cli.h"
#include "cli/users.h"
#include "common/app/app_pg.h"
#include "common/drv/pg.h"
#include "common/drv/plan_store_pg.h"
#include "producer/producer_host.h"

enum { ARENA_MAX = 256 << 20, FILE_MAX = 64 << 20 };

struct entry {
    const char *email; /* of the file; NULL: by person */
    struct guid person;
    struct prefs prefs;
};
typedef vec(struct entry) entries;

/* --- from a file ----------------------------------------------------------------------- */

static int read_file(const char *path, struct str *out, struct err *err)
{
    FILE *f = fopen(path, "re");
    if (!f)
        return err_set(err, SCOPE_PROCESS, WHEN_NEVER, "import.file", "%s: %m", path);
    char buf[16384];
    size_t n;
    while ((n = fread(buf, 1, sizeof(buf), f)) > 0)
        str_add(out, buf, n);
    bool bad = ferror(f) != 0;
    fclose(f);
    if (bad || out->over)
        return err_set(err, SCOPE_PROCESS, WHEN_NEVER, "import.file", "%s: %s", path,
                       bad ? "cannot be read" : "is larger than 64 MiB");
    return 0;
}

static int by_guid(const void *x, const void *y)
{
    return guid_cmp(x, y);
}

static void read_groups(const struct js *user, struct arena *a, struct prefs *p)
{
    struct js list = js_array_opt(user, "groups");
    size_t n = js_len(&list);
    if (n > PREFS_MAX_GROUPS) {
        js_fail(user, "groups", "more than %d groups", PREFS_MAX_GROUPS);
        return;
    }
    struct guid *g = arena_alloc(a, (n + 1) * sizeof(*g));
    for (size_t i = 0; i < n; i++) {
        const char *text = json_string_value(json_array_get(list.v, i));
        if (!text || !guid_parse(text, &g[i])) {
            js_fail(user, "groups", "entry %zu is not a Guid", i);
            return;
        }
    }
    qsort(g, n, sizeof(*g), by_guid);
    p->groups = g;
    p->n_groups = n;
}

static int
parse_file(const char *path, const struct str *text, struct arena *a, entries *out, struct err *err)
{
    bool failed = false;
    json_t *doc = js_parse(text->p, text->n, FILE_MAX, err);
    if (!doc)
        return err_prefix(err, "%s", path);
    struct js root = js_root(doc, err, &failed);
    js_int(&root, "v", 1, 1);
    struct js users = js_array(&root, "users");
    for (size_t i = 0; !failed && i < js_len(&users); i++) {
        struct js u = js_at(&users, i);
        struct entry e = {.email = arena_strdup(a, js_str(&u, "email"))};
        e.prefs.follow = js_bool_opt(&u, "follow", false);
        e.prefs.staff = js_bool_opt(&u, "staff", false);
        read_groups(&u, a, &e.prefs);
        vec_push(out, e);
    }
    json_decref(doc);
    return failed ? err_prefix(err, "%s", path) : 0;
}

static int from_file(const char *path, struct arena *a, entries *out, struct err *err)
{
    autovalue(str_release) struct str text = STR_INIT(FILE_MAX);
    if (read_file(path, &text, err) < 0)
        return -1;
    return parse_file(path, &text, a, out, err);
}

/* --- from Rock ------------------------------------------------------------------------- */

static int from_rock(struct app *app,
                     struct directory_source *source,
                     struct arena *a,
                     entries *out,
                     struct err *err)
{
    struct guid group;
    struct source_old_prefs *old;
    size_t n;
    if (!guid_parse(conf_str(app->conf, "eligible_group"), &group))
        return err_set(err, SCOPE_PROCESS, WHEN_NEVER, "conf", "eligible_group (%s) is not a Guid",
                       conf_origin(app->conf, "eligible_group"));
    if (source->ops->old_prefs(source, &group, a, &old, &n, err) < 0)
        return -1;
    for (size_t i = 0; i < n; i++)
        vec_push(out, (struct entry){
                          .person = old[i].person,
                          .prefs = {old[i].follow, old[i].staff, old[i].groups, old[i].n_groups}});
    return 0;
}

/* --- save ------------------------------------------------------------------------------ */

static const struct dir_person *person_of(const struct directory *d, const struct entry *e)
{
    struct err err;
    long i;
    if (!e->email) {
        i = directory_find_person(d, &e->person);
        return i < 0 ? NULL : &d->people[i];
    }
    i = users_find(d, e->email, &err);
    return i < 0 ? NULL : &d->people[d->users[i].person];
}

static int
save_all(struct plan_store *store, const struct directory *d, const entries *es, struct err *err)
{
    size_t saved = 0, left_out = 0;
    for (size_t i = 0; i < es->n; i++) {
        const struct entry *e = &es->v[i];
        const struct dir_person *p = person_of(d, e);
        if (!p) {
            left_out++;
            continue;
        }
        if (store->ops->subscriber_save(store, &p->key, p->email ? p->email : "", &e->prefs, err) <
            0)
            return -1;
        saved++;
    }
    printf("%zu users saved, %zu left out (not eligible, or two share an address)\n", saved,
           left_out);
    return 0;
}

static int import_with(struct app *app,
                       struct directory_source *source,
                       struct plan_store *store,
                       const char *file,
                       struct err *err)
{
    autoptr(arena_free) struct arena *a = arena_new("import", ARENA_MAX);
    entries es = {0};
    struct directory *d = NULL;
    int rc = file ? from_file(file, a, &es, err) : from_rock(app, source, a, &es, err);
    if (rc == 0)
        rc = users_eligible(app, source, &d, err);
    if (rc == 0)
        rc = save_all(store, d, &es, err);
    directory_free(d);
    vec_release(&es);
    return rc;
}

int prefs_import(struct app *app, const char *file, struct err *err)
{
    autoptr(pg_free) struct pg *pg = NULL;
    autoptr(directory_source_free) struct directory_source *source = NULL;
    if (app_pg_open(app, "contact-sync", 1, true, &pg, err) < 0 ||
        producer_host_source(app, &source, err) < 0)
        return -1;
    autoptr(plan_store_free) struct plan_store *store = plan_store_pg_new(app->loop, pg);
    return import_with(app, source, store, file, err);
}
