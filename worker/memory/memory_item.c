/*
 * Mailboxes and the items in them.
 */
#include <string.h>

#include "common/base/arena.h"
#include "common/base/str.h"
#include "common/base/text.h"

#include "common/net/loop.h"
#include "worker/memory/memory_p.h"

enum { NAMES_MAX = 1 << 20, FOLD_BYTES = 16 << 20, ID_MAX = 64 };

/* ---- mailboxes ---- */

struct memory_box *memory_box_find(const struct memory_store *m, const char *address)
{
    autoptr(arena_free) struct arena *a = arena_new("address", FOLD_BYTES);
    const char *fold = text_fold(a, address);
    return map_get(m->by_address, fold, strlen(fold));
}

struct memory_box *memory_box_use(struct memory_store *m, const char *address)
{
    struct memory_box *b = memory_box_find(m, address);
    if (!b && m->options.any_mailbox) {
        memory_store_add(m, address);
        b = memory_box_find(m, address);
    }
    return b;
}

void memory_box_folder(struct memory_box *b, size_t nth)
{
    struct str id;
    str_init(&id, ID_MAX);
    str_addf(&id, "Folder-%zu-%llu", nth, (unsigned long long)++b->n_folders);
    free(b->folder_id);
    b->folder_id = str_steal(&id);
}

static void name_box(struct memory_store *m, const char *address, struct memory_box *b)
{
    autoptr(arena_free) struct arena *a = arena_new("address", FOLD_BYTES);
    const char *fold = text_fold(a, address);
    map_put(m->by_address, fold, strlen(fold), b);
}

void memory_store_add(struct memory_store *m, const char *address)
{
    if (memory_box_find(m, address))
        return;
    struct memory_box *b = xalloc(sizeof(*b));
    vec_push(&m->boxes, b);
    memory_box_folder(b, m->boxes.n);
    name_box(m, address, b);
}

void memory_store_alias(struct memory_store *m, const char *address, const char *alias)
{
    name_box(m, alias, memory_box_find(m, address));
}

static void free_item(struct memory_item *it)
{
    memory_item_set(&it->id, NULL);
    memory_item_set(&it->version, NULL);
    memory_item_set(&it->hash, NULL);
    memory_item_set(&it->categories, NULL);
    memory_item_set(&it->note, NULL);
    memory_item_set(&it->legacy_mark, NULL);
    memory_item_set(&it->photo, NULL);
    for (int f = 0; f < CONTACT_FIELD_COUNT; f++)
        memory_item_set(&it->field[f], NULL);
    free(it);
}

void memory_box_free(struct memory_box *b)
{
    vec_foreach (it, &b->items)
        free_item(*it);
    vec_foreach (it, &b->trash)
        free_item(*it);
    vec_release(&b->items);
    vec_release(&b->trash);
    free(b->folder_id);
    free(b);
}

/* ---- items ---- */

struct memory_item *memory_item_find(const struct memory_box *b, const char *id)
{
    for (size_t i = 0; id && i < b->items.n; i++)
        if (strcmp(b->items.v[i]->id, id) == 0)
            return b->items.v[i];
    return NULL;
}

void memory_item_set(const char **field, const char *value)
{
    char *copy = xstrdup(value); /* first: value may be the old one */
    free((void *)(uintptr_t)*field);
    *field = copy;
}

static void number(struct memory_store *m, const char *prefix, const char **field)
{
    autovalue(str_release) struct str s = STR_INIT(ID_MAX);
    str_addf(&s, "%s-%llu", prefix, (unsigned long long)++m->serial);
    memory_item_set(field, s.p);
}

void memory_item_rename(struct memory_store *m, struct memory_item *it)
{
    number(m, "Item", &it->id);
}

void memory_item_touch(struct memory_store *m, struct memory_item *it)
{
    number(m, "V", &it->version);
}

struct memory_item *memory_item_add(struct memory_store *m, struct memory_box *b)
{
    struct memory_item *it = xalloc(sizeof(*it));
    number(m, "Item", &it->id);
    memory_item_touch(m, it);
    memory_item_set(&it->categories, "");
    it->created_ms = clock_wall(loop_clock(m->l));
    vec_push(&b->items, it);
    return it;
}

void memory_item_remove(struct memory_box *b, struct memory_item *it)
{
    for (size_t i = 0; i < b->items.n; i++) {
        if (b->items.v[i] == it) {
            vec_remove(&b->items, i);
            break;
        }
    }
    free_item(it);
}

/* Is the name p[0..n) in the LF-joined list? */
static bool in_list(struct arena *a, const char *list, const char *p, size_t n)
{
    const char *fold = text_fold(a, arena_strndup(a, p, n));
    while (list && *list) {
        size_t k = strcspn(list, "\n");
        if (strcmp(text_fold(a, arena_strndup(a, list, k)), fold) == 0)
            return true;
        list += k + (list[k] == '\n');
    }
    return false;
}

/* Appends those names of list that `without` lacks, or that `but` has. */
static void
append(struct str *out, struct arena *a, const char *list, const char *without, const char *but)
{
    while (list && *list) {
        size_t n = strcspn(list, "\n");
        if (n > 0 && (!in_list(a, without, list, n) || in_list(a, but, list, n))) {
            str_puts(out, out->n > 0 ? "\n" : "");
            str_add(out, list, n);
        }
        list += n + (list[n] == '\n');
    }
}

void memory_item_sort(struct memory_item *it, const char *before, const char *after)
{
    autoptr(arena_free) struct arena *a = arena_new("categories", FOLD_BYTES);
    autovalue(str_release) struct str out = STR_INIT(NAMES_MAX);
    append(&out, a, it->categories, before, after);
    append(&out, a, after, it->categories, NULL);
    memory_item_set(&it->categories, out.p);
}
