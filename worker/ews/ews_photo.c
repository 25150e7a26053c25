/*
 * Photos of contacts: what is attached to all items is read in one request, those of ours that are
 * not wanted go in another, and those that are missing come one by one, since CreateAttachment
 * knows one item.
 *
 * A photo that does not carry our mark is the user's: it stays, and ours goes. One that the user
 * sets between our look and our hand makes the version another one, and ours a conflict.
 */
#include <assert.h>
#include <string.h>

#include "worker/ews/ews_encode_photo.h"
#include "worker/ews/ews_p.h"

enum {
    ENVELOPE_BYTES = 64 << 10,
    /* of a request: base64 makes four of three */
    REQUEST_BYTES = EWS_PHOTO_BYTES / 3 * 4 + ENVELOPE_BYTES,
    MAX_DETACHED = 100, /* attachments of ours that one call takes off; the next call goes on */
};

enum step { LOOK, DETACH, ATTACH };

struct work { /* on one photo */
    const struct store_photo *photo;
    struct store_result *result;
    const char *version; /* of the item, as far as we have seen */
    bool open;           /* its result is not known */
    bool attach;         /* ours has to be put */
    bool own;            /* the user's is there */
    bool detach;         /* some of ours are being taken off */
};

struct detached { /* one attachment that goes */
    const char *id;
    struct work *of;
};

struct photos {
    struct ews_call call;
    struct work *work;
    size_t n, at; /* ATTACH: work[at] is under way */
    enum step step;
    struct detached detached[MAX_DETACHED];
    size_t n_detached;
    int64_t deadline; /* of the loop's clock */
    struct store_result *result;
    store_apply_done done;
    void *user;
};

static struct photos *photos_of(struct ews_call *c)
{
    return (struct photos *)c;
}

static void finish(struct photos *p)
{
    store_apply_done done = p->done;
    void *user = p->user;
    struct store_result *result = p->result;
    size_t n = p->n;
    uint32_t took_ms = p->call.took_ms;
    struct arena *keep = steal(p->call.keep);
    ews_call_free(&p->call);
    done(result, n, took_ms, user);
    arena_free(keep);
}

/* err: with OUT_DONE its code is what the port says beside it. */
static void settle(struct work *w, enum outcome o, const struct err *err)
{
    w->open = false;
    w->result->outcome = o;
    w->result->err = *err;
}

static void settle_done(struct work *w)
{
    struct err none = {0};
    if (w->own)
        err_set(&none, SCOPE_ITEM, WHEN_NEVER, STORE_PHOTO_OWN, "the user has put another photo");
    settle(w, OUT_DONE, &none);
}

/* What was under way has o; what was not yet tried is not unknown for it. */
static void settle_rest(struct photos *p, enum outcome o, const struct err *err)
{
    struct err later = *err;
    if (o == OUT_UNKNOWN) {
        o = OUT_NOT_TRIED;
        later.when = WHEN_LATER;
    }
    for (size_t i = 0; i < p->n; i++)
        if (p->work[i].open)
            settle(&p->work[i], o, &later);
}

static void send(struct photos *p, enum ews_verb verb, const char *operation, size_t n)
{
    int64_t left = p->deadline - clock_now(loop_clock(p->call.s->l));
    if (left <= 0) {
        struct err err;
        err_set(&err, SCOPE_MAILBOX, WHEN_LATER, "ews.deadline",
                "no time was left to send the request");
        ews_call_fail_later(&p->call, OUT_NOT_TRIED, &err);
        return;
    }
    ews_call_send(&p->call, &(struct ews_request){verb, operation, n, (uint32_t)left});
}

static bool is_2007(const struct photos *p)
{
    static const char old[] = "Exchange2007";
    return strncmp(p->call.target.version, old, sizeof(old) - 1) == 0;
}

static void unsupported(struct err *err)
{
    err_set(err, SCOPE_MAILBOX, WHEN_NEVER, STORE_PHOTO_UNSUPPORTED,
            "Exchange 2007 keeps no photos of contacts");
}

/* --- put ----------------------------------------------------------------------------------- */

/* The next one that lacks its photo; those that lack none are done. */
static void attach_next(struct photos *p)
{
    p->step = ATTACH;
    for (; p->at < p->n; p->at++) {
        struct work *w = &p->work[p->at];
        if (!w->open)
            continue;
        if (w->attach)
            break;
        settle_done(w);
    }
    if (p->at == p->n) {
        finish(p);
        return;
    }
    str_clear(&p->call.body);
    ews_encode_create_photo(&p->call.body, &p->call.target, p->work[p->at].photo,
                            p->work[p->at].version);
    send(p, EWS_UPDATE, "CreateAttachmentResponse", 1);
}

/* The photo under way was not put. What concerns it alone does not keep the others waiting. */
static void not_put(struct photos *p, enum outcome o, const struct err *err)
{
    struct err why = *err;
    if (o == OUT_SPLIT) { /* one photo is as small as a request gets */
        o = OUT_DEAD;
        why.scope = SCOPE_ITEM;
        why.when = WHEN_NEVER;
    }
    settle(&p->work[p->at++], o, &why);
    if (why.scope == SCOPE_ITEM && o != OUT_UNKNOWN && o != OUT_NOT_TRIED) {
        attach_next(p);
        return;
    }
    settle_rest(p, o, &why);
    finish(p);
}

static void on_put(struct photos *p, const struct ews_message *m)
{
    struct work *w = &p->work[p->at];
    struct err err;
    if (!m->ok) {
        enum outcome o = ews_error_item(&m->problem, EWS_UPDATE, &err);
        not_put(p, o, &err);
        return;
    }
    w->result->version = arena_strdup(p->call.keep, m->root_change_key);
    settle_done(w);
    p->at++;
    attach_next(p);
}

/* --- take off ------------------------------------------------------------------------------ */

static void detach(struct photos *p)
{
    const char *ids[MAX_DETACHED];
    p->step = DETACH;
    if (p->n_detached == 0) {
        attach_next(p);
        return;
    }
    for (size_t i = 0; i < p->n_detached; i++)
        ids[i] = p->detached[i].id;
    str_clear(&p->call.body);
    ews_encode_delete_attachments(&p->call.body, &p->call.target, ids, p->n_detached);
    send(p, EWS_UPDATE, "DeleteAttachmentResponse", p->n_detached);
}

static void on_detached(struct photos *p, const struct ews_response *r)
{
    struct err err;
    for (size_t i = 0; i < p->n_detached; i++) {
        struct work *w = p->detached[i].of;
        const struct ews_message *m = &r->messages[i];
        if (m->ok) {
            w->version = w->result->version = arena_strdup(p->call.keep, m->root_change_key);
        } else if (w->open) {
            enum outcome o = ews_error_item(&m->problem, EWS_UPDATE, &err);
            settle(w, o, &err);
        }
    }
    attach_next(p);
}

/* --- look ---------------------------------------------------------------------------------- */

static bool is_ours(const struct ews_attachment *a)
{
    return a->content_id && strncmp(a->content_id, EWS_PHOTO_MARK, sizeof(EWS_PHOTO_MARK) - 1) == 0;
}

static bool is_wanted(const struct work *w, const struct ews_attachment *a)
{
    return w->photo->mark && !w->own && !a->no_photo &&
           strcmp(a->content_id + sizeof(EWS_PHOTO_MARK) - 1, w->photo->mark) == 0;
}

static void judge(struct photos *p, struct work *w, const struct ews_item *item)
{
    bool there = false;
    for (size_t i = 0; i < item->n_attachments; i++)
        w->own |= w->photo->mark && item->attachments[i].photo && !is_ours(&item->attachments[i]);
    for (size_t i = 0; i < item->n_attachments; i++) {
        const struct ews_attachment *a = &item->attachments[i];
        if (!is_ours(a) || !a->id)
            continue;
        if (!there && is_wanted(w, a)) {
            there = true;
        } else if (p->n_detached < MAX_DETACHED) {
            p->detached[p->n_detached++] = (struct detached){arena_strdup(p->call.keep, a->id), w};
            w->detach = true;
        }
    }
    w->attach = w->photo->mark && !w->own && !there;
    w->version = arena_strdup(p->call.keep, item->change_key);
}

static void on_looks(struct photos *p, const struct ews_response *r)
{
    struct err why, err;
    for (size_t i = 0; i < p->n; i++) {
        const struct ews_message *m = &r->messages[i];
        if (m->ok && m->n_items > 0) {
            judge(p, &p->work[i], &m->items[0]);
            continue;
        }
        enum outcome o;
        if (m->ok) {
            err_set(&why, SCOPE_ITEM, WHEN_UNKNOWN, "ews.unreadable",
                    "a result says success but names no item");
            o = ews_error_unreadable(&why, EWS_GET, &err);
        } else {
            o = ews_error_item(&m->problem, EWS_GET, &err);
        }
        settle(&p->work[i], o, &err);
    }
    if (is_2007(p)) { /* as we have just learnt */
        unsupported(&err);
        settle_rest(p, OUT_DONE, &err);
        finish(p);
        return;
    }
    detach(p);
}

/* --- the call ------------------------------------------------------------------------------ */

static void on_answered(struct ews_call *c, const struct ews_response *r)
{
    struct photos *p = photos_of(c);
    if (p->step == LOOK)
        on_looks(p, r);
    else if (p->step == DETACH)
        on_detached(p, r);
    else
        on_put(p, &r->messages[0]);
}

static void on_failed(struct ews_call *c, enum outcome o, const struct err *err)
{
    struct photos *p = photos_of(c);
    if (p->step == ATTACH) {
        not_put(p, o, err);
        return;
    }
    for (size_t i = 0; p->step == DETACH && i < p->n; i++)
        if (p->work[i].open && p->work[i].detach)
            settle(&p->work[i], o, err);
    settle_rest(p, o, err);
    finish(p);
}

static const struct ews_call_ops photo_ops = {on_answered, on_failed};

static void look(struct photos *p, const struct store_photo *v)
{
    ews_encode_get_attachments(&p->call.body, &p->call.target, v, p->n);
    send(p, EWS_GET, "GetItemResponse", p->n);
}

static struct photos *photos_new(struct ews_store *s,
                                 const struct store_mailbox *mb,
                                 const struct store_photo *v,
                                 size_t n)
{
    struct photos *p = (struct photos *)ews_call_new(s, &photo_ops, sizeof(*p), mb);
    p->call.body.max = REQUEST_BYTES;
    p->n = n;
    p->result = arena_alloc(p->call.keep, n * sizeof(*p->result));
    p->work = arena_alloc(p->call.keep, n * sizeof(*p->work));
    for (size_t i = 0; i < n; i++) {
        p->result[i] = (struct store_result){.tag = v[i].tag, .outcome = OUT_UNKNOWN};
        p->work[i] = (struct work){.photo = &v[i], .result = &p->result[i], .open = true};
    }
    return p;
}

void ews_photo(struct contact_store *base,
               const struct store_mailbox *mb,
               const struct store_photo *v,
               size_t n,
               uint32_t timeout_ms,
               store_apply_done done,
               void *user)
{
    struct ews_store *s = (struct ews_store *)base;
    struct err err;
    assert(n > 0 && n <= s->limits.max_photos);
    struct photos *p = photos_new(s, mb, v, n);
    p->deadline = clock_now(loop_clock(s->l)) + timeout_ms;
    p->done = done;
    p->user = user;
    if (is_2007(p)) {
        unsupported(&err);
        ews_call_fail_later(&p->call, OUT_DONE, &err);
        return;
    }
    look(p, v);
}
