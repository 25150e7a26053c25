#include "producer/rock/rock_source.h"

#include <string.h>

#include "common/base/clock.h"
#include "common/base/conf.h"

#include "common/net/loop.h"
#include "producer/rock/rock_photo.h"
#include "producer/rock/rock_read_p.h"
#include "producer/rock/rock_render.h"

/* Far above what rock_fetch lets Rock send in all. */
static const size_t arena_max = (size_t)32 << 30;

/* ---- readings ---- */

static struct rock_read read_open(struct rock_source *s, const struct source_request *rq)
{
    rock_fetch_restart(s->fetch);
    return (struct rock_read){
        .s = s, .f = s->fetch, .rq = rq, .keep = arena_new("directory", arena_max)};
}

void rock_read_release(struct rock_read *r)
{
    vec_release(&r->server.phone_types);
    vec_release(&r->server.asked);
    rock_formats_free(r->server.formats);
    vec_release(&r->groups);
    vec_release(&r->members);
    vec_release(&r->follows);
    vec_release(&r->aliases);
    vec_release(&r->origins);
    vec_release(&r->people);
    vec_release(&r->families);
    vec_release(&r->places);
    rock_ids_release(&r->eligible);
    rock_ids_release(&r->staff_groups);
    rock_ids_release(&r->followers);
    rock_ids_release(&r->wanted);
    rock_ids_release(&r->opted_out);
    vec_release(&r->former);
    arena_free(r->keep);
}

struct rock_progress rock_progress_of(const struct rock_read *r, const char *what, size_t of)
{
    return (struct rock_progress){.fn = r->rq ? r->rq->progress : NULL,
                                  .what = what,
                                  .of = of,
                                  .user = r->rq ? r->rq->user : NULL};
}

int rock_confirm_empty(
    struct rock_read *r, const struct rock_list *list, size_t now, size_t before, struct err *err)
{
    int64_t last;

    if (now || !before)
        return 0;
    if (rock_table_last_id(r->f, list, &last, err) < 0)
        return -1;
    if (last)
        return 0;
    return err_set(err, SCOPE_REMOTE, WHEN_LATER, "rock.empty",
                   "Rock's /api/%s answers without a single row, which cannot be right",
                   list->controller);
}

/* ---- the port ---- */

/* What a snapshot holds beside the people that somebody chose. */
static int read_beside(struct rock_read *r, struct err *err)
{
    return rock_read_opted_out(r, err) < 0 || rock_read_former(r, err) < 0 ? -1 : 0;
}

static int source_snapshot(struct directory_source *base,
                           const struct source_request *rq,
                           struct directory **ret,
                           struct err *err)
{
    struct rock_source *s = (struct rock_source *)base;
    autovalue(rock_read_release) struct rock_read r = read_open(s, rq);
    int64_t read_at_ms = clock_wall(loop_clock(s->l));

    if (rock_read_server(&r, err) < 0 || rock_read_formats(&r, err) < 0 ||
        rock_read_groups(&r, err) < 0 || rock_read_members(&r, err) < 0 ||
        rock_read_followings(&r, err) < 0 || rock_read_people(&r, err) < 0 ||
        rock_read_keys(&r, err) < 0 || rock_read_details(&r, err) < 0 || read_beside(&r, err) < 0 ||
        rock_build(&r, read_at_ms, ret, err) < 0)
        return -1;
    if (!rq->n_followers) /* nobody asked this time */
        r.counts.followings = s->last.followings;
    s->last = r.counts;
    r.keep = NULL; /* it is the directory's now */
    return 0;
}

static int source_resolve(struct directory_source *base,
                          const struct guid *keys,
                          size_t n,
                          struct source_resolved *ret,
                          struct err *err)
{
    autovalue(rock_read_release) struct rock_read r = read_open((struct rock_source *)base, NULL);

    return rock_resolve(&r, keys, n, ret, err);
}

static int source_old_prefs(struct directory_source *base,
                            const struct guid *eligible_group,
                            struct arena *a,
                            struct source_old_prefs **ret,
                            size_t *n,
                            struct err *err)
{
    const struct source_request rq = {.eligible_group = *eligible_group};
    autovalue(rock_read_release) struct rock_read r = read_open((struct rock_source *)base, &rq);

    return rock_old_prefs(&r, a, ret, n, err);
}

static int source_render(struct directory_source *base,
                         const char *lava,
                         const int64_t *ids,
                         size_t n,
                         struct arena *a,
                         struct source_rendered *ret,
                         struct err *err)
{
    return rock_render(((struct rock_source *)base)->fetch, lava, ids, n, a, ret, err);
}

static int source_photos(struct directory_source *base,
                         const struct photo_ref *refs,
                         size_t n,
                         struct arena *a,
                         struct source_photo *ret,
                         struct err *err)
{
    return rock_photos_read(((struct rock_source *)base)->photos, refs, n, a, ret, err);
}

static void source_free(struct directory_source *base)
{
    struct rock_source *s = (struct rock_source *)base;

    if (!s)
        return;
    rock_fetch_free(s->fetch);
    rock_photos_free(s->photos);
    free(s->default_country);
    free(s->opt_out);
    free(s);
}

static const struct directory_source_ops rock_ops = {
    .name = "rock",
    .snapshot = source_snapshot,
    .resolve = source_resolve,
    .old_prefs = source_old_prefs,
    .render = source_render,
    .photos = source_photos,
    .free = source_free,
};

/* ---- settings ---- */

static int bad_url(const struct conf *c, const char *why, struct err *err)
{
    return err_set(err, SCOPE_PROCESS, WHEN_NEVER, "conf", "rock.url (%s) %s",
                   conf_origin(c, "rock.url"), why);
}

/* The address without the slashes at its end. */
static int read_url(const struct conf *c, char **ret, struct err *err)
{
    const char *url = conf_str(c, "rock.url"), *rest = NULL;

    if (!*url)
        return bad_url(c, "is not set: the address of Rock, https://...", err);
    if (strncasecmp(url, "https://", 8) == 0)
        rest = url + 8;
    else if (strncasecmp(url, "http://", 7) == 0)
        rest = url + 7;
    if (!rest)
        return bad_url(c, "must begin with https://", err);
    if (rest == url + 7 && !conf_bool(c, "rock.allow_http"))
        return bad_url(c,
                       "is http://, over which the key would travel in clear; rock.allow_http "
                       "permits that",
                       err);
    size_t host = strcspn(rest, "/");
    if (!host || memchr(rest, '@', host) || strpbrk(rest, "?# \\"))
        return bad_url(c, "must be a plain address, without user, query and blanks", err);
    size_t n = strlen(url);
    while (url[n - 1] == '/')
        n--;
    *ret = xstrndup(url, n);
    return 0;
}

static void wipe(char **secret)
{
    if (*secret)
        explicit_bzero(*secret, strlen(*secret));
    free(*secret);
}

int rock_source_new(struct loop *l,
                    const struct conf *c,
                    struct directory_source **ret,
                    struct err *err)
{
    autofree char *url = NULL;
    __attribute__((cleanup(wipe))) char *token = NULL;

    if (read_url(c, &url, err) < 0 || conf_secret(c, "rock.token_file", &token, err) < 0)
        return -1;
    const char *ca_file = conf_str(c, "rock.ca_file");
    const struct rock_fetch_options o = {
        .url = url,
        .token = token,
        .ca_file = *ca_file ? ca_file : NULL,
        .connections = (unsigned)conf_int(c, "rock.connections"),
        .page = (unsigned)conf_int(c, "rock.page"),
        .timeout_ms = (uint32_t)conf_int(c, "rock.timeout"),
        .retry_for_ms = conf_int(c, "rock.retry_for"),
        .allow_http = conf_bool(c, "rock.allow_http"),
    };
    const struct rock_photo_options photos = {.url = url,
                                              .ca_file = o.ca_file,
                                              .connections = o.connections,
                                              .timeout_ms = o.timeout_ms,
                                              .allow_http = o.allow_http};
    struct rock_source *s = xalloc(sizeof(*s));
    s->base.ops = &rock_ops;
    s->l = l;
    s->fetch = rock_fetch_new(l, &o);
    s->photos = rock_photos_new(l, &photos);
    s->opt_out = xstrdup(conf_str(c, "opt_out_attribute"));
    s->default_country = xstrdup(conf_str(c, "default_country_code"));
    *ret = &s->base;
    return 0;
}
