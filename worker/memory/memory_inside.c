/*
 * The look inside, and what a user does.
 */
#include <assert.h>
#include <string.h>

#include "worker/memory/memory_p.h"

static struct memory_item *
must_find(const struct memory_store *m, const char *address, const char *id)
{
    struct memory_box *b = memory_box_find(m, address);
    struct memory_item *it = b ? memory_item_find(b, id) : NULL;
    assert(it);
    return it;
}

void memory_store_new_folder(struct memory_store *m, const char *address, bool keep_items)
{
    struct memory_box *b = memory_box_find(m, address);
    assert(b);
    for (size_t i = 0; i < m->boxes.n; i++)
        if (m->boxes.v[i] == b)
            memory_box_folder(b, i + 1);
    while (!keep_items && b->items.n > 0)
        memory_item_remove(b, b->items.v[b->items.n - 1]);
}

size_t memory_store_items(const struct memory_store *m,
                          const char *address,
                          const struct memory_item *const **ret)
{
    struct memory_box *b = memory_box_find(m, address);
    *ret = b ? (const struct memory_item *const *)b->items.v : NULL;
    return b ? b->items.n : 0;
}

const struct memory_item *
memory_store_by_key(const struct memory_store *m, const char *address, const struct guid *key)
{
    struct memory_box *b = memory_box_find(m, address);
    for (size_t i = 0; b && i < b->items.n; i++)
        if (b->items.v[i]->ours && guid_cmp(&b->items.v[i]->key, key) == 0)
            return b->items.v[i];
    return NULL;
}

size_t memory_store_doubles(const struct memory_store *m)
{
    size_t n = 0;
    vec_foreach (b, &m->boxes) {
        autoptr(map_free) struct map *seen = map_new();
        vec_foreach (it, &(*b)->items)
            if ((*it)->ours && map_put(seen, (*it)->key.b, sizeof((*it)->key.b), *it))
                n++;
    }
    return n;
}

size_t memory_store_foreign_touched(const struct memory_store *m)
{
    return m->foreign_touched;
}

struct memory_stats memory_store_stats(const struct memory_store *m)
{
    return m->stats;
}

const char *memory_store_user_adds(struct memory_store *m,
                                   const char *address,
                                   const struct contact *c,
                                   const char *categories)
{
    struct memory_item *it = memory_item_add(m, memory_box_find(m, address));
    for (int f = 0; f < CONTACT_FIELD_COUNT; f++)
        memory_item_set(&it->field[f], c->f[f]);
    memory_item_set(&it->categories, categories);
    return it->id;
}

void memory_store_user_edits(struct memory_store *m,
                             const char *address,
                             const char *id,
                             enum contact_field f,
                             const char *value)
{
    struct memory_item *it = must_find(m, address, id);
    memory_item_set(&it->field[f], value);
    memory_item_touch(m, it);
}

void memory_store_user_sorts(struct memory_store *m,
                             const char *address,
                             const char *id,
                             const char *categories)
{
    struct memory_item *it = must_find(m, address, id);
    memory_item_set(&it->categories, categories);
    memory_item_touch(m, it);
}

void memory_store_user_deletes(struct memory_store *m, const char *address, const char *id)
{
    memory_item_remove(memory_box_find(m, address), must_find(m, address, id));
}

void memory_store_user_notes(struct memory_store *m,
                             const char *address,
                             const char *id,
                             const char *note)
{
    struct memory_item *it = must_find(m, address, id);
    memory_item_set(&it->note, note);
    memory_item_touch(m, it);
}

void memory_store_user_photo(struct memory_store *m,
                             const char *address,
                             const char *id,
                             bool there)
{
    struct memory_item *it = must_find(m, address, id);
    memory_item_set(&it->photo, NULL);
    it->own_photo = there;
    memory_item_touch(m, it);
}

static void change_place(struct memory_store *m, struct memory_item *it, enum store_place place)
{
    it->place = place;
    memory_item_rename(m, it);
    memory_item_touch(m, it);
}

void memory_store_user_trashes(struct memory_store *m, const char *address, const char *id)
{
    struct memory_box *b = memory_box_find(m, address);
    struct memory_item *it = must_find(m, address, id);
    size_t i = 0;
    while (b->items.v[i] != it)
        i++;
    vec_remove(&b->items, i);
    vec_push(&b->trash, it);
    change_place(m, it, STORE_IN_TRASH);
}

const char *memory_store_user_moves(struct memory_store *m, const char *address, const char *id)
{
    struct memory_item *it = must_find(m, address, id);
    change_place(m, it, STORE_IN_OTHER);
    return it->id;
}

bool memory_store_user_undoes(struct memory_store *m, const char *address, const struct guid *key)
{
    struct memory_box *b = memory_box_find(m, address);
    for (size_t i = 0; i < b->trash.n; i++) {
        struct memory_item *it = b->trash.v[i];
        if (!it->ours || guid_cmp(&it->key, key))
            continue;
        vec_remove(&b->trash, i);
        vec_push(&b->items, it);
        change_place(m, it, STORE_IN_TARGET);
        return true;
    }
    return false;
}

void memory_store_legacy(struct memory_store *m,
                         const char *address,
                         const char *id,
                         int64_t person,
                         const char *mark,
                         int64_t mark_ms)
{
    struct memory_item *it = must_find(m, address, id);
    it->legacy_person = person;
    it->legacy_ms = mark_ms;
    memory_item_set(&it->legacy_mark, mark);
}

const char *memory_store_user_copies(struct memory_store *m,
                                     const char *address,
                                     const char *id,
                                     const char *to_address)
{
    const struct memory_item *from = must_find(m, address, id);
    struct memory_item *it = memory_item_add(m, memory_box_find(m, to_address));
    for (int f = 0; f < CONTACT_FIELD_COUNT; f++)
        memory_item_set(&it->field[f], from->field[f]);
    memory_item_set(&it->categories, from->categories);
    memory_item_set(&it->hash, from->hash);
    memory_item_set(&it->photo, from->photo);
    it->own_photo = from->own_photo;
    it->ours = from->ours;
    it->key = from->key;
    return it->id;
}
