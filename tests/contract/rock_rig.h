/*
 * rock_rig: the Rock driver beside a Rock simulator in the same process, for contract and golden
 * tests.
 */
#ifndef SYNC_TESTS_CONTRACT_ROCK_RIG_H
#define SYNC_TESTS_CONTRACT_ROCK_RIG_H

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/base/arena.h"

#include "common/app/settings.h"
#include "common/net/loop.h"
#include "producer/rock/rock_source.h"
#include "tests/sim/rock/lookups.h"
#include "tests/sim/rock/sim_rock.h"

struct rock_rig {
    struct sim_rock *sim;
    struct loop *l;
    struct conf *conf;
    struct directory_source *source;
    char token_path[64];
};

/* url NULL: the simulator's. settings: "key=value", NULL-terminated; NULL for none. */
static inline void rock_rig_connect(struct rock_rig *g,
                                    const char *url,
                                    const char *token,
                                    const char *const *settings)
{
    struct err err;
    char text[160];
    const char *const always[] = {"rock.allow_http=true", "rock.retry_for=10s", NULL};

    g->l = loop_new(clock_real());
    g->conf = conf_new(settings_table, settings_count);
    snprintf(g->token_path, sizeof(g->token_path), "/tmp/rock-rig-XXXXXX");
    int fd = mkstemp(g->token_path);
    cr_assert(fd >= 0);
    dprintf(fd, "%s\n", token);
    close(fd);
    snprintf(text, sizeof(text), "rock.token_file=%s", g->token_path);
    cr_assert(conf_set(g->conf, text, &err) == 0, "%s", err.text);
    snprintf(text, sizeof(text), "rock.url=%s", url ? url : sim_rock_url(g->sim));
    cr_assert(conf_set(g->conf, text, &err) == 0, "%s", err.text);
    for (size_t i = 0; always[i]; i++)
        cr_assert(conf_set(g->conf, always[i], &err) == 0, "%s", err.text);
    for (size_t i = 0; settings && settings[i]; i++)
        cr_assert(conf_set(g->conf, settings[i], &err) == 0, "%s", err.text);
    cr_assert(rock_source_new(g->l, g->conf, &g->source, &err) == 0, "%s", err.text);
    unlink(g->token_path);
}

static inline void
rock_rig_open(struct rock_rig *g, const struct sim_rock_options *o, const char *const *settings)
{
    struct err err;

    g->sim = sim_rock_start(o, &err);
    cr_assert(g->sim != NULL, "%s", err.text);
    rock_rig_connect(g, NULL, SIM_ROCK_TOKEN, settings);
}

static inline void rock_rig_close(struct rock_rig *g)
{
    directory_source_free(g->source);
    conf_free(g->conf);
    loop_free(g->l);
    sim_rock_stop(g->sim);
}

static inline struct guid a_guid(const char *text)
{
    struct guid g;

    cr_assert(guid_parse(text, &g), "%s", text);
    return g;
}

/* POST to the simulator's control API; must be taken. */
static inline void rock_rig_tell(struct rock_rig *g, const char *target, const char *body)
{
    int status = 0;
    char *answer = sim_rock_control(g->sim, "POST", target, body, &status);

    cr_assert(status == 200, "%s: %s", target, answer);
    free(answer);
}

/* GET of the control API; the caller frees. */
static inline char *rock_rig_ask(struct rock_rig *g, const char *target)
{
    int status = 0;
    char *answer = sim_rock_control(g->sim, "GET", target, NULL, &status);

    cr_assert(status == 200, "%s: %s", target, answer);
    return answer;
}

/* ---- everybody's choices as a request ---- */

struct rock_wish { /* people[i], by key, chose choices[i] */
    struct arena *a;
    struct guid *people, *groups;
    struct choice *choices;
    size_t n_people, n_groups;
};

static inline int rock_wish_by_guid(const void *x, const void *y)
{
    return guid_cmp(x, y);
}

static inline void rock_wish_sort(struct guid *v, size_t n)
{
    if (n)
        qsort(v, n, sizeof(*v), rock_wish_by_guid);
}

static inline void rock_wish_collect(struct church *c, void *user)
{
    struct rock_wish *w = user;
    size_t total = 0, n = 0;

    for (size_t i = 0; i < c->choices.n; i++)
        total += c->choices.v[i].n_groups;
    w->people = arena_alloc(w->a, (c->choices.n + 1) * sizeof(*w->people));
    w->choices = arena_alloc(w->a, (c->choices.n + 1) * sizeof(*w->choices));
    w->groups = arena_alloc(w->a, (total + 1) * sizeof(*w->groups));
    for (size_t i = 0; i < c->choices.n; i++) {
        struct choice ch = c->choices.v[i];
        const struct person *p = church_row(c, TABLE_PERSON, ch.person_id);
        if (!p)
            continue;
        ch.groups = arena_memdup(w->a, ch.groups, ch.n_groups * sizeof(*ch.groups));
        rock_wish_sort(ch.groups, ch.n_groups);
        w->people[w->n_people] =
            ((struct row *)church_row(c, TABLE_PERSON_ALIAS, p->primary_alias_id))->guid;
        w->choices[w->n_people++] = ch;
        for (size_t k = 0; k < ch.n_groups; k++)
            w->groups[w->n_groups++] = ch.groups[k];
    }
    rock_wish_sort(w->groups, w->n_groups);
    for (size_t i = 0; i < w->n_groups; i++)
        if (!n || guid_cmp(&w->groups[n - 1], &w->groups[i]) != 0)
            w->groups[n++] = w->groups[i];
    w->n_groups = n;
}

static inline struct rock_wish rock_wish_of(struct rock_rig *g, struct arena *a)
{
    struct rock_wish w = {.a = a};

    sim_rock_with(g->sim, rock_wish_collect, &w);
    return w;
}

static inline struct source_request rock_wish_request(const struct rock_wish *w)
{
    return (struct source_request){.eligible_group = a_guid(GUID_ELIGIBLE_GROUP),
                                   .followers = w->people,
                                   .n_followers = w->n_people,
                                   .staff = true,
                                   .groups = w->groups,
                                   .n_groups = w->n_groups};
}

#endif
