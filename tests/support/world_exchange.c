#include "tests/support/world_exchange.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "common/base/arena.h"

#include "tests/support/world_exchange_p.h"

enum { CALL_MAX = 16 << 20, BATCH_MAX = 100 };
enum { PHOTOS_MAX = 4, PHOTO_BYTES_MAX = 80 }; /* of a call: few, so that there are several */

static struct exchange *self(struct contact_store *s)
{
    return (struct exchange *)s;
}

/* ---- boxes and items ---- */

struct exchange_box *exchange_box(struct exchange *x, const char *address)
{
    vec_foreach (b, &x->boxes) {
        if (strcasecmp((*b)->address, address) == 0)
            return *b;
    }
    struct exchange_box *b = xalloc(sizeof(*b));
    snprintf(b->address, sizeof(b->address), "%s", address);
    exchange_new_folder(x, b);
    vec_push(&x->boxes, b);
    return b;
}

void exchange_new_folder(struct exchange *x, struct exchange_box *b)
{
    snprintf(b->folder_id, sizeof(b->folder_id), "F%llu", (unsigned long long)++x->serial);
}

void exchange_touch(struct exchange *x, struct exchange_item *it)
{
    snprintf(it->version, sizeof(it->version), "v%llu", (unsigned long long)++x->serial);
}

static void rename_item(struct exchange *x, struct exchange_item *it)
{
    snprintf(it->id, sizeof(it->id), "I%llu", (unsigned long long)++x->serial);
    exchange_touch(x, it);
}

static struct exchange_item *item_add(struct exchange *x, struct exchange_box *b)
{
    struct exchange_item *it = xalloc(sizeof(*it));
    rename_item(x, it);
    it->created_ms = clock_wall(loop_clock(x->l));
    vec_push(&b->items, it);
    return it;
}

static void item_remove(struct exchange_box *b, struct exchange_item *it)
{
    size_t i = 0;
    while (b->items.v[i] != it)
        i++;
    vec_remove(&b->items, i);
    free(it);
}

struct exchange_item *exchange_find(const struct exchange_box *b, const char *id)
{
    vec_foreach (it, &b->items) {
        if (id && strcmp((*it)->id, id) == 0 && (*it)->place != STORE_IN_TRASH)
            return *it;
    }
    return NULL;
}

/* ---- users ---- */

void exchange_user_adds(struct exchange *x, struct exchange_box *b, const char *name)
{
    struct exchange_item *it = item_add(x, b);
    snprintf(it->field[CONTACT_DISPLAY_NAME], sizeof(it->field[0]), "%s", name);
    snprintf(it->cats, sizeof(it->cats), "Family");
}

void exchange_user_edits(struct exchange_box *b,
                         struct exchange_item *it,
                         enum contact_field f,
                         const char *text)
{
    snprintf(it->field[f], sizeof(it->field[f]), "%s", text);
    it->edited |= UINT64_C(1) << f;
    snprintf(it->version, sizeof(it->version), "u%zu%s", b->items.n, text);
}

void exchange_user_deletes(struct exchange *x,
                           struct exchange_box *b,
                           struct exchange_item *it,
                           bool into_trash)
{
    if (!into_trash) {
        item_remove(b, it);
        return;
    }
    it->place = STORE_IN_TRASH;
    rename_item(x, it);
}

void exchange_user_copies(struct exchange *x,
                          const struct exchange_item *it,
                          struct exchange_box *to)
{
    struct exchange_item *copy = item_add(x, to);
    struct exchange_item made = *it;
    memcpy(made.id, copy->id, sizeof(made.id));
    memcpy(made.version, copy->version, sizeof(made.version));
    made.created_ms = copy->created_ms;
    made.copied = true;
    *copy = made;
}

/* ---- writes ---- */

static void put_field(struct exchange_item *it, enum contact_field f, const char *text)
{
    snprintf(it->field[f], sizeof(it->field[f]), "%s", text ? text : "");
    it->edited &= ~(UINT64_C(1) << f);
}

static bool has_line(const char *text, const char *line, size_t n)
{
    for (const char *p = text ? text : ""; *p; p += strcspn(p, "\n"), p += *p == '\n')
        if (strcspn(p, "\n") == n && strncasecmp(p, line, n) == 0)
            return true;
    return false;
}

static void add_lines(char *out, size_t size, const char *from, const char *without)
{
    for (const char *p = from ? from : ""; *p; p += strcspn(p, "\n"), p += *p == '\n') {
        size_t n = strcspn(p, "\n"), at = strlen(out);
        if (!has_line(without, p, n))
            snprintf(out + at, size - at, "%s%.*s", at ? "\n" : "", (int)n, p);
    }
}

static void sort_cats(struct exchange_item *it, const char *before, const char *after)
{
    char now[sizeof(it->cats)] = "";
    add_lines(now, sizeof(now), it->cats, before);
    char kept[sizeof(it->cats)];
    memcpy(kept, now, sizeof(kept));
    add_lines(now, sizeof(now), after, kept);
    memcpy(it->cats, now, sizeof(now));
}

static void write_item(struct exchange_item *it, const struct store_op *op, uint64_t which)
{
    for (int f = 0; f < CONTACT_FIELD_COUNT; f++)
        if (which >> f & 1)
            put_field(it, (enum contact_field)f, op->after->f[f]);
    it->ours = true;
    it->key = op->key;
    snprintf(it->hash, sizeof(it->hash), "%s", op->hash);
    sort_cats(it, op->cats_before, op->cats_after);
}

void exchange_refuse(struct store_result *r, enum outcome o, const char *code)
{
    r->outcome = o;
    err_set(&r->err, SCOPE_ITEM, WHEN_LATER, code, "by the model");
}

/* false: nothing is to be written, *r says what becomes of it. */
static bool
may_change(const struct exchange_item *it, const struct store_op *op, struct store_result *r)
{
    bool same = op->version && strcmp(it->version, op->version) == 0;
    if (same || !op->hash_before)
        return true;
    if (strcmp(it->hash, op->hash) == 0)
        return false;
    if (strcmp(it->hash, op->hash_before) == 0)
        return true;
    exchange_refuse(r, OUT_CONFLICT, "model.conflict");
    return false;
}

static void judge(struct exchange *x,
                  const struct exchange_box *b,
                  const struct exchange_item *it,
                  enum store_verb verb)
{
    const char *why = it && !it->ours ? "a foreign item is written" : NULL;
    if (!why && it && x->judge)
        why = x->judge(b, it, verb, x->judge_user);
    if (why && !x->wrong[0])
        snprintf(x->wrong, sizeof(x->wrong), "%s: %s: verb %d, item %s, key ..%02x", b->address,
                 why, (int)verb, it->id, it->key.b[15]);
}

static void change(struct exchange *x,
                   struct exchange_box *b,
                   enum store_verb verb,
                   const struct store_op *op,
                   struct store_result *r)
{
    struct exchange_item *it = exchange_find(b, op->item_id);
    judge(x, b, it, verb);
    if (!it) {
        exchange_refuse(r, OUT_GONE, "model.gone");
        return;
    }
    if (verb == STORE_DELETE) {
        item_remove(b, it);
        return;
    }
    if (verb == STORE_STRIP) {
        it->ours = false;
        it->key = (struct guid){{0}};
        it->hash[0] = 0;
        exchange_touch(x, it);
    } else if (may_change(it, op, r)) {
        write_item(it, op, op->changed);
        exchange_touch(x, it);
    }
    r->version = it->version;
}

static void serve(struct exchange *x,
                  struct exchange_box *b,
                  enum store_verb verb,
                  const struct store_op *op,
                  struct store_result *r)
{
    *r = (struct store_result){.tag = op->tag, .outcome = OUT_DONE};
    if (verb != STORE_CREATE) {
        change(x, b, verb, op, r);
        return;
    }
    struct exchange_item *it = item_add(x, b);
    write_item(it, op, UINT64_MAX);
    it->edited = 0;
    judge(x, b, it, verb);
    r->item_id = it->id;
    r->version = it->version;
}

/* ---- calls ---- */

static void answer(void *user)
{
    struct exchange_call *c = user;
    const struct err *err = c->outcome == OUT_DONE ? NULL : &c->err;
    c->timer = NULL;
    LIST_REMOVE(c, list);
    if (c->apply_done)
        c->apply_done(c->result, c->n, c->took_ms, c->user);
    else if (c->list_done)
        c->list_done(c->listed, err ? 0 : c->n, c->outcome, err, c->user);
    else if (c->legacy_done)
        c->legacy_done(NULL, 0, OUT_DONE, NULL, c->user);
    else
        c->identify_done(err ? NULL : &c->identity, c->outcome, err, c->user);
    arena_free(c->arena);
    free(c);
}

struct exchange_call *exchange_begin(struct exchange *x, void *user)
{
    struct exchange_call *c = xalloc(sizeof(*c));
    c->x = x;
    c->arena = arena_new("a call of the model", CALL_MAX);
    c->user = user;
    c->outcome = OUT_DONE;
    c->took_ms = x->latency_ms;
    c->timer = loop_after(x->l, x->latency_ms, answer, c);
    LIST_INSERT_HEAD(&x->calls, c, list);
    return c;
}

static bool
folder_lost(struct exchange_call *c, const struct exchange_box *b, const struct store_mailbox *mb)
{
    if (!mb->folder_id || strcmp(mb->folder_id, b->folder_id) == 0)
        return false;
    c->outcome = OUT_FOLDER_LOST;
    err_set(&c->err, SCOPE_MAILBOX, WHEN_LATER, "model.folder", "there is no such folder");
    return true;
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
    struct exchange *x = self(s);
    struct exchange_box *b = exchange_box(x, mb->address);
    struct exchange_call *c = exchange_begin(x, user);
    (void)timeout_ms;
    c->apply_done = done;
    c->n = n;
    c->result = arena_alloc(c->arena, n * sizeof(*c->result));
    bool lost = verb == STORE_CREATE && folder_lost(c, b, mb);
    for (size_t i = 0; i < n; i++) {
        struct store_result *r = &c->result[i];
        if (!lost)
            serve(x, b, verb, &ops[i], r);
        else
            *r = (struct store_result){.tag = ops[i].tag, .outcome = c->outcome, .err = c->err};
        r->item_id = arena_strdup(c->arena, r->item_id);
        r->version = arena_strdup(c->arena, r->version);
    }
}

static bool asked(const struct guid *keys, size_t n, const struct guid *key)
{
    for (size_t i = 0; keys && i < n; i++)
        if (guid_cmp(&keys[i], key) == 0)
            return true;
    return !keys;
}

static void list(struct contact_store *s,
                 const struct store_mailbox *mb,
                 const struct guid *keys,
                 size_t n_keys,
                 store_list_done done,
                 void *user)
{
    struct exchange *x = self(s);
    struct exchange_box *b = exchange_box(x, mb->address);
    struct exchange_call *c = exchange_begin(x, user);
    c->list_done = done;
    c->listed = arena_alloc(c->arena, (b->items.n + 1) * sizeof(*c->listed));
    if (folder_lost(c, b, mb))
        return;
    vec_foreach (i, &b->items) {
        const struct exchange_item *it = *i;
        if (!it->ours || !asked(keys, n_keys, &it->key))
            continue;
        c->listed[c->n++] = (struct store_listed){.item_id = arena_strdup(c->arena, it->id),
                                                  .version = arena_strdup(c->arena, it->version),
                                                  .key = it->key,
                                                  .hash = arena_strdup(c->arena, it->hash),
                                                  .created_ms = it->created_ms,
                                                  .place = it->place};
    }
}

static void identify(struct contact_store *s,
                     const struct store_mailbox *mb,
                     store_identify_done done,
                     void *user)
{
    struct exchange *x = self(s);
    struct exchange_call *c = exchange_begin(x, user);
    c->identify_done = done;
    c->identity.folder_id = arena_strdup(c->arena, exchange_box(x, mb->address)->folder_id);
    c->identity.server_version = "model";
}

/* There was no program before this one. */
static void
legacy(struct contact_store *s, const struct store_mailbox *mb, store_legacy_done done, void *user)
{
    (void)mb;
    exchange_begin(self(s), user)->legacy_done = done;
}

static const struct store_limits *limits(struct contact_store *s)
{
    static const struct store_limits all = {.max_create = BATCH_MAX,
                                            .max_update = BATCH_MAX,
                                            .max_delete = BATCH_MAX,
                                            .max_bytes = 400 * 1024,
                                            .max_photos = PHOTOS_MAX,
                                            .max_photo_bytes = PHOTO_BYTES_MAX};
    (void)s;
    return &all;
}

static void cancel(struct contact_store *s)
{
    (void)s; /* workers of a world cancel at their tap */
}

static void free_exchange(struct contact_store *s)
{
    struct exchange *x = self(s);
    if (!x)
        return;
    while (!LIST_EMPTY(&x->calls)) {
        struct exchange_call *c = LIST_FIRST(&x->calls);
        LIST_REMOVE(c, list);
        loop_cancel(c->timer);
        loop_cancel(c->hand);
        arena_free(c->arena);
        free(c);
    }
    vec_foreach (b, &x->boxes) {
        vec_foreach (it, &(*b)->items)
            free(*it);
        vec_release(&(*b)->items);
        free(*b);
    }
    vec_release(&x->boxes);
    free(x);
}

static const struct contact_store_ops ops = {
    .name = "model",
    .limits = limits,
    .apply = apply,
    .list = list,
    .identify = identify,
    .legacy = legacy,
    .photo = exchange_photo,
    .cancel = cancel,
    .free = free_exchange,
};

struct exchange *exchange_new(struct loop *l, uint32_t latency_ms)
{
    struct exchange *x = xalloc(sizeof(*x));
    x->base.ops = &ops;
    x->l = l;
    x->latency_ms = latency_ms;
    LIST_INIT(&x->calls);
    return x;
}

struct contact_store *exchange_port(struct exchange *x)
{
    return &x->base;
}

void exchange_judged_by(struct exchange *x,
                        exchange_judge fn,
                        exchange_photo_judge photo,
                        void *user)
{
    x->judge = fn;
    x->judge_photo = photo;
    x->judge_user = user;
}

const char *exchange_wrong(const struct exchange *x)
{
    return x->wrong[0] ? x->wrong : NULL;
}
