#include "producer/business.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/base/arena.h"
#include "common/base/conf.h"
#include "common/base/js.h"
#include "common/base/str.h"
#include "common/base/text.h"

#include "common/core/directory.h"
#include "common/core/lava/lava.h"
#include "common/core/lava/lava_check.h"
#include "common/core/lava/lava_person.h"
#include "common/port/directory_source.h"
#include "producer/business_server.h"

enum { KEEP_MAX = 16 << 20, TEXT_MAX = 1024, GLOBALS_MAX = 1000, FILE_MAX = 64 << 10 };

/* A number: whatever needs more is a mistake of the template. */
static const struct lava_limits limits = {
    .output = 4096, .memory = 1 << 20, .steps = 200000, .nested = 0};

struct business {
    struct arena *keep;
    const char *text, *warning;
    const char *where; /* the setting and its origin, for messages */
    struct lava_template *template;
    struct lava_work *work;
    struct lava_dict globals;
    const char **keys;
    size_t n_keys;
    struct business_server *server; /* NULL: rendered here */
    struct sha256 print;
};

void business_free(struct business *b)
{
    if (!b)
        return;
    business_server_free(b->server);
    lava_template_free(b->template);
    lava_work_free(b->work);
    arena_free(b->keep);
    free(b);
}

const char *business_warning(const struct business *b)
{
    return b->warning;
}

bool business_needs_server(const struct business *b)
{
    return b && b->server;
}

const char *const *business_attributes(const struct business *b, size_t *ret_n)
{
    *ret_n = b ? b->n_keys : 0;
    return b ? b->keys : NULL;
}

void business_fingerprint(const struct business *b, struct sha256 *ret)
{
    if (b)
        *ret = b->print;
    else
        sha256_of("none", 4, ret);
}

/* ---- settings ---- */

static int refuse(const struct business *b, const struct lava_finding *f, struct err *err)
{
    return err_set(err, SCOPE_PROCESS, WHEN_NEVER, "conf", "%s: %u:%u: %s%s", b->where, f->line,
                   f->column, f->text,
                   f->kind == LAVA_SERVER ? "; lava.server=true has Rock render it" : "");
}

/* In the order of the template; what no setting can allow comes first. */
static int judge(struct business *b, const struct lava_report *r, bool server, struct err *err)
{
    for (size_t i = 0; i < r->n; i++) {
        const struct lava_finding *f = &r->findings[i];
        if (f->kind == LAVA_UNSTEADY || (f->kind == LAVA_ERROR && !server))
            return refuse(b, f, err);
        if (f->kind == LAVA_WARNING && !b->warning)
            b->warning = arena_printf(b->keep, "%u:%u: %s", f->line, f->column, f->text);
    }
    for (size_t i = 0; i < r->n; i++)
        if (r->findings[i].kind == LAVA_SERVER && !server)
            return refuse(b, &r->findings[i], err);
    return 0;
}

/* "Person | Attribute:'Employer'" */
static const char *key_in(struct arena *a, const char *path)
{
    static const char begin[] = "Person | Attribute:'";
    size_t n = strlen(path);

    if (strncmp(path, begin, sizeof(begin) - 1) != 0 || n < sizeof(begin) || path[n - 1] != '\'')
        return NULL;
    return arena_strndup(a, path + sizeof(begin) - 1, n - sizeof(begin));
}

static int bad(const struct business *b, const char *why, struct err *err)
{
    return err_set(err, SCOPE_PROCESS, WHEN_NEVER, "conf", "%s: %s", b->where, why);
}

/* Whether a key is computed: then nobody knows what to read from Rock. */
static bool computes_key(const struct lava_report *r)
{
    for (size_t i = 0; i < r->n_paths; i++)
        if (strcmp(r->paths[i], "Person | Attribute") == 0)
            return true;
    return false;
}

static int read_keys(struct business *b, const struct lava_report *r, struct err *err)
{
    b->keys = arena_alloc(b->keep, (r->n_paths + 1) * sizeof(*b->keys));
    for (size_t i = 0; i < r->n_paths; i++) {
        const char *key = key_in(b->keep, r->paths[i]);
        if (!key || !*key)
            continue;
        if (strlen(key) > SOURCE_KEY_MAX)
            return bad(b, "the key of an attribute is longer than 100 bytes", err);
        b->keys[b->n_keys++] = key;
    }
    return b->n_keys > SOURCE_ATTRIBUTES_MAX ? bad(b, "it reads more than 50 attributes", err) : 0;
}

static int bad_globals(const struct conf *c, struct err *err)
{
    return err_set(err, SCOPE_PROCESS, WHEN_NEVER, "conf",
                   "lava.global (%s): write texts by key as JSON, such as "
                   "{\"OrganizationPhone\": \"(623) 555-0100\"}",
                   conf_origin(c, "lava.global"));
}

static int read_globals(struct business *b, const struct conf *c, struct err *err)
{
    const char *text = conf_str(c, "lava.global"), *key;
    struct err ignored;
    json_t *value;

    if (!*text)
        return 0;
    json_t *doc = js_parse(text, strlen(text), 64 << 10, &ignored);
    size_t n = json_object_size(doc);
    struct lava_entry *v = arena_alloc(b->keep, (n + 1) * sizeof(*v));
    bool fine = json_is_object(doc) && n <= GLOBALS_MAX;
    json_object_foreach(doc, key, value)
    {
        const char *copy = arena_strdup(b->keep, key);
        fine = fine && json_is_string(value);
        v[b->globals.n++] = (struct lava_entry){
            {copy, strlen(copy)}, lava_cstring(arena_strdup(b->keep, json_string_value(value)))};
    }
    b->globals.v = v;
    json_decref(doc);
    return fine ? 0 : bad_globals(c, err);
}

static void make_print(struct business *b, const struct conf *c)
{
    const char *const parts[] = {"business 1", b->server ? "server" : "here", b->text,
                                 conf_str(c, "lava.global")};
    struct digest *d = digest_new();

    for (size_t i = 0; i < ARRAY_LEN(parts); i++)
        digest_add(d, parts[i], strlen(parts[i]) + 1);
    digest_finish(d, &b->print);
    digest_free(d);
}

static int prepare(struct business *b, const struct conf *c, struct err *err)
{
    struct lava_report report;
    bool server = conf_bool(c, "lava.server");

    lava_check(b->text, strlen(b->text), b->keep, &report);
    if (judge(b, &report, server, err) < 0 || read_globals(b, c, err) < 0 ||
        read_keys(b, &report, err) < 0)
        return -1;
    if (computes_key(&report) && !server)
        return bad(b,
                   "the key behind `Attribute:` must be a text in quotes, so that it can be "
                   "read from Rock; or lava.server=true has Rock render it",
                   err);
    bool here = lava_report_worst(&report) == LAVA_WARNING && !computes_key(&report);
    if (!here) {
        b->n_keys = 0; /* Rock reads them itself */
        b->server = business_server_new(b->text, conf_int(c, "lava.server_keep"));
    }
    make_print(b, c);
    if (here && lava_parse(b->text, strlen(b->text), NULL, &b->template, err) < 0)
        return err_prefix(err, "%s", b->where);
    b->work = lava_work_new();
    return 0;
}

static int read_file(struct business *b, const char *path, struct err *err)
{
    autovalue(str_release) struct str text = STR_INIT(FILE_MAX);
    char block[4096];
    size_t n;
    FILE *in = fopen(path, "re");

    if (!in)
        return bad(b, strerror(errno), err);
    while ((n = fread(block, 1, sizeof(block), in)) > 0)
        str_add(&text, block, n);
    bool unread = ferror(in) != 0; /* a directory, too */
    fclose(in);
    if (unread || text.over)
        return bad(b, unread ? "cannot be read" : "larger than 64 KiB", err);
    if (strlen(text.p) != text.n || !text_is_utf8(text.p, text.n))
        return bad(b, "not UTF-8 text", err);
    b->text = arena_strndup(b->keep, text.p, text.n);
    return 0;
}

static int read_text(struct business *b, const struct conf *c, struct err *err)
{
    const char *path = conf_str(c, "business_phone_lava_file");

    b->text = conf_str(c, "business_phone_lava");
    b->where =
        arena_printf(b->keep, "business_phone_lava (%s)", conf_origin(c, "business_phone_lava"));
    if (!*path)
        return 0;
    if (*b->text)
        return bad(b, "give the template here or in business_phone_lava_file, not in both", err);
    b->where = arena_printf(b->keep, "business_phone_lava_file (%.100s)", path);
    return read_file(b, path, err);
}

int business_new(const struct conf *c, struct business **ret, struct err *err)
{
    autoptr(business_free) struct business *b = xalloc(sizeof(*b));

    *ret = NULL;
    b->keep = arena_new("business phone", KEEP_MAX);
    if (read_text(b, c, err) < 0)
        return -1;
    if (!b->text[strspn(b->text, " \t\r\n")])
        return 0;
    b->text = arena_strdup(b->keep, b->text);
    if (prepare(b, c, err) < 0)
        return -1;
    *ret = steal(b);
    return 0;
}

/* ---- rendering ---- */

static struct lava_dict attributes_of(const struct dir_person *p, struct arena *scratch)
{
    struct lava_entry *v = arena_alloc(scratch, (p->n_attributes + 1) * sizeof(*v));

    for (size_t i = 0; i < p->n_attributes; i++)
        v[i] = (struct lava_entry){{p->attributes[i].key, strlen(p->attributes[i].key)},
                                   lava_cstring(p->attributes[i].value)};
    return (struct lava_dict){v, p->n_attributes};
}

static int render_one(struct business *b,
                      const struct dir_person *p,
                      struct arena *scratch,
                      struct lava_str *out,
                      struct err *err)
{
    const struct lava_dict attributes = attributes_of(p, scratch);
    const struct lava_person person = {p, &attributes};
    const struct lava_entry root = {LAVA_STR("Person"), lava_person_value(&person)};
    const struct lava_dict vars = {&root, 1};
    const struct lava_env env = {.vars = lava_object(&lava_dict_ops, &vars),
                                 .global = lava_object(&lava_dict_ops, &b->globals)};

    return lava_render(b->template, &env, &limits, b->work, out, err);
}

int business_render(struct business *b,
                    struct directory_source *source,
                    const struct dir_person *people,
                    size_t n,
                    int64_t now_ms,
                    struct arena *a,
                    struct business_text *ret,
                    struct err *failed,
                    struct err *err)
{
    bool any = false;

    if (!n)
        return 0;
    if (b->server)
        return business_server_render(b->server, source, people, n, now_ms, a, ret, failed, err);
    struct arena *scratch = arena_new("a person's attributes", KEEP_MAX);
    for (size_t i = 0; i < n; i++) {
        struct lava_str out;
        struct err why;
        arena_reset(scratch);
        ret[i] = (struct business_text){0};
        if (render_one(b, &people[i], scratch, &out, &why) < 0) {
            ret[i].failed = true;
            if (!any)
                *failed = why;
            any = true;
        } else if (out.n) {
            ret[i].text = arena_strndup(a, out.p, out.n < TEXT_MAX ? out.n : TEXT_MAX);
        }
    }
    arena_free(scratch);
    return 0;
}
