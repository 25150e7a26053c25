#include "worker/memory/memory_store.h"

#include <assert.h>
#include <string.h>

#include "common/base/arena.h"

#include "common/net/loop.h"
#include "worker/memory/memory_p.h"

enum { CALL_BYTES = 64 << 20 };

static const struct store_limits limits = {.max_create = 100,
                                           .max_update = 100,
                                           .max_delete = 100,
                                           .max_bytes = 400 * 1024,
                                           .max_photos = 10,
                                           .max_photo_bytes = 1 << 20};

enum kind { APPLY, LIST, IDENTIFY, LEGACY, PHOTO };

struct memory_call {
    TAILQ_ENTRY(memory_call) list;
    struct memory_store *m;
    enum kind kind;
    const struct store_mailbox *mb;
    enum store_verb verb;
    const struct store_op *ops;
    const struct store_photo *photos;
    const struct guid *keys;
    size_t n; /* of ops, photos or keys */
    store_apply_done apply_done;
    store_list_done list_done;
    store_identify_done identify_done;
    store_legacy_done legacy_done;
    void *user;
    struct loop_timer *timer; /* first the request, then the answer */
    bool sent;
    struct arena *arena; /* the answer */
    struct store_result *result;
    struct store_listed *listed;
    struct store_legacy *legacy;
    size_t n_listed;
    struct store_identity identity;
    enum outcome outcome; /* of the whole; OUT_DONE: see result, listed, identity */
    struct err err;
};

/* ---- answers ---- */

static uint64_t tag_of(const struct memory_call *c, size_t i)
{
    return c->kind == PHOTO ? c->photos[i].tag : c->ops[i].tag;
}

static void answer_apply(struct memory_call *c)
{
    for (size_t i = 0; i < c->n && c->outcome != OUT_DONE; i++) {
        c->result[i] =
            (struct store_result){.tag = tag_of(c, i), .outcome = c->outcome, .err = c->err};
    }
    c->apply_done(c->result, c->n, c->m->options.latency_ms, c->user);
}

/* The callback comes last but for the memory: it may start calls or cancel all. */
static void answer(struct memory_call *c)
{
    const struct err *err = c->outcome == OUT_DONE ? NULL : &c->err;
    TAILQ_REMOVE(&c->m->calls, c, list);
    loop_cancel(c->timer);
    c->timer = NULL;
    switch (c->kind) {
    case APPLY:
    case PHOTO:
        answer_apply(c);
        break;
    case LIST:
        c->list_done(c->listed, err ? 0 : c->n_listed, c->outcome, err, c->user);
        break;
    case LEGACY:
        c->legacy_done(c->legacy, err ? 0 : c->n_listed, c->outcome, err, c->user);
        break;
    case IDENTIFY:
        c->identify_done(err ? NULL : &c->identity, c->outcome, err, c->user);
        break;
    }
    arena_free(c->arena);
    free(c);
}

static void on_answer(void *user)
{
    struct memory_call *c = user;
    c->timer = NULL;
    answer(c);
}

static void
fail(struct memory_call *c, enum outcome o, enum err_when when, const char *code, const char *text)
{
    c->outcome = o;
    err_set(&c->err, SCOPE_MAILBOX, when, code, "%s", text);
}

/* ---- requests ---- */

static void write_fields(struct memory_item *it, const struct store_op *op, uint64_t which)
{
    for (int f = 0; f < CONTACT_FIELD_COUNT; f++)
        if (which >> f & 1)
            memory_item_set(&it->field[f], op->after->f[f]);
    it->ours = true;
    it->key = op->key;
    memory_item_set(&it->hash, op->hash);
    memory_item_sort(it, op->cats_before, op->cats_after);
}

static void create(struct memory_call *c,
                   struct memory_box *b,
                   const struct store_op *op,
                   struct store_result *r)
{
    struct memory_item *it = memory_item_add(c->m, b);
    write_fields(it, op, UINT64_MAX);
    r->item_id = arena_strdup(c->arena, it->id);
    r->version = arena_strdup(c->arena, it->version);
}

static bool same_text(const char *x, const char *y)
{
    return x && y && strcmp(x, y) == 0;
}

/* An item that has changed since the version that the caller knows. false: leave it. */
static bool
may_update(const struct memory_item *it, const struct store_op *op, struct store_result *r)
{
    if (same_text(it->version, op->version) || !op->hash_before)
        return true;
    if (same_text(it->hash, op->hash))
        return false; /* written already */
    if (same_text(it->hash, op->hash_before))
        return true;
    r->outcome = OUT_CONFLICT;
    err_set(&r->err, SCOPE_ITEM, WHEN_LATER, "memory.conflict", "the item holds something else");
    return false;
}

static void strip(struct memory_item *it)
{
    it->ours = false;
    it->key = (struct guid){{0}};
    memory_item_set(&it->hash, NULL);
}

static void update(struct memory_item *it, const struct store_op *op)
{
    write_fields(it, op, op->changed);
    if (op->inherits) {
        it->legacy_person = 0;
        memory_item_set(&it->legacy_mark, NULL);
    }
}

static void change(struct memory_call *c,
                   struct memory_box *b,
                   const struct store_op *op,
                   struct store_result *r)
{
    struct memory_item *it = memory_item_find(b, op->item_id);
    if (!it) {
        r->outcome = OUT_GONE;
        err_set(&r->err, SCOPE_ITEM, WHEN_LATER, "memory.gone", "the item is not there");
        return;
    }
    c->m->foreign_touched += !it->ours && !(it->legacy_person && op->inherits);
    if (c->verb == STORE_DELETE) {
        memory_item_remove(b, it);
        return;
    }
    if (c->verb == STORE_STRIP) {
        strip(it);
        memory_item_touch(c->m, it);
    } else if (may_update(it, op, r)) {
        update(it, op);
        memory_item_touch(c->m, it);
    }
    r->version = arena_strdup(c->arena, it->version);
}

static void do_apply(struct memory_call *c, struct memory_box *b)
{
    c->m->stats.requests[c->verb]++;
    c->m->stats.items[c->verb] += c->n;
    for (size_t i = 0; i < c->n; i++) {
        struct store_result *r = &c->result[i];
        *r = (struct store_result){.tag = c->ops[i].tag, .outcome = OUT_DONE};
        if (c->verb == STORE_CREATE)
            create(c, b, &c->ops[i], r);
        else
            change(c, b, &c->ops[i], r);
    }
}

static void put_photo(struct memory_call *c,
                      struct memory_box *b,
                      const struct store_photo *p,
                      struct store_result *r)
{
    struct memory_item *it = memory_item_find(b, p->item_id);
    if (!it) {
        r->outcome = OUT_GONE;
        err_set(&r->err, SCOPE_ITEM, WHEN_LATER, "memory.gone", "the item is not there");
        return;
    }
    c->m->foreign_touched += !it->ours;
    if (p->mark && it->own_photo)
        err_set(&r->err, SCOPE_ITEM, WHEN_NEVER, STORE_PHOTO_OWN, "the user has put another photo");
    const char *mark = it->own_photo ? NULL : p->mark;
    if (mark ? same_text(it->photo, mark) : !it->photo)
        return;
    memory_item_set(&it->photo, mark);
    memory_item_touch(c->m, it);
    c->m->stats.photo_writes++;
    r->version = arena_strdup(c->arena, it->version);
}

static void do_photo(struct memory_call *c, struct memory_box *b)
{
    c->m->stats.photo_calls++;
    for (size_t i = 0; i < c->n; i++) {
        c->result[i] = (struct store_result){.tag = c->photos[i].tag, .outcome = OUT_DONE};
        put_photo(c, b, &c->photos[i], &c->result[i]);
    }
}

static bool asked_for(const struct memory_call *c, const struct guid *key)
{
    for (size_t i = 0; c->keys && i < c->n; i++)
        if (guid_cmp(&c->keys[i], key) == 0)
            return true;
    return !c->keys;
}

static void list_one(struct memory_call *c, const struct memory_item *it)
{
    if (!it->ours || !asked_for(c, &it->key))
        return;
    if (!c->mb->folder_id && it->place != STORE_IN_TARGET)
        return;
    c->listed[c->n_listed++] = (struct store_listed){
        .item_id = arena_strdup(c->arena, it->id),
        .version = arena_strdup(c->arena, it->version),
        .key = it->key,
        .hash = arena_strdup(c->arena, it->hash),
        .created_ms = it->created_ms,
        .place = it->place,
    };
}

static void do_list(struct memory_call *c, struct memory_box *b)
{
    c->m->stats.lists++;
    c->listed = arena_alloc(c->arena, (b->items.n + b->trash.n + 1) * sizeof(*c->listed));
    vec_foreach (it, &b->items)
        list_one(c, *it);
    vec_foreach (it, &b->trash)
        list_one(c, *it);
}

static void do_legacy(struct memory_call *c, struct memory_box *b)
{
    c->legacy = arena_alloc(c->arena, (b->items.n + 1) * sizeof(*c->legacy));
    vec_foreach (i, &b->items) {
        const struct memory_item *it = *i;
        if (!it->legacy_person)
            continue;
        c->legacy[c->n_listed++] = (struct store_legacy){
            .item_id = arena_strdup(c->arena, it->id),
            .version = arena_strdup(c->arena, it->version),
            .rock_person = it->legacy_person,
            .mark = arena_strdup(c->arena, it->legacy_mark ? it->legacy_mark : ""),
            .mark_ms = it->legacy_ms,
        };
    }
}

static void do_identify(struct memory_call *c, struct memory_box *b)
{
    c->m->stats.identifies++;
    c->identity = (struct store_identity){arena_strdup(c->arena, b->folder_id), "memory"};
}

static bool needs_folder(const struct memory_call *c)
{
    return c->kind == LIST || (c->kind == APPLY && c->verb == STORE_CREATE);
}

static void serve(struct memory_call *c)
{
    struct memory_box *b = memory_box_use(c->m, c->mb->address);
    if (!b)
        fail(c, OUT_PARK, WHEN_LATER, "memory.no_mailbox", "there is no such mailbox");
    else if (needs_folder(c) && c->mb->folder_id && strcmp(c->mb->folder_id, b->folder_id) != 0)
        fail(c, OUT_FOLDER_LOST, WHEN_LATER, "memory.no_folder", "there is no such folder");
    else if (c->kind == APPLY)
        do_apply(c, b);
    else if (c->kind == PHOTO)
        do_photo(c, b);
    else if (c->kind == LIST)
        do_list(c, b);
    else if (c->kind == LEGACY)
        do_legacy(c, b);
    else
        do_identify(c, b);
}

static void on_request(void *user)
{
    struct memory_call *c = user;
    c->timer = NULL;
    if (c->mb->may_send && !c->mb->may_send(c->mb->user)) {
        fail(c, OUT_NOT_TRIED, WHEN_LATER, "fenced",
             "the lease on the mailbox is gone: nothing was sent");
        answer(c);
        return;
    }
    c->sent = true;
    serve(c);
    c->timer = loop_after(c->m->l, c->m->options.latency_ms, on_answer, c);
}

static struct memory_call *
begin(struct contact_store *s, enum kind kind, const struct store_mailbox *mb, void *user)
{
    struct memory_store *m = (struct memory_store *)s;
    struct memory_call *c = xalloc(sizeof(*c));
    c->m = m;
    c->kind = kind;
    c->mb = mb;
    c->user = user;
    c->outcome = OUT_DONE;
    c->arena = arena_new("memory store call", CALL_BYTES);
    c->timer = loop_after(m->l, 0, on_request, c);
    TAILQ_INSERT_TAIL(&m->calls, c, list);
    return c;
}

/* ---- the port ---- */

static const struct store_limits *get_limits(struct contact_store *s)
{
    (void)s;
    return &limits;
}

static void apply(struct contact_store *s,
                  const struct store_mailbox *mb,
                  enum store_verb verb,
                  const struct store_op *ops,
                  size_t n,
                  uint32_t timeout_ms,
                  store_apply_done done,
                  void *user)
{
    (void)timeout_ms; /* it is never slow */
    assert(n > 0 && n <= limits.max_create);
    struct memory_call *c = begin(s, APPLY, mb, user);
    c->verb = verb;
    c->ops = ops;
    c->n = n;
    c->apply_done = done;
    c->result = arena_alloc(c->arena, n * sizeof(*c->result));
}

static void list(struct contact_store *s,
                 const struct store_mailbox *mb,
                 const struct guid *keys,
                 size_t n_keys,
                 store_list_done done,
                 void *user)
{
    struct memory_call *c = begin(s, LIST, mb, user);
    c->keys = keys;
    c->n = n_keys;
    c->list_done = done;
}

static void identify(struct contact_store *s,
                     const struct store_mailbox *mb,
                     store_identify_done done,
                     void *user)
{
    begin(s, IDENTIFY, mb, user)->identify_done = done;
}

static void
legacy(struct contact_store *s, const struct store_mailbox *mb, store_legacy_done done, void *user)
{
    begin(s, LEGACY, mb, user)->legacy_done = done;
}

static void photo(struct contact_store *s,
                  const struct store_mailbox *mb,
                  const struct store_photo *photos,
                  size_t n,
                  uint32_t timeout_ms,
                  store_apply_done done,
                  void *user)
{
    (void)timeout_ms; /* it is never slow */
    assert(n > 0 && n <= limits.max_photos);
    struct memory_call *c = begin(s, PHOTO, mb, user);
    c->photos = photos;
    c->n = n;
    c->apply_done = done;
    c->result = arena_alloc(c->arena, n * sizeof(*c->result));
}

static void cancel(struct contact_store *s)
{
    struct memory_store *m = (struct memory_store *)s;
    struct memory_calls ending = TAILQ_HEAD_INITIALIZER(ending);
    TAILQ_CONCAT(&ending, &m->calls, list);
    while (!TAILQ_EMPTY(&ending)) {
        struct memory_call *c = TAILQ_FIRST(&ending);
        TAILQ_REMOVE(&ending, c, list);
        TAILQ_INSERT_TAIL(&m->calls, c, list);
        bool unknown = c->sent && (c->kind == APPLY || c->kind == PHOTO);
        fail(c, unknown ? OUT_UNKNOWN : OUT_NOT_TRIED, unknown ? WHEN_UNKNOWN : WHEN_LATER,
             "canceled", "the call was canceled");
        answer(c);
    }
}

static void free_store(struct contact_store *s)
{
    struct memory_store *m = (struct memory_store *)s;
    while (m && !TAILQ_EMPTY(&m->calls))
        cancel(s);
    if (!m)
        return;
    vec_foreach (b, &m->boxes)
        memory_box_free(*b);
    vec_release(&m->boxes);
    map_free(m->by_address);
    free(m);
}

static const struct contact_store_ops store_ops = {
    .name = "memory",
    .limits = get_limits,
    .apply = apply,
    .list = list,
    .identify = identify,
    .legacy = legacy,
    .photo = photo,
    .cancel = cancel,
    .free = free_store,
};

struct memory_store *memory_store_new(struct loop *l, const struct memory_options *o)
{
    struct memory_store *m = xalloc(sizeof(*m));
    m->base.ops = &store_ops;
    m->l = l;
    m->options = *o;
    m->by_address = map_new();
    TAILQ_INIT(&m->calls);
    return m;
}

struct contact_store *memory_store_port(struct memory_store *m)
{
    return &m->base;
}
