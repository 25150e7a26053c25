#include "producer/rock/rock_render.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "common/base/arena.h"
#include "common/base/str.h"

enum { BODY_MAX = 1 << 20, MARK_SIZE = 24 };

/* ---- the text to send ---- */

static bool is_name(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* The next place of the word (not as a part of a longer one) from p on; NULL when there is none. */
static const char *find_word(const char *lava, const char *p, const char *word)
{
    size_t n = strlen(word);

    while ((p = strstr(p, word))) {
        if ((p == lava || !is_name(p[-1])) && !is_name(p[n]))
            return p;
        p += n;
    }
    return NULL;
}

size_t rock_render_at_once(const char *lava)
{
    static const char *const lasting[] = {"increment", "decrement", "cycle", "return",  "lava",
                                          "liquid",    "include",   "break", "continue"};

    for (size_t i = 0; i < ARRAY_LEN(lasting); i++)
        if (find_word(lava, lava, lasting[i]))
            return 1;
    return strstr(lava, "{[") ? 1 : ROCK_RENDER_AT_ONCE;
}

/* Names behind `assign` and `capture`: whatever stands there, in a text too; clearing is harmless.
 */
static void clear_names(const char *lava, const char *word, struct str *out)
{
    for (const char *p = lava; (p = find_word(lava, p, word));) {
        p += strlen(word);
        p += strspn(p, " \t\r\n");
        size_t n = 0;
        while (is_name(p[n]))
            n++;
        if (n)
            str_addf(out, "{%% assign %.*s = null %%}", (int)n, p);
    }
}

void rock_render_compose(
    const char *lava, const int64_t *ids, size_t n, const char *mark, struct str *out)
{
    str_puts(out, "{% assign csIds = '");
    for (size_t i = 0; i < n; i++)
        str_addf(out, "%s%lld", i ? "," : "", (long long)ids[i]);
    str_puts(out, "' | Split:',' %}{% for csId in csIds %}");
    clear_names(lava, "assign", out);
    clear_names(lava, "capture", out);
    str_puts(out, "{% assign Person = csId | AsInteger | PersonById %}");
    str_addf(out, "[[%s:{{ Person.Id }}:", mark);
    str_puts(out, lava);
    /* A line of its own: the template may end in a comment to the end of the line. */
    str_addf(out, "\n:%s]]{%% endfor %%}", mark);
}

/* ---- the answer ---- */

static bool has_error(const char *text, size_t n)
{
    static const char *const signs[] = {"Lava Error", "Liquid error", "Error resolving Lava",
                                        "Lava error"};

    for (size_t i = 0; i < ARRAY_LEN(signs); i++)
        if (memmem(text, n, signs[i], strlen(signs[i])))
            return true;
    return false;
}

/* One piece `ID:text\n`, between its marks. */
static void take(const char *p,
                 size_t n,
                 const int64_t *ids,
                 size_t n_ids,
                 struct arena *a,
                 struct source_rendered *ret)
{
    char *end;
    long long id = strtoll(p, &end, 10);

    if (end == p || (size_t)(end - p) >= n || *end != ':' || has_error(p, n))
        return;
    size_t used = (size_t)(end + 1 - p), len = n - used;
    if (len && p[n - 1] == '\n')
        len--;
    if (len > ROCK_RENDER_TEXT_MAX)
        return;
    for (size_t i = 0; i < n_ids; i++)
        if (ids[i] == id)
            ret[i].text = arena_strndup(a, p + used, len);
}

static void split(const char *text,
                  const char *mark,
                  const int64_t *ids,
                  size_t n,
                  struct arena *a,
                  struct source_rendered *ret)
{
    char open[MARK_SIZE + 8], close[MARK_SIZE + 8];

    snprintf(open, sizeof(open), "[[%s:", mark);
    snprintf(close, sizeof(close), ":%s]]", mark);
    for (const char *p = text; (p = strstr(p, open));) {
        p += strlen(open);
        const char *end = strstr(p, close), *next = strstr(p, open);
        if (!end)
            return;
        if (!next || end < next)
            take(p, (size_t)(end - p), ids, n, a, ret);
    }
}

int rock_render_split(const char *json,
                      size_t n_json,
                      const char *mark,
                      const int64_t *ids,
                      size_t n,
                      struct arena *a,
                      struct source_rendered *ret)
{
    json_t *doc = json_loadb(json, n_json, JSON_DECODE_ANY, NULL);
    const char *text = json_string_value(doc);

    if (text)
        split(text, mark, ids, n, a, ret);
    json_decref(doc);
    return text ? 0 : -1;
}

/* ---- requests ---- */

struct rendering {
    struct rock_fetch *f;
    const char *lava;
    struct arena *a;
    size_t failed_in_a_row;
};

static int
ask(struct rendering *r, const int64_t *ids, size_t n, struct source_rendered *ret, struct err *err)
{
    autovalue(str_release) struct str body = STR_INIT(BODY_MAX), answer = STR_INIT(ROCK_BODY_MAX);
    char mark[MARK_SIZE];
    bool failed = false;

    snprintf(mark, sizeof(mark), "cs%016llx", (unsigned long long)rock_fetch_dice(r->f));
    rock_render_compose(r->lava, ids, n, mark, &body);
    if (rock_fetch_post(r->f, "/api/Lava/RenderTemplate", body.p, body.n, &answer, &failed, err) <
        0)
        return -1;
    if (!failed && rock_render_split(answer.p, answer.n, mark, ids, n, r->a, ret) < 0)
        return err_set(err, SCOPE_REMOTE, WHEN_LATER, "rock.render",
                       "Rock's answer to POST /api/Lava/RenderTemplate is no text in JSON");
    return 0;
}

/* Those of a shared request who did not come back whole. */
static int ask_alone(
    struct rendering *r, const int64_t *ids, size_t n, struct source_rendered *ret, struct err *err)
{
    for (size_t i = 0; i < n && r->failed_in_a_row < ROCK_RENDER_GIVE_UP; i++) {
        if (ret[i].text)
            continue;
        if (ask(r, ids + i, 1, ret + i, err) < 0)
            return -1;
        r->failed_in_a_row = ret[i].text ? 0 : r->failed_in_a_row + 1;
    }
    return 0;
}

int rock_render(struct rock_fetch *f,
                const char *lava,
                const int64_t *ids,
                size_t n,
                struct arena *a,
                struct source_rendered *ret,
                struct err *err)
{
    struct rendering r = {.f = f, .lava = lava, .a = a};
    size_t at_once = rock_render_at_once(lava);

    rock_fetch_restart(f);
    memset(ret, 0, n * sizeof(*ret));
    for (size_t i = 0; i < n && r.failed_in_a_row < ROCK_RENDER_GIVE_UP; i += at_once) {
        size_t k = n - i < at_once ? n - i : at_once;
        if (at_once > 1 && ask(&r, ids + i, k, ret + i, err) < 0)
            return -1;
        if (ask_alone(&r, ids + i, k, ret + i, err) < 0)
            return -1;
    }
    return 0;
}
