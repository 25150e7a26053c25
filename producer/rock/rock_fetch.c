#include "producer/rock/rock_fetch.h"

#include <string.h>

#include "common/base/clock.h"

#include "common/net/http.h"
#include "common/net/loop.h"
#include "producer/rock/rock_answer.h"

enum {
    FIRST_WAIT_MS = 500,
    LONGEST_WAIT_MS = 20 * 1000,
    CONNECT_TIMEOUT_MS = 15 * 1000,
    TOKEN_HEADER_MAX = 8192
};
/* Far above any church; it ends a server that never stops sending. */
static const uint64_t all_bytes_max = UINT64_C(8) << 30;
static const uint64_t all_rows_max = 50 * 1000 * 1000;

struct rock_fetch {
    struct loop *l;
    struct http_client *http; /* NULL until a call needs it */
    struct rock_fetch_options o;
    char *url, *ca_file, *token_header;
    bool key_known; /* Rock took our key at least once */
    uint64_t dice;  /* state of the jitter */
    uint64_t bytes, rows;
    int64_t hold_until_ms; /* Retry-After: nobody sends before */

    /* the call under way */
    struct rock_walk *walks;
    size_t n, next, open; /* walks begun: 0..next-1; of these not ended: open */
    size_t done_rows;
    bool changed, failed;
    struct err err;
};

static void send_page(struct rock_walk *w);

/* ---- ends ---- */

/* The connections go along with the requests on them: a reading that failed begins the next one
 * afresh. */
static void break_off(struct rock_fetch *f)
{
    http_client_free(f->http);
    f->http = NULL;
    for (size_t i = 0; i < f->next; i++) {
        struct rock_walk *w = &f->walks[i];
        loop_cancel(w->timer);
        free(w->path);
        w->call = NULL;
        w->timer = NULL;
        w->path = NULL;
    }
    f->open = 0;
}

/* The first failure stands; f->err holds it. */
static void fail(struct rock_fetch *f)
{
    if (!f->failed)
        break_off(f);
    f->failed = f->changed = true;
}

static void fail_at(struct rock_walk *w, const struct err *why)
{
    struct rock_fetch *f = w->fetch;

    f->err = *why;
    rock_answer_name_url(&f->err, w->path ? w->path : w->list->controller);
    fail(f);
}

static unsigned page_of(const struct rock_walk *w)
{
    return w->top_max ? w->top_max : w->fetch->o.page;
}

static void start_more(struct rock_fetch *f)
{
    while (!f->failed && f->open < f->o.connections && f->next < f->n) {
        struct rock_walk *w = &f->walks[f->next++];
        w->fetch = f;
        w->last = w->after;
        w->top = page_of(w);
        w->rows = 0;
        f->open++;
        send_page(w);
    }
}

static void walk_ended(struct rock_walk *w)
{
    struct rock_fetch *f = w->fetch;

    free(w->path);
    w->path = NULL;
    f->open--;
    start_more(f);
}

/* ---- trouble ---- */

/* xorshift64*: spreads retries, decides nothing. */
uint64_t rock_fetch_dice(struct rock_fetch *f)
{
    f->dice ^= f->dice >> 12;
    f->dice ^= f->dice << 25;
    f->dice ^= f->dice >> 27;
    return f->dice * UINT64_C(2685821657736338717);
}

static int64_t jitter(struct rock_fetch *f, int64_t below)
{
    return below > 0 ? (int64_t)((rock_fetch_dice(f) >> 33) % (uint64_t)below) : 0;
}

/* Half of the doubled wait for certain, the other half by chance. */
static int64_t wait_ms(struct rock_fetch *f, unsigned tries)
{
    int64_t wait = f->o.retry_first_ms;

    while (tries-- > 1 && wait < LONGEST_WAIT_MS)
        wait *= 2;
    if (wait > LONGEST_WAIT_MS)
        wait = LONGEST_WAIT_MS;
    return wait / 2 + jitter(f, wait / 2 + 1);
}

static void on_timer(void *user)
{
    struct rock_walk *w = user;

    w->timer = NULL;
    send_page(w);
}

/* A batch has fewer rows than a page would hold. */
static void halve(struct rock_walk *w)
{
    if (w->expect && w->expect < w->top)
        w->top = (unsigned)w->expect;
    w->top = w->top > 1 ? w->top / 2 : 1;
}

static void give_up(struct rock_walk *w, const struct err *why, int64_t tried_ms)
{
    struct err last = *why;

    if (w->top == 1 && page_of(w) > 1)
        err_prefix(&last, "the row behind Id %lld", (long long)w->last);
    if (w->tries > 1)
        err_prefix(&last, "after %u tries in %lld s", w->tries, (long long)(tried_ms + 999) / 1000);
    fail_at(w, &last);
}

static void try_again(struct rock_walk *w, const struct err *why, int64_t retry_after_ms)
{
    struct rock_fetch *f = w->fetch;
    int64_t now = clock_now(loop_clock(f->l));

    if (w->tries++ == 0)
        w->trouble_since_ms = now;
    int64_t wait = wait_ms(f, w->tries);
    if (retry_after_ms > wait)
        wait = retry_after_ms;
    if (now + wait - w->trouble_since_ms > f->o.retry_for_ms) {
        give_up(w, why, now - w->trouble_since_ms);
        return;
    }
    if (retry_after_ms >= 0 && now + wait > f->hold_until_ms)
        f->hold_until_ms = now + wait;
    w->timer = loop_after(f->l, wait, on_timer, w);
}

/* ---- one page ---- */

/* Rock has no count to compare with, so nothing tells an empty answer from a mistaken one. */
static bool is_end(const struct rock_walk *w)
{
    if (w->expect)
        return w->rows >= w->expect || w->empty_pages > 0;
    return w->empty_pages > (w->twice || w->rows == 0 ? 1u : 0u);
}

static void take_page(struct rock_walk *w, const struct http_response *r)
{
    struct rock_fetch *f = w->fetch;
    struct rock_rows rows;
    struct err err;

    f->key_known = true;
    f->bytes += r->body_len;
    if (rock_decode_page(r->body, r->body_len, w->last, w->row, w->user, &rows, &err) < 0) {
        err.scope = SCOPE_REMOTE;
        fail_at(w, &err);
        return;
    }
    f->rows += rows.n;
    if (f->bytes > all_bytes_max || f->rows > all_rows_max) {
        err_set(&err, SCOPE_REMOTE, WHEN_NEVER, "rock.too_much",
                "Rock sends more than any church has");
        fail_at(w, &err);
        return;
    }
    f->done_rows += rows.n;
    w->rows += rows.n;
    w->last = rows.last;
    w->tries = 0;
    w->empty_pages = rows.n ? 0 : w->empty_pages + 1;
    if (is_end(w)) {
        walk_ended(w);
        return;
    }
    if (w->top < page_of(w)) /* smaller after a 500: grow back */
        w->top = w->top * 2 < page_of(w) ? w->top * 2 : page_of(w);
    send_page(w);
}

static void on_answer(const struct http_response *r, const struct err *err, void *user)
{
    struct rock_walk *w = user;
    struct rock_fetch *f = w->fetch;
    struct err why;

    w->call = NULL;
    f->changed = true;
    if (err) {
        bool again = err->when != WHEN_NEVER && strcmp(err->code, "http.too_big") != 0;
        if (again)
            try_again(w, err, -1);
        else
            fail_at(w, err);
        return;
    }
    switch (rock_answer_judge(r, w->list->controller, f->key_known, &why)) {
    case ROCK_ROWS:
        take_page(w, r);
        break;
    case ROCK_HALVE:
        halve(w);
        try_again(w, &why, r->retry_after_ms);
        break;
    case ROCK_RETRY:
        try_again(w, &why, r->retry_after_ms);
        break;
    case ROCK_REFUSED:
        fail_at(w, &why);
        break;
    }
}

/* The whole URL in w->path's place would show the host twice in errors of the connection. */
static int make_path(struct rock_walk *w, struct err *err)
{
    autovalue(str_release) struct str path = STR_INIT(2 * ROCK_QUERY_MAX);
    const struct rock_page page = {.after = w->last, .until = w->until, .top = w->top};

    free(w->path);
    w->path = NULL;
    if (rock_query_path(w->list, w->filter, &page, &path, err) < 0)
        return -1;
    w->path = str_steal(&path);
    return 0;
}

static void send_page(struct rock_walk *w)
{
    struct rock_fetch *f = w->fetch;
    const char *const headers[] = {f->token_header, "Accept: application/json",
                                   "Cache-Control: no-cache", NULL};
    int64_t hold = f->hold_until_ms - clock_now(loop_clock(f->l));
    struct err err;

    if (hold > 0) {
        w->timer = loop_after(f->l, hold, on_timer, w);
        return;
    }
    if (make_path(w, &err) < 0) {
        fail_at(w, &err);
        return;
    }
    autovalue(str_release) struct str url = STR_INIT(16384);
    str_puts(&url, f->url);
    str_puts(&url, w->path);
    const struct http_request rq = {
        .method = "GET", .url = url.p, .headers = headers, .timeout_ms = f->o.timeout_ms};
    w->call = http_send(f->http, &rq, on_answer, w);
}

/* ---- calls ---- */

static void connect_when_needed(struct rock_fetch *f)
{
    const struct http_limits limits = {.max_connections = f->o.connections,
                                       .connect_timeout_ms = CONNECT_TIMEOUT_MS,
                                       .max_response_bytes = ROCK_BODY_MAX,
                                       .user_agent = "contact-sync/" CONTACT_SYNC_VERSION,
                                       .ca_file = f->o.ca_file,
                                       .allow_http = f->o.allow_http};
    if (!f->http)
        f->http = http_client_new(f->l, &limits);
}

int rock_fetch_run(struct rock_fetch *f,
                   struct rock_walk *walks,
                   size_t n,
                   const struct rock_progress *progress,
                   struct err *err)
{
    f->walks = walks;
    f->n = n;
    f->next = f->open = f->done_rows = 0;
    f->failed = false;
    connect_when_needed(f);
    start_more(f);
    while (!f->failed && f->open) {
        f->changed = false;
        if (loop_wait(f->l, &f->changed, -1) < 0) {
            err_set(&f->err, SCOPE_PROCESS, WHEN_LATER, "stopped",
                    "stopped while reading from Rock");
            fail(f);
            break;
        }
        if (!f->failed && progress && progress->fn)
            progress->fn(progress->what, f->done_rows, progress->of, progress->user);
    }
    if (!f->failed)
        return 0;
    *err = f->err;
    return -1;
}

/* ---- one POST ---- */

struct post {
    struct rock_fetch *f;
    struct str *ret;
    bool done;
    enum rock_verdict verdict;
    int64_t retry_after_ms;
    struct err err;
};

static void on_posted(const struct http_response *r, const struct err *err, void *user)
{
    struct post *p = user;

    p->done = true;
    p->retry_after_ms = -1;
    if (err) {
        p->err = *err;
        p->verdict = err->when == WHEN_NEVER ? ROCK_REFUSED : ROCK_RETRY;
        return;
    }
    p->retry_after_ms = r->retry_after_ms;
    p->verdict = rock_answer_judge(r, "Lava", p->f->key_known, &p->err);
    if (r->status == 401)
        err_set(&p->err, SCOPE_REMOTE, WHEN_NEVER, "rock.401",
                "the REST key has no Edit right on POST api/Lava/RenderTemplate in Rock");
    if (p->verdict != ROCK_ROWS)
        return;
    p->f->bytes += r->body_len;
    str_add(p->ret, r->body, r->body_len);
}

static void on_nap(void *user)
{
    *(bool *)user = true;
}

static int nap(struct rock_fetch *f, int64_t wait)
{
    bool over = false;
    struct loop_timer *t = loop_after(f->l, wait, on_nap, &over);

    if (loop_wait(f->l, &over, -1) == 0)
        return 0;
    loop_cancel(t);
    return -1;
}

static int post_once(struct post *p, const char *url, const char *text, size_t n, struct err *err)
{
    struct rock_fetch *f = p->f;
    const char *const headers[] = {f->token_header, "Accept: application/json",
                                   "Content-Type: text/plain; charset=utf-8", NULL};
    const struct http_request rq = {.method = "POST",
                                    .url = url,
                                    .headers = headers,
                                    .body = text,
                                    .body_len = n,
                                    .timeout_ms = f->o.timeout_ms};

    connect_when_needed(f);
    p->done = false;
    http_send(f->http, &rq, on_posted, p);
    if (loop_wait(f->l, &p->done, -1) == 0)
        return 0;
    break_off(f); /* the call goes with its client */
    return err_set(err, SCOPE_PROCESS, WHEN_LATER, "stopped", "stopped while Rock renders");
}

int rock_fetch_post(struct rock_fetch *f,
                    const char *path,
                    const char *text,
                    size_t n,
                    struct str *ret,
                    bool *ret_failed,
                    struct err *err)
{
    autovalue(str_release) struct str url = STR_INIT(16384);
    struct post p = {.f = f, .ret = ret};
    int64_t since = 0;

    f->next = f->open = 0;
    str_addf(&url, "%s%s", f->url, path);
    for (unsigned tries = 1;; tries++) {
        if (post_once(&p, url.p, text, n, err) < 0)
            return -1;
        *ret_failed = p.verdict == ROCK_HALVE;
        if (p.verdict == ROCK_ROWS || p.verdict == ROCK_HALVE)
            return 0;
        int64_t now = clock_now(loop_clock(f->l)), wait = wait_ms(f, tries);
        if (tries == 1)
            since = now;
        if (p.retry_after_ms > wait)
            wait = p.retry_after_ms;
        if (p.verdict == ROCK_REFUSED || now + wait - since > f->o.retry_for_ms) {
            *err = p.err;
            return err_prefix(err, "POST %s", path);
        }
        if (nap(f, wait) < 0)
            return err_set(err, SCOPE_PROCESS, WHEN_LATER, "stopped", "stopped while Rock renders");
    }
}

void rock_fetch_restart(struct rock_fetch *f)
{
    f->bytes = f->rows = 0;
    f->hold_until_ms = 0;
}

unsigned rock_fetch_connections(const struct rock_fetch *f)
{
    return f->o.connections;
}

unsigned rock_fetch_page(const struct rock_fetch *f)
{
    return f->o.page;
}

struct rock_fetch *rock_fetch_new(struct loop *l, const struct rock_fetch_options *o)
{
    struct rock_fetch *f = xalloc(sizeof(*f));
    autovalue(str_release) struct str header = STR_INIT(TOKEN_HEADER_MAX);

    str_puts(&header, "Authorization-Token: ");
    str_puts(&header, o->token);
    f->l = l;
    f->o = *o;
    f->o.url = f->url = xstrdup(o->url);
    f->o.ca_file = f->ca_file = xstrdup(o->ca_file);
    f->o.token = NULL;
    if (!f->o.retry_first_ms)
        f->o.retry_first_ms = FIRST_WAIT_MS;
    f->token_header = str_steal(&header);
    f->dice = (uint64_t)clock_wall(loop_clock(l)) * 2 + 1;
    return f;
}

void rock_fetch_free(struct rock_fetch *f)
{
    if (!f)
        return;
    http_client_free(f->http);
    explicit_bzero(f->token_header, strlen(f->token_header));
    free(f->token_header);
    free(f->ca_file);
    free(f->url);
    free(f);
}
