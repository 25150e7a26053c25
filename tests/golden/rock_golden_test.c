/*
 * Conversations of the Rock driver with Rock, one file each in tests/golden/rock: what it asks,
 * what it is answered, what it makes of it. One request at a time, so that the order is fixed.
 * UPDATE_GOLDEN=1 writes `# request` and `# expect` anew; responses that the file has stay, further
 * ones come from the simulator's town. The diff is to be read.
 */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/contract/rock_rig.h"
#include "tests/contract/rock_town.c"
#include "tests/sim/common/sim_http.h"
#include "tests/support/golden.h"

enum { MAX_TEXT = 1 << 20 };

struct conversation {
    struct golden file; /* a turn without a response: the simulator's is put there */
    char *sent[GOLDEN_MAX_TURNS];
    size_t n_sent;
    struct str got;
    struct church *town;
    bool update;
    char header_problem[128];
};

/* ---- the file ---- */

static void write_conversation(const char *path, const struct conversation *c)
{
    FILE *f = fopen(path, "wb");
    cr_assert_not_null(f, "%s", path);
    for (size_t i = 0; i < c->n_sent; i++) {
        const struct golden_turn *t = &c->file.turn[i];
        fprintf(f, "# request\n%s\n# response %s %s\n%s\n", c->sent[i], t->status, t->type,
                t->answer);
    }
    fprintf(f, "# expect\n%s", c->got.p);
    fclose(f);
}

static void release(struct conversation *c)
{
    for (size_t i = 0; i < GOLDEN_MAX_TURNS; i++)
        free(c->sent[i]);
    golden_release(&c->file);
    str_release(&c->got);
    church_free(c->town);
}

/* ---- the server ---- */

/* One row a line. */
static char *in_lines(const struct str *body)
{
    struct str out;
    str_init(&out, 2 * body->n + 1);
    for (size_t i = 0; i < body->n; i++) {
        str_putc(&out, body->p[i]);
        if (body->p[i] == ',' && i > 0 && body->p[i - 1] == '}' && body->p[i + 1] == '{')
            str_putc(&out, '\n');
    }
    return out.n ? str_steal(&out) : xstrdup("");
}

static void ask_town(struct conversation *c, const char *target, struct golden_turn *t)
{
    struct api api;
    struct api_answer a;
    const struct api_request rq = {"GET", target, SIM_ROCK_TOKEN, ""};

    api_init(&api, c->town, SIM_ROCK_TOKEN);
    api_handle(&api, &rq, &a);
    t->status = xalloc(8);
    snprintf(t->status, 8, "%d", a.status);
    t->type = xstrdup(a.content_type ? a.content_type : "");
    t->answer = in_lines(&a.body);
    str_release(&a.body);
}

static void
check_header(struct conversation *c, struct sim_req *req, const char *name, const char *want)
{
    const char *is = sim_req_header(req, name);
    if (!is || strcmp(is, want) != 0)
        snprintf(c->header_problem, sizeof(c->header_problem), "%s: %s", name, is ? is : "(none)");
}

static void answer(struct sim_req *req, void *user)
{
    struct conversation *c = user;

    check_header(c, req, "Authorization-Token", SIM_ROCK_TOKEN);
    check_header(c, req, "Accept", "application/json");
    check_header(c, req, "Cache-Control", "no-cache");
    check_header(c, req, "Accept-Encoding", "gzip");
    if (c->n_sent >= (c->update ? GOLDEN_MAX_TURNS : c->file.n_turns)) {
        c->n_sent++;
        sim_http_answer_text(req, 404, "text/plain", "no more answers in the file");
        return;
    }
    struct golden_turn *t = &c->file.turn[c->n_sent];
    c->sent[c->n_sent++] = xstrdup(req->target);
    if (!t->answer)
        ask_town(c, req->target, t);
    sim_http_answer_text(req, (int)strtol(t->status, NULL, 10), *t->type ? t->type : NULL,
                         t->answer);
}

/* ---- what the driver makes of it ---- */

static void note_list(struct conversation *c,
                      const struct directory *d,
                      const char *what,
                      const struct dir_list *l)
{
    str_addf(&c->got, "%s:", what);
    for (size_t i = 0; i < l->n; i++)
        str_addf(&c->got, " %lld", (long long)d->people[l->v[i]].rock_id);
    str_putc(&c->got, '\n');
}

static void note_text(struct conversation *c, const char *name, const char *value)
{
    if (value)
        str_addf(&c->got, " %s=\"%s\"", name, value);
}

static void note_address(struct conversation *c, const char *name, const struct dir_address *a)
{
    if (!a)
        return;
    str_addf(&c->got, " %s=[", name);
    note_text(c, "street1", a->street1);
    note_text(c, "city", a->city);
    note_text(c, "postal", a->postal);
    str_puts(&c->got, " ]");
}

static void note_person(struct conversation *c, const struct dir_person *p)
{
    char key[GUID_TEXT];
    str_addf(&c->got, "person %lld %s%s%s%s age=%d", (long long)p->rock_id,
             guid_format(&p->key, key), p->business ? " business" : "",
             p->email_active ? "" : " email_off", p->opted_out ? " opted_out" : "", p->age_class);
    note_text(c, "nick", p->nick_name);
    note_text(c, "last", p->last_name);
    note_text(c, "title", p->title);
    note_text(c, "suffix", p->suffix);
    note_text(c, "employer", p->employer);
    note_text(c, "position", p->position);
    if (p->birth_day)
        str_addf(&c->got, " birth=%d-%d-%d", p->birth_year, p->birth_month, p->birth_day);
    note_address(c, "home", p->home);
    note_address(c, "work", p->work);
    for (size_t i = 0; i < p->n_phones; i++)
        str_addf(&c->got, " phone%d=%s", (int)p->phones[i].type, p->phones[i].number);
    str_putc(&c->got, '\n');
}

static void note_directory(struct conversation *c, const struct directory *d)
{
    for (size_t i = 0; i < d->n_people; i++)
        note_person(c, &d->people[i]);
    for (size_t i = 0; i < d->n_groups; i++)
        note_list(c, d, d->groups[i].usable ? d->groups[i].name : "(unusable)",
                  &d->groups[i].members);
    for (size_t i = 0; i < d->n_users; i++) {
        str_addf(&c->got, "user %lld ", (long long)d->people[d->users[i].person].rock_id);
        note_list(c, d, "follows", &d->users[i].follows);
    }
    note_list(c, d, "staff", &d->staff);
}

/* ---- the calls ---- */

static void snapshot(struct conversation *c, struct directory_source *s, struct err *err)
{
    const struct guid followers[] = {a_guid(ANN)};
    const struct guid groups[] = {a_guid(CHOIR), a_guid(OLD_CHOIR), a_guid(NO_GROUP)};
    const struct source_request rq = {.eligible_group = a_guid(ELIGIBLE),
                                      .followers = followers,
                                      .n_followers = 1,
                                      .staff = true,
                                      .groups = groups,
                                      .n_groups = 3};
    struct directory *d = NULL;
    if (s->ops->snapshot(s, &rq, &d, err) < 0)
        str_addf(&c->got, "%s when=%d \"%s\"\n", err->code, (int)err->when, err->text);
    else
        note_directory(c, d);
    directory_free(d);
}

static void resolve(struct conversation *c, struct directory_source *s, struct err *err)
{
    static const char *const fates[] = {"there", "merged", "deceased", "gone"};
    const struct guid keys[] = {a_guid(BOB), a_guid(EVE2), a_guid(DEE), a_guid(GONE)};
    struct source_resolved res[4];
    char key[GUID_TEXT];
    if (s->ops->resolve(s, keys, 4, res, err) < 0) {
        str_addf(&c->got, "%s when=%d \"%s\"\n", err->code, (int)err->when, err->text);
        return;
    }
    for (size_t i = 0; i < 4; i++)
        str_addf(&c->got, "%s%s%s\n", fates[res[i].fate], res[i].fate == SOURCE_MERGED ? " " : "",
                 res[i].fate == SOURCE_MERGED ? guid_format(&res[i].survivor, key) : "");
}

static void old_prefs(struct conversation *c, struct directory_source *s, struct err *err)
{
    autoptr(arena_free) struct arena *a = arena_new("prefs", 1 << 20);
    const struct guid group = a_guid(ELIGIBLE);
    struct source_old_prefs *prefs = NULL;
    char text[GUID_TEXT];
    size_t n = 0;
    if (s->ops->old_prefs(s, &group, a, &prefs, &n, err) < 0)
        str_addf(&c->got, "%s when=%d \"%s\"\n", err->code, (int)err->when, err->text);
    for (size_t i = 0; i < n; i++) {
        str_addf(&c->got, "%s follow=%d staff=%d", guid_format(&prefs[i].person, text),
                 prefs[i].follow, prefs[i].staff);
        for (size_t k = 0; k < prefs[i].n_groups; k++)
            str_addf(&c->got, " %s", guid_format(&prefs[i].groups[k], text));
        str_putc(&c->got, '\n');
    }
}

static const struct {
    const char *file;
    void (*call)(struct conversation *c, struct directory_source *s, struct err *err);
    const char *retry_for;
} cases[] = {
    {"snapshot", snapshot, "0"},
    {"snapshot-no-right", snapshot, "0"},
    {"snapshot-refused-query", snapshot, "0"},
    {"resolve", resolve, "0"},
    {"resolve-in-halves", resolve, "30s"},
    {"resolve-another-order", resolve, "0"},
    {"old-prefs", old_prefs, "0"},
    {"old-prefs-none", old_prefs, "0"},
};

ParameterizedTestParameters(rock_golden, conversation)
{
    size_t n = ARRAY_LEN(cases), *v = cr_malloc(n * sizeof(*v));
    for (size_t i = 0; i < n; i++)
        v[i] = i;
    return cr_make_param_array(size_t, v, n);
}

static void talk(struct conversation *c, size_t i)
{
    struct rock_rig g = {0};
    struct err err;
    char url[48], retry[32];
    const char *const settings[] = {"rock.connections=1", "opt_out_attribute=DoNotSync", retry,
                                    NULL};
    const struct sim_http_options o = {.handler = answer, .user = c, .gzip = true};
    struct sim_http *http = sim_http_start(&o, &err);

    cr_assert_not_null(http, "%s", err.text);
    snprintf(url, sizeof(url), "http://127.0.0.1:%u", (unsigned)sim_http_port(http));
    snprintf(retry, sizeof(retry), "rock.retry_for=%s", cases[i].retry_for);
    rock_rig_connect(&g, url, SIM_ROCK_TOKEN, settings);
    cases[i].call(c, g.source, &err);
    rock_rig_close(&g);
    sim_http_stop(http);
}

ParameterizedTest(size_t *i, rock_golden, conversation, .timeout = 60)
{
    struct conversation c = {.got = STR_INIT(MAX_TEXT), .update = getenv("UPDATE_GOLDEN") != NULL};
    char path[96];

    snprintf(path, sizeof(path), "tests/golden/rock/%s.golden", cases[*i].file);
    const char *problem = golden_read(path, false, &c.file);
    cr_assert_null(problem, "%s: %s", path, problem);
    c.town = build_town();
    talk(&c, *i);
    cr_expect(c.header_problem[0] == '\0', "%s", c.header_problem);
    if (c.update) {
        write_conversation(path, &c);
    } else {
        cr_expect(eq(sz, c.n_sent, c.file.n_turns), "%s", path);
        for (size_t k = 0; k < c.file.n_turns; k++)
            cr_expect_str_eq(c.sent[k] ? c.sent[k] : "(not asked)", c.file.turn[k].want,
                             "%s, request %zu", path, k + 1);
        autofree char *got = xstrndup(c.got.p, c.got.n ? c.got.n - 1 : 0);
        cr_expect_str_eq(got, c.file.expect, "%s", path);
    }
    release(&c);
}
