/*
 * memory_host: a mailbox of the memory store as host of the contract.
 */
#ifndef SYNC_TESTS_CONTRACT_MEMORY_HOST_H
#define SYNC_TESTS_CONTRACT_MEMORY_HOST_H

#include <string.h>

#include "tests/contract/contact_store_contract.h"
#include "worker/memory/memory_store.h"

static inline const struct memory_item *item(struct contract_host *h, const char *id)
{
    const struct memory_item *const *v;
    size_t n = memory_store_items(h->state, h->address, &v);
    for (size_t i = 0; i < n; i++) {
        if (strcmp(v[i]->id, id) == 0)
            return v[i];
    }
    return NULL;
}

static size_t count(struct contract_host *h)
{
    const struct memory_item *const *v;
    return memory_store_items(h->state, h->address, &v);
}
static char *field(struct contract_host *h, const char *id, enum contact_field f)
{
    return xstrdup(item(h, id)->field[f]);
}
static char *categories(struct contract_host *h, const char *id)
{
    const struct memory_item *it = item(h, id);
    return it ? xstrdup(it->categories) : NULL;
}
static char *user_adds(struct contract_host *h, const char *surname)
{
    struct contact c = {{[CONTACT_SURNAME] = surname}};
    return xstrdup(memory_store_user_adds(h->state, h->address, &c, ""));
}
static void
user_edits(struct contract_host *h, const char *id, enum contact_field f, const char *value)
{
    memory_store_user_edits(h->state, h->address, id, f, value);
}
static void user_sorts(struct contract_host *h, const char *id, const char *names)
{
    memory_store_user_sorts(h->state, h->address, id, names);
}
static void user_deletes(struct contract_host *h, const char *id)
{
    memory_store_user_trashes(h->state, h->address, id);
}
static void user_moves(struct contract_host *h, const char *id)
{
    memory_store_user_moves(h->state, h->address, id);
}
/* Our marks are the sums of our pictures. */
static char *photo(struct contract_host *h, const char *id)
{
    static const char own[] = "the user's";
    return xstrdup(item(h, id)->own_photo ? own : item(h, id)->photo);
}
static void user_sets_photo(struct contract_host *h, const char *id, bool there)
{
    memory_store_user_photo(h->state, h->address, id, there);
}

static void open_host(struct contract_host *h, struct loop *l)
{
    struct memory_store *m = memory_store_new(l, &(struct memory_options){.any_mailbox = true});
    *h = (struct contract_host){
        .loop = l,
        .store = memory_store_port(m),
        .address = "Pat.Rivera@church.example",
        .state = m,
        .count = count,
        .field = field,
        .categories = categories,
        .user_adds = user_adds,
        .user_edits = user_edits,
        .user_sorts = user_sorts,
        .user_deletes = user_deletes,
        .user_moves = user_moves,
        .photo = photo,
        .user_sets_photo = user_sets_photo,
    };
    memory_store_add(m, "pat.rivera@church.example");
}

#endif
