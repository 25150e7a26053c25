#include "tests/sim/exchange/sx_store.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "common/base/map.h"

struct sx_store {
    struct map *addresses; /* lower case -> mailbox, aliases too */
    struct map *items;     /* id -> item */
    struct map *folders;   /* id -> folder */
    struct sx_blobs *blobs;
    vec(struct sx_mailbox *) mailboxes;
    uint64_t serial, seed;
};

/* Parents before children; the class decides what may be created inside. */
static const struct {
    const char *distinguished, *parent, *name, *class_name;
} tree[] = {
    {"root", NULL, "root", ""},
    {"msgfolderroot", "root", "Top of Information Store", "IPF.Note"},
    {"calendar", "msgfolderroot", "Calendar", "IPF.Appointment"},
    {"contacts", "msgfolderroot", "Contacts", "IPF.Contact"},
    {"deleteditems", "msgfolderroot", "Deleted Items", "IPF.Note"},
    {"drafts", "msgfolderroot", "Drafts", "IPF.Note"},
    {"inbox", "msgfolderroot", "Inbox", "IPF.Note"},
    {"journal", "msgfolderroot", "Journal", "IPF.Journal"},
    {"junkemail", "msgfolderroot", "Junk Email", "IPF.Note"},
    {"notes", "msgfolderroot", "Notes", "IPF.StickyNote"},
    {"outbox", "msgfolderroot", "Outbox", "IPF.Note"},
    {"sentitems", "msgfolderroot", "Sent Items", "IPF.Note"},
    {"tasks", "msgfolderroot", "Tasks", "IPF.Task"},
    {"recoverableitemsroot", "root", "Recoverable Items", ""},
    {"recoverableitemsdeletions", "recoverableitemsroot", "Deletions", ""},
};

struct sx_store *sx_store_new(uint64_t seed)
{
    struct sx_store *s = xalloc(sizeof(*s));
    s->addresses = map_new();
    s->items = map_new();
    s->folders = map_new();
    s->blobs = sx_blobs_new();
    s->seed = seed;
    return s;
}

static void item_free(struct sx_item *it)
{
    sx_content_release(&it->content);
    sx_attachments_release(it);
    free(it->id);
    free(it);
}

static void folder_free(struct sx_folder *f)
{
    sx_foreach(it, &f->items) item_free(*it);
    vec_release(&f->items);
    sx_foreach(x, &f->extended)
    {
        free(x->id);
        free(x->text);
    }
    vec_release(&f->extended);
    free(f->id);
    free(f->name);
    free(f->class_name);
    free(f);
}

static void mailbox_free(struct sx_mailbox *mb)
{
    sx_foreach(f, &mb->folders) folder_free(*f);
    sx_foreach(a, &mb->aliases) free(*a);
    sx_foreach(g, &mb->gone) free(g->id);
    vec_release(&mb->folders);
    vec_release(&mb->aliases);
    vec_release(&mb->gone);
    vec_release(&mb->foreign);
    map_free(mb->creates);
    free(mb->refuse);
    free(mb->address);
    free(mb);
}

void sx_store_free(struct sx_store *s)
{
    if (!s)
        return;
    sx_foreach(mb, &s->mailboxes) mailbox_free(*mb);
    vec_release(&s->mailboxes);
    map_free(s->addresses);
    map_free(s->items);
    map_free(s->folders);
    sx_blobs_free(s->blobs);
    free(s);
}

struct sx_blobs *sx_store_blobs(struct sx_store *s)
{
    return s->blobs;
}

/* A stable 64-bit mixture (splitmix64), so that ids look arbitrary and depend on the seed only. */
static uint64_t mix(uint64_t x)
{
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

/*
 * "AAMk" + base64. The last letter before the end is 'Q' for even and 'q' for odd serials and
 * everything else is equal within a pair, so two neighbours differ by case alone.
 */
static char *make_id(const struct sx_store *s, uint64_t serial, uint64_t moves, size_t n_bytes)
{
    uint8_t raw[SX_ID_MAX];
    for (size_t i = 0; i < n_bytes; i += 8) {
        uint64_t x = mix(s->seed ^ mix((serial >> 1) * 64 + i / 8) ^ mix(moves << 20));
        memcpy(raw + i, &x, 8);
    }
    uint64_t pair = serial >> 1;
    memcpy(raw, &pair, sizeof(pair)); /* unique whatever the mixture does */
    memcpy(raw + 8, &moves, sizeof(moves));
    autovalue(str_release) struct str id = STR_INIT(SX_ID_MAX);
    str_puts(&id, "AAMk");
    base64_encode(&id, raw, n_bytes);
    str_puts(&id, serial & 1 ? "AAq=" : "AAQ=");
    return str_steal(&id);
}

enum {
    ID_BYTES = 72,
    FOLDER_ID_BYTES = 48,
    LONG_ID_BYTES = 376
}; /* long: 4 + 504 + 4 = 512 characters */

static void lower(char *s)
{
    for (; *s; s++)
        *s = (char)tolower((unsigned char)*s);
}

struct sx_mailbox *sx_store_find(const struct sx_store *s, const char *address)
{
    autofree char *key = xstrdup(address);
    lower(key);
    return map_get(s->addresses, key, strlen(key));
}

static struct sx_folder *folder_new(struct sx_mailbox *mb,
                                    struct sx_folder *parent,
                                    const char *name,
                                    const char *class_name,
                                    const char *distinguished)
{
    struct sx_store *s = mb->store;
    struct sx_folder *f = xalloc(sizeof(*f));
    f->mailbox = mb;
    f->parent = parent;
    f->distinguished = distinguished;
    f->name = xstrdup(name);
    f->class_name = xstrdup(class_name);
    f->serial = ++s->serial;
    f->id = make_id(s, f->serial, 0, FOLDER_ID_BYTES);
    map_put(s->folders, f->id, strlen(f->id), f);
    vec_push(&mb->folders, f);
    return f;
}

struct sx_mailbox *sx_store_add(struct sx_store *s, const char *address)
{
    struct sx_mailbox *mb = sx_store_find(s, address);
    if (mb)
        return mb;
    mb = xalloc(sizeof(*mb));
    mb->store = s;
    mb->address = xstrdup(address);
    lower(mb->address);
    mb->creates = map_new();
    for (size_t i = 0; i < ARRAY_LEN(tree); i++) {
        struct sx_folder *parent =
            tree[i].parent ? sx_folder_distinguished(mb, tree[i].parent) : NULL;
        folder_new(mb, parent, tree[i].name, tree[i].class_name, tree[i].distinguished);
    }
    map_put(s->addresses, mb->address, strlen(mb->address), mb);
    vec_push(&s->mailboxes, mb);
    return mb;
}

bool sx_store_add_alias(struct sx_mailbox *mb, const char *alias)
{
    if (sx_store_find(mb->store, alias))
        return false;
    char *copy = xstrdup(alias);
    lower(copy);
    map_put(mb->store->addresses, copy, strlen(copy), mb);
    vec_push(&mb->aliases, copy);
    return true;
}

size_t sx_store_count(const struct sx_store *s)
{
    return s->mailboxes.n;
}

struct sx_mailbox *sx_store_at(const struct sx_store *s, size_t i)
{
    return s->mailboxes.v[i];
}

void sx_mailbox_empty(struct sx_mailbox *mb)
{
    sx_foreach(f, &mb->folders)
    {
        while ((*f)->items.n)
            sx_item_remove((*f)->items.v[(*f)->items.n - 1]);
    }
    vec_clear(&mb->foreign);
    map_free(mb->creates);
    mb->creates = map_new();
    mb->purged = 0;
    mb->max_keys_created = 0;
    mb->max_in_flight = mb->in_flight;
}

struct sx_folder *sx_folder_distinguished(const struct sx_mailbox *mb, const char *name)
{
    sx_foreach(f, &mb->folders)
    {
        if ((*f)->distinguished && strcmp((*f)->distinguished, name) == 0)
            return *f;
    }
    return NULL;
}

struct sx_folder *sx_folder_by_id(const struct sx_store *s, const char *id)
{
    return map_get(s->folders, id, strlen(id));
}

struct sx_folder *sx_folder_child(const struct sx_folder *parent, const char *name)
{
    sx_foreach(f, &parent->mailbox->folders)
    {
        if ((*f)->parent == parent && strcasecmp((*f)->name, name) == 0)
            return *f;
    }
    return NULL;
}

struct sx_folder *sx_folder_add(struct sx_folder *parent, const char *name, const char *class_name)
{
    return folder_new(parent->mailbox, parent, name, class_name, NULL);
}

void sx_folder_set_extended(struct sx_folder *f, const char *id, const char *text)
{
    vec_push(&f->extended, (struct sx_extended){xstrdup(id), xstrdup(text)});
}

void sx_folder_move(struct sx_folder *f, struct sx_folder *parent)
{
    f->parent = parent;
}

bool sx_folder_in_trash(const struct sx_folder *f)
{
    for (f = f->parent; f; f = f->parent)
        if (f->distinguished && strcmp(f->distinguished, "deleteditems") == 0)
            return true;
    return false;
}

void sx_folder_remove(struct sx_folder *f)
{
    struct sx_mailbox *mb = f->mailbox;
    while (f->items.n)
        sx_item_remove(f->items.v[f->items.n - 1]);
    map_del(mb->store->folders, f->id, strlen(f->id));
    for (size_t i = 0; i < mb->folders.n; i++) {
        if (mb->folders.v[i] == f) {
            vec_remove(&mb->folders, i);
            break;
        }
    }
    for (size_t i = 0; i < mb->gone.n; i++) /* nobody can sync it any more */
        if (mb->gone.v[i].folder == f)
            mb->gone.v[i].folder = NULL;
    folder_free(f);
}

bool sx_folder_is_contacts(const struct sx_folder *f)
{
    return strncmp(f->class_name, "IPF.Contact", 11) == 0 &&
           (f->class_name[11] == 0 || f->class_name[11] == '.');
}

bool sx_folder_is_live(const struct sx_folder *f)
{
    return sx_folder_is_contacts(f) && !sx_folder_in_trash(f);
}

struct sx_item *sx_item_by_id(const struct sx_store *s, const char *id)
{
    return map_get(s->items, id, strlen(id));
}

struct sx_item *sx_item_by_serial(const struct sx_mailbox *mb, uint64_t serial)
{
    sx_foreach(f, &mb->folders)
    {
        sx_foreach(it, &(*f)->items)
        {
            if ((*it)->serial == serial)
                return *it;
        }
    }
    return NULL;
}

static void enter(struct sx_item *it, struct sx_folder *f)
{
    it->folder = f;
    it->at = f->items.n;
    it->entered = it->touched = ++f->mailbox->seq;
    vec_push(&f->items, it);
    map_put(f->mailbox->store->items, it->id, strlen(it->id), it);
}

static void leave(struct sx_item *it)
{
    struct sx_folder *f = it->folder;
    struct sx_mailbox *mb = f->mailbox;
    map_del(mb->store->items, it->id, strlen(it->id));
    vec_push(&mb->gone, (struct sx_gone){++mb->seq, it->entered, f, steal(it->id)});
    f->items.v[it->at] = f->items.v[f->items.n - 1];
    f->items.v[it->at]->at = it->at;
    f->items.n--;
}

static void count_create(struct sx_mailbox *mb, const char *key)
{
    uintptr_t n = (uintptr_t)map_get(mb->creates, key, strlen(key)) + 1;
    map_put(mb->creates, key, strlen(key), (void *)n);
    if (n > mb->max_keys_created)
        mb->max_keys_created = (unsigned)n;
}

struct sx_item *
sx_item_add(struct sx_folder *f, struct sx_content *content, int64_t now_ms, bool long_id)
{
    struct sx_store *s = f->mailbox->store;
    struct sx_item *it = xalloc(sizeof(*it));
    it->serial = ++s->serial;
    it->version = 1;
    it->created_ms = it->modified_ms = now_ms;
    it->long_id = long_id;
    it->content = *content;
    *content = (struct sx_content){0};
    it->id = make_id(s, it->serial, 0, long_id ? LONG_ID_BYTES : ID_BYTES);
    enter(it, f);
    if (sx_item_key(it))
        count_create(f->mailbox, sx_item_key(it));
    return it;
}

void sx_item_replace(struct sx_item *it, struct sx_content *content, int64_t now_ms)
{
    sx_content_release(&it->content);
    it->content = *content;
    *content = (struct sx_content){0};
    sx_item_touch(it, now_ms);
}

void sx_item_touch(struct sx_item *it, int64_t now_ms)
{
    it->version++;
    it->modified_ms = now_ms;
    it->touched = ++it->folder->mailbox->seq;
}

void sx_item_move(struct sx_item *it, struct sx_folder *to, int64_t now_ms)
{
    leave(it);
    it->version++;
    it->modified_ms = now_ms;
    it->id = make_id(to->mailbox->store, it->serial, it->version,
                     it->long_id ? LONG_ID_BYTES : ID_BYTES);
    enter(it, to);
}

void sx_item_remove(struct sx_item *it)
{
    leave(it);
    item_free(it);
}

/* "EQAAABY" + 24 hex digits: item and version, recognizable as this item's and comparable by
 * version. */
void sx_item_change_key(const struct sx_item *it, char out[SX_CHANGE_KEY])
{
    snprintf(out, SX_CHANGE_KEY, "EQAAABY%012llx%012llx", (unsigned long long)it->serial,
             (unsigned long long)it->version);
}

int64_t sx_item_key_version(const struct sx_item *it, const char *change_key)
{
    unsigned long long serial, version;
    char again[SX_CHANGE_KEY];
    if (sscanf(change_key, "EQAAABY%12llx%12llx", &serial, &version) != 2)
        return -1;
    snprintf(again, sizeof(again), "EQAAABY%012llx%012llx", serial, version);
    if (strcmp(again, change_key) != 0)
        return -1;
    return serial == it->serial && version <= it->version ? (int64_t)version : 0;
}

const char *sx_item_key(const struct sx_item *it)
{
    return sx_content_extended(&it->content, SX_KEY_PROPERTY);
}

static void item_sum(const struct sx_item *it, struct sha256 *ret)
{
    struct digest *d = digest_new();
    digest_add(d, &it->serial, sizeof(it->serial));
    digest_add(d, &it->created_ms, sizeof(it->created_ms));
    digest_add(d, &it->version, sizeof(it->version));
    digest_add(d, it->id, strlen(it->id) + 1);
    digest_add(d, it->folder->id, strlen(it->folder->id) + 1);
    sx_content_digest(&it->content, d);
    sx_attachments_digest(it, d);
    digest_finish(d, ret);
    digest_free(d);
}

void sx_foreign_mark(struct sx_item *it)
{
    struct sx_mailbox *mb = it->folder->mailbox;
    sx_foreign_forget(mb, it->serial);
    struct sx_foreign f = {.serial = it->serial};
    item_sum(it, &f.sum);
    vec_push(&mb->foreign, f);
}

void sx_foreign_forget(struct sx_mailbox *mb, uint64_t serial)
{
    for (size_t i = 0; i < mb->foreign.n; i++) {
        if (mb->foreign.v[i].serial == serial) {
            vec_remove(&mb->foreign, i);
            return;
        }
    }
}

size_t sx_foreign_touched(const struct sx_mailbox *mb, struct sha256 *ret_sum)
{
    autoptr(map_free) struct map *by_serial = map_new();
    struct digest *all = digest_new();
    size_t touched = 0;
    sx_foreach(f, &mb->folders)
    {
        sx_foreach(it, &(*f)->items) map_put_u64(by_serial, (*it)->serial, *it);
    }
    sx_foreach(f, &mb->foreign)
    {
        struct sx_item *it = map_get_u64(by_serial, f->serial);
        struct sha256 now = {{0}};
        if (it)
            item_sum(it, &now);
        touched += !it || memcmp(now.b, f->sum.b, sizeof(now.b)) != 0;
        digest_add(all, now.b, sizeof(now.b));
    }
    digest_finish(all, ret_sum);
    digest_free(all);
    return touched;
}
