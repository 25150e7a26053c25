#include "producer/rock/rock_photo.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "common/base/arena.h"
#include "common/base/str.h"

#include "common/net/http.h"
#include "common/net/loop.h"

/* LONGEST: a run that is asked for, and offering again, wait so long at most. */
enum { CONNECT_TIMEOUT_MS = 10 * 1000, LONGEST_MS = 15 * 1000, PATH_MAX_BYTES = 200 };

struct reading;

struct one { /* picture under way */
    struct reading *of;
    struct source_photo *ret;
};

struct reading { /* one call */
    struct rock_photos *p;
    struct arena *a;
    struct one one[SOURCE_PHOTOS_MAX];
    size_t open, answered; /* answered: by Rock, whatever it said */
    bool done;
    bool refused, unreachable;
    struct err refusal, trouble; /* the first of each */
};

struct rock_photos {
    struct loop *l;
    struct http_client *http; /* NULL until a call needs it */
    char *url, *ca_file;
    unsigned connections;
    uint32_t timeout_ms;
    bool allow_http;
};

struct rock_photos *rock_photos_new(struct loop *l, const struct rock_photo_options *o)
{
    struct rock_photos *p = xalloc(sizeof(*p));

    p->l = l;
    p->url = xstrdup(o->url);
    p->ca_file = xstrdup(o->ca_file);
    p->connections = o->connections < SOURCE_PHOTOS_MAX ? o->connections : SOURCE_PHOTOS_MAX;
    p->timeout_ms = o->timeout_ms < LONGEST_MS ? o->timeout_ms : LONGEST_MS;
    p->allow_http = o->allow_http;
    return p;
}

void rock_photos_free(struct rock_photos *p)
{
    if (!p)
        return;
    http_client_free(p->http);
    free(p->url);
    free(p->ca_file);
    free(p);
}

void rock_photo_path(const struct photo_ref *ref, struct str *out)
{
    char guid[GUID_TEXT];

    if (guid_is_nil(&ref->guid) && ref->id <= 0)
        return;
    str_puts(out, "/GetImage.ashx?");
    if (guid_is_nil(&ref->guid))
        str_addf(out, "id=%lld", (long long)ref->id);
    else
        str_addf(out, "guid=%s", guid_format(&ref->guid, guid));
    str_addf(out, "&maxwidth=%d&maxheight=%d&format=jpg", SOURCE_PHOTO_PIXELS, SOURCE_PHOTO_PIXELS);
}

/* ---- what an answer means ---- */

static enum source_photo_fate
fail(struct err *err, enum source_photo_fate fate, int status, const char *text)
{
    char code[24];

    snprintf(code, sizeof(code), "rock.%d", status);
    err_set(err, SCOPE_REMOTE, fate == SOURCE_PHOTO_AWAY ? WHEN_LATER : WHEN_NEVER, code, "%s",
            text);
    return fate;
}

/* Which of several causes it is, Rock does not tell. */
static enum source_photo_fate refused(int status, struct err *err)
{
    return fail(err, SOURCE_PHOTO_REFUSED, status,
                "Rock shows this picture only to who is signed in: switch off Requires View "
                "Security of its file type (Person Image) in Rock, or set contacts.photos = off");
}

static bool is_web_page(const struct http_response *r)
{
    const char *p = r->body + strspn(r->body, " \t\r\n\xEF\xBB\xBF");

    return strcasestr(r->content_type, "html") || strncasecmp(p, "<!doctype html", 14) == 0 ||
           strncasecmp(p, "<html", 5) == 0;
}

static enum source_photo_fate judge_200(const struct http_response *r, struct err *err)
{
    if (r->body_len > 3 && memcmp(r->body, "\xff\xd8\xff", 3) == 0)
        return SOURCE_PHOTO_THERE;
    return is_web_page(r) ? refused(200, err) : SOURCE_PHOTO_UNFIT;
}

enum source_photo_fate rock_photo_judge(const struct http_response *r, struct err *err)
{
    if (r->status == 200)
        return judge_200(r, err);
    if (r->status == 401 || r->status == 403 || r->status / 100 == 3)
        return refused(r->status, err);
    if (r->status == 408 || r->status == 429 || r->status >= 500)
        return fail(err, SOURCE_PHOTO_AWAY, r->status, "Rock has no time for pictures");
    return SOURCE_PHOTO_GONE; /* 404, and 400 for what it does not know by that name */
}

/* ---- one call ---- */

/* The fault of the way there, not of any picture. */
static bool is_unreachable(const struct err *err)
{
    static const char *const codes[] = {"curl.5",  "curl.6",  "curl.7",      "curl.35",
                                        "curl.60", "curl.77", "http.address"};

    for (size_t i = 0; i < ARRAY_LEN(codes); i++)
        if (strcmp(err->code, codes[i]) == 0)
            return true;
    return err->when == WHEN_NEVER;
}

static void not_answered(struct one *one, const struct err *err)
{
    struct reading *r = one->of;

    if (strcmp(err->code, "http.too_big") == 0) {
        one->ret->fate = SOURCE_PHOTO_UNFIT;
        r->answered++;
        return;
    }
    one->ret->fate = SOURCE_PHOTO_AWAY;
    if (is_unreachable(err) && !r->unreachable) {
        r->unreachable = true;
        r->trouble = *err;
    }
}

static void take(struct one *one, const struct http_response *http)
{
    struct reading *r = one->of;
    struct err err;

    r->answered++;
    one->ret->fate = rock_photo_judge(http, &err);
    if (one->ret->fate == SOURCE_PHOTO_THERE) {
        one->ret->bytes = arena_memdup(r->a, http->body, http->body_len);
        one->ret->len = http->body_len;
    } else if (one->ret->fate == SOURCE_PHOTO_REFUSED && !r->refused) {
        r->refused = true;
        r->refusal = err;
    }
}

static void on_answer(const struct http_response *http, const struct err *err, void *user)
{
    struct one *one = user;

    if (err)
        not_answered(one, err);
    else
        take(one, http);
    one->of->done = --one->of->open == 0;
}

static void send(struct reading *r, const struct photo_ref *ref, struct one *one)
{
    static const char *const headers[] = {"Accept: image/jpeg", NULL};
    autovalue(str_release) struct str url = STR_INIT(16384);

    str_puts(&url, r->p->url);
    size_t bare = url.n;
    rock_photo_path(ref, &url);
    if (url.n == bare) /* no picture at all */
        return;
    const struct http_request rq = {
        .method = "GET", .url = url.p, .headers = headers, .timeout_ms = r->p->timeout_ms};
    one->ret->fate = SOURCE_PHOTO_AWAY; /* until it is answered */
    r->open++;
    http_send(r->p->http, &rq, on_answer, one);
}

static void connect_when_needed(struct rock_photos *p)
{
    const struct http_limits limits = {.max_connections = p->connections,
                                       .connect_timeout_ms = CONNECT_TIMEOUT_MS,
                                       .max_response_bytes = SOURCE_PHOTO_BYTES_MAX,
                                       .user_agent = "contact-sync/" CONTACT_SYNC_VERSION,
                                       .ca_file = p->ca_file,
                                       .allow_http = p->allow_http};
    if (!p->http)
        p->http = http_client_new(p->l, &limits);
}

/* Those that wait for a connection have their time, too, once they get one: where Rock hangs, the
 * call would take a multiple of it. */
static int wait_for(struct reading *r, struct err *err)
{
    if (!r->open || loop_wait(r->p->l, &r->done, r->p->timeout_ms) == 0)
        return 0;
    http_client_free(r->p->http); /* the requests go with it */
    r->p->http = NULL;
    if (!loop_quitting(r->p->l))
        return 0;
    return err_set(err, SCOPE_PROCESS, WHEN_LATER, "stopped", "stopped while reading pictures");
}

int rock_photos_read(struct rock_photos *p,
                     const struct photo_ref *refs,
                     size_t n,
                     struct arena *a,
                     struct source_photo *ret,
                     struct err *err)
{
    struct reading r = {.p = p, .a = a};

    connect_when_needed(p);
    for (size_t i = 0; i < n; i++) {
        ret[i] = (struct source_photo){.fate = SOURCE_PHOTO_GONE};
        r.one[i] = (struct one){&r, &ret[i]};
        send(&r, &refs[i], &r.one[i]);
    }
    if (wait_for(&r, err) < 0)
        return -1;
    if (r.unreachable && !r.answered) {
        *err = r.trouble;
        return -1;
    }
    if (r.refused)
        *err = r.refusal;
    return 0;
}
