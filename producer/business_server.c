#include "producer/business_server.h"

#include <string.h>

#include "common/base/arena.h"
#include "common/base/map.h"

#include "common/core/directory.h"
#include "common/port/directory_source.h"

enum {
    TEXT_MAX = 1024,
    HOPELESS =
        20 /* people of whom nobody could be rendered: the rest of the same reading neither */
};

struct answer {
    struct sha256 person; /* first: the key in the map */
    int64_t at_ms;
    char *text;
};

struct business_server {
    char *lava;
    int64_t keep_ms;
    struct map *answers; /* struct answer, owned */
    int64_t swept_at_ms;
    int64_t hopeless_at_ms; /* reading of people of whom nobody could be rendered; 0 none */
};

static void answer_free(struct answer *a)
{
    if (!a)
        return;
    free(a->text);
    free(a);
}

struct business_server *business_server_new(const char *lava, int64_t keep_ms)
{
    struct business_server *s = xalloc(sizeof(*s));

    s->lava = xstrdup(lava);
    s->keep_ms = keep_ms;
    s->answers = map_new();
    return s;
}

void business_server_free(struct business_server *s)
{
    if (!s)
        return;
    map_foreach (it, s->answers)
        answer_free(it.value);
    map_free(s->answers);
    free(s->lava);
    free(s);
}

/* ---- what is known of a person ---- */

static void add_text(struct digest *d, const char *text)
{
    if (text)
        digest_add(d, text, strlen(text));
    digest_add(d, text ? "\0" : "\1", 1);
}

static void add_phone(struct digest *d, const struct dir_phone *ph)
{
    const unsigned char flags[] = {(unsigned char)ph->type, ph->unlisted, ph->messaging};

    digest_add(d, &ph->id, sizeof(ph->id));
    digest_add(d, flags, sizeof(flags));
    add_text(d, ph->type_name);
    add_text(d, ph->country_code);
    add_text(d, ph->number);
    add_text(d, ph->formatted);
    add_text(d, ph->extension);
}

static void add_address(struct digest *d, const struct dir_address *at)
{
    add_text(d, at ? at->street1 : NULL);
    add_text(d, at ? at->street2 : NULL);
    add_text(d, at ? at->city : NULL);
    add_text(d, at ? at->state : NULL);
    add_text(d, at ? at->postal : NULL);
    add_text(d, at ? at->country : NULL);
}

static void person_print(struct digest *d, const struct dir_person *p, struct sha256 *ret)
{
    const char *const texts[] = {p->first_name, p->nick_name, p->middle_name,
                                 p->last_name,  p->suffix,    p->title,
                                 p->email,      p->employer,  p->position};
    const int dates[] = {p->birth_day,       p->birth_month,       p->birth_year,
                         p->anniversary_day, p->anniversary_month, p->anniversary_year,
                         p->age_class,       p->business,          p->email_active};

    digest_add(d, &p->rock_id, sizeof(p->rock_id));
    digest_add(d, &p->key, sizeof(p->key));
    digest_add(d, dates, sizeof(dates));
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        add_text(d, texts[i]);
    for (size_t i = 0; i < p->n_phones; i++)
        add_phone(d, &p->phones[i]);
    add_address(d, p->home);
    add_address(d, p->work);
    digest_add(d, &p->photo_id, sizeof(p->photo_id));
    digest_finish(d, ret);
}

/* ---- rendering ---- */

static const char *known(struct business_server *s, const struct sha256 *person, int64_t now_ms)
{
    const struct answer *a = map_get(s->answers, person, sizeof(*person));

    return a && a->at_ms <= now_ms && now_ms - a->at_ms < s->keep_ms ? a->text : NULL;
}

static void
remember(struct business_server *s, const struct sha256 *person, int64_t now_ms, const char *text)
{
    struct answer *a = xalloc(sizeof(*a));

    *a = (struct answer){.person = *person, .at_ms = now_ms, .text = xstrdup(text)};
    answer_free(map_put(s->answers, &a->person, sizeof(a->person), a));
}

static void forget_old(struct business_server *s, int64_t now_ms)
{
    map_foreach (it, s->answers) {
        struct answer *a = it.value;
        if (a->at_ms <= now_ms && now_ms - a->at_ms < s->keep_ms)
            continue;
        map_del(s->answers, &a->person, sizeof(a->person));
        answer_free(a);
    }
}

static void failed_at(struct err *failed)
{
    err_set(failed, SCOPE_ITEM, WHEN_NEVER, "lava.render",
            "Rock reports a Lava error in the rendered text");
}

static void fail_all(const size_t *whose, size_t n, struct business_text *ret)
{
    for (size_t i = 0; i < n; i++)
        ret[whose[i]] = (struct business_text){.failed = true};
}

/* Asks Rock for those whose indexes are in whose. */
static int ask(struct business_server *s,
               struct directory_source *source,
               const struct dir_person *people,
               const size_t *whose,
               size_t n,
               struct arena *a,
               struct business_text *ret,
               struct err *err)
{
    int64_t *ids = arena_alloc(a, (n + 1) * sizeof(*ids));
    struct source_rendered *texts = arena_alloc(a, (n + 1) * sizeof(*texts));

    for (size_t i = 0; i < n; i++)
        ids[i] = people[whose[i]].rock_id;
    if (source->ops->render(source, s->lava, ids, n, a, texts, err) < 0)
        return -1;
    for (size_t i = 0; i < n; i++)
        ret[whose[i]] =
            (struct business_text){.text = texts[i].text, .failed = texts[i].text == NULL};
    return 0;
}

struct pass { /* one call */
    struct sha256 *prints;
    size_t *whose; /* indexes of those without an answer that is good */
    size_t n_whose;
    int64_t now_ms;
};

static void look_up(struct business_server *s,
                    const struct dir_person *people,
                    size_t n,
                    struct arena *a,
                    struct business_text *ret,
                    struct pass *p)
{
    struct digest *d = digest_new();

    p->prints = arena_alloc(a, (n + 1) * sizeof(*p->prints));
    p->whose = arena_alloc(a, (n + 1) * sizeof(*p->whose));
    for (size_t i = 0; i < n; i++) {
        person_print(d, &people[i], &p->prints[i]);
        const char *text = known(s, &p->prints[i], p->now_ms);
        ret[i] = (struct business_text){.text = text ? arena_strdup(a, text) : NULL};
        if (!text)
            p->whose[p->n_whose++] = i;
    }
    digest_free(d);
}

/* Returns how many failed. */
static size_t
keep_answers(struct business_server *s, const struct pass *p, const struct business_text *ret)
{
    size_t failures = 0;

    for (size_t k = 0; k < p->n_whose; k++) {
        const struct business_text *t = &ret[p->whose[k]];
        if (t->failed)
            failures++;
        else if (strlen(t->text) <= TEXT_MAX)
            remember(s, &p->prints[p->whose[k]], p->now_ms, t->text);
    }
    return failures;
}

int business_server_render(struct business_server *s,
                           struct directory_source *source,
                           const struct dir_person *people,
                           size_t n,
                           int64_t now_ms,
                           struct arena *a,
                           struct business_text *ret,
                           struct err *failed,
                           struct err *err)
{
    struct pass p = {.now_ms = now_ms};

    if (s->swept_at_ms != now_ms)
        forget_old(s, now_ms);
    s->swept_at_ms = now_ms;
    look_up(s, people, n, a, ret, &p);
    if (s->hopeless_at_ms && s->hopeless_at_ms == now_ms)
        fail_all(p.whose, p.n_whose, ret);
    else if (p.n_whose && ask(s, source, people, p.whose, p.n_whose, a, ret, err) < 0)
        return -1;
    size_t failures = keep_answers(s, &p, ret);
    if (failures)
        failed_at(failed);
    if (failures >= HOPELESS && failures == p.n_whose)
        s->hopeless_at_ms = now_ms;
    return 0;
}
