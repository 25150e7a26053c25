/* ledger_memory_rows: keeps the rows of ledger_memory. See ledger_memory.h. */
#include <assert.h>
#include <string.h>

#include "common/core/contact.h"
#include "common/drv/ledger_memory_p.h"

struct ledger_memory_rows *ledger_memory_rows_new(const struct clock *clock)
{
    struct ledger_memory_rows *rows = xalloc(sizeof(*rows));
    rows->clock = clock;
    rows->generation = 1;
    rows->texts = map_new();
    rows->contents = map_new();
    rows->persons = map_new();
    rows->photos = map_new();
    return rows;
}

void ledger_memory_rows_free(struct ledger_memory_rows *rows)
{
    if (!rows)
        return;
    vec_foreach (mb, &rows->mailboxes) {
        vec_foreach (l, &(*mb)->links)
            free(*l);
        vec_release(&(*mb)->links);
        map_free((*mb)->by_person);
        free(*mb);
    }
    map_foreach (it, rows->texts)
        free(it.value);
    map_free(rows->texts);
    map_free(rows->contents);
    map_free(rows->persons);
    memory_photos_free(rows);
    vec_release(&rows->keys);
    vec_release(&rows->mailboxes);
    vec_release(&rows->journal);
    vec_release(&rows->beats);
    free(rows);
}

int64_t memory_now(const struct ledger_memory_rows *rows)
{
    return clock_wall(rows->clock);
}

int64_t *ledger_memory_generation(struct ledger_memory_rows *rows)
{
    return &rows->generation;
}

const char *ledger_memory_text(struct ledger_memory_rows *rows, const char *s)
{
    if (!s)
        return NULL;
    size_t n = strlen(s);
    char *kept = map_get(rows->texts, s, n + 1);
    if (!kept) {
        kept = xstrdup(s);
        map_put(rows->texts, s, n + 1, kept);
    }
    return kept;
}

struct ledger_memory_mailbox *ledger_memory_mailbox_add(struct ledger_memory_rows *rows,
                                                        const char *address)
{
    struct memory_mailbox *mb = xalloc(sizeof(*mb));
    mb->by_person = map_new();
    mb->row.address = ledger_memory_text(rows, address);
    vec_push(&rows->mailboxes, mb);
    mb->row.id = (int64_t)rows->mailboxes.n;
    return &mb->row;
}

struct memory_mailbox *memory_mailbox(struct ledger_memory_rows *rows, int64_t id)
{
    return id > 0 && (size_t)id <= rows->mailboxes.n ? rows->mailboxes.v[id - 1] : NULL;
}

struct ledger_memory_mailbox *ledger_memory_mailbox(struct ledger_memory_rows *rows, int64_t id)
{
    struct memory_mailbox *mb = memory_mailbox(rows, id);
    return mb ? &mb->row : NULL;
}

int64_t ledger_memory_person(struct ledger_memory_rows *rows, const struct guid *key)
{
    void *slot = map_get(rows->persons, key->b, sizeof(key->b));
    if (!slot) {
        vec_push(&rows->keys, *key);
        slot = (void *)(uintptr_t)rows->keys.n;
        map_put(rows->persons, key->b, sizeof(key->b), slot);
    }
    return (int64_t)(uintptr_t)slot;
}

const struct guid *memory_key(const struct ledger_memory_rows *rows, int64_t person)
{
    assert(person > 0 && (size_t)person <= rows->keys.n);
    return &rows->keys.v[person - 1];
}

struct sha256 ledger_memory_content(struct ledger_memory_rows *rows, const char *body)
{
    struct sha256 hash;
    contact_hash(body, strlen(body), &hash);
    const char *kept = ledger_memory_text(rows, body);
    map_put(rows->contents, hash.b, sizeof(hash.b), (void *)(uintptr_t)kept);
    return hash;
}

const char *memory_body(const struct ledger_memory_rows *rows, const struct sha256 *content)
{
    return map_get(rows->contents, content->b, sizeof(content->b));
}

struct ledger_memory_link *
memory_link_add(struct ledger_memory_rows *rows, struct memory_mailbox *mb, int64_t person)
{
    struct ledger_memory_link *l = map_get_u64(mb->by_person, (uint64_t)person);
    if (l)
        return l;
    l = xalloc(sizeof(*l));
    l->mailbox = mb->row.id;
    l->person = person;
    l->want.key = *memory_key(rows, person);
    vec_push(&mb->links, l);
    map_put_u64(mb->by_person, (uint64_t)person, l);
    return l;
}

struct ledger_memory_link *ledger_memory_want(struct ledger_memory_rows *rows,
                                              int64_t mailbox,
                                              int64_t person,
                                              const char *body,
                                              const char *cats)
{
    struct memory_mailbox *mb = memory_mailbox(rows, mailbox);
    struct ledger_memory_link *l = memory_link_add(rows, mb, person);
    l->gen = ++mb->row.gen;
    l->want.set = body != NULL;
    if (body) {
        l->want.content = ledger_memory_content(rows, body);
        l->want.cats = ledger_memory_text(rows, cats ? cats : "");
    }
    return l;
}

struct ledger_memory_link *
ledger_memory_link(struct ledger_memory_rows *rows, int64_t mailbox, int64_t person)
{
    struct memory_mailbox *mb = memory_mailbox(rows, mailbox);
    return mb ? map_get_u64(mb->by_person, (uint64_t)person) : NULL;
}

struct ledger_memory_link *
ledger_memory_link_at(struct ledger_memory_rows *rows, int64_t mailbox, size_t i)
{
    struct memory_mailbox *mb = memory_mailbox(rows, mailbox);
    return mb && i < mb->links.n ? mb->links.v[i] : NULL;
}

const struct ledger_memory_entry *ledger_memory_journal(const struct ledger_memory_rows *rows,
                                                        size_t *ret_n)
{
    *ret_n = rows->journal.n;
    return rows->journal.v;
}

/* ---- the definitions of ledger.h ---- */

struct sha256 memory_state(const struct link_side *s)
{
    struct sha256 state = {0};
    if (s->set)
        link_state_hash(&s->key, &s->content, s->cats ? s->cats : "", &state);
    return state;
}

struct sha256 memory_want(const struct ledger_memory_rows *rows, const struct ledger_memory_link *l)
{
    struct link_side want = l->want;
    want.key = *memory_key(rows, l->person);
    return memory_state(&want);
}

bool memory_dirty(const struct ledger_memory_rows *rows, const struct ledger_memory_link *l)
{
    if (l->want.set != l->have.set)
        return true;
    if (!l->want.set)
        return false;
    /* as the hashes of the two sides would say, without the work */
    const char *want = l->want.cats ? l->want.cats : "", *have = l->have.cats ? l->have.cats : "";
    return l->have_unknown || guid_cmp(memory_key(rows, l->person), &l->have.key) != 0 ||
           memcmp(&l->want.content, &l->have.content, sizeof(l->want.content)) != 0 ||
           (want != have && strcmp(want, have) != 0);
}

bool memory_may_write(const struct ledger_memory_rows *rows, const struct ledger_memory_link *l)
{
    if (l->state != LINK_ACTIVE || l->held || !memory_dirty(rows, l))
        return false;
    struct sha256 want = {{0}};
    if (l->dead)
        want = memory_want(rows, l);
    return !l->dead || memcmp(&l->dead_for, &want, sizeof(want)) != 0;
}

bool memory_due(const struct ledger_memory_rows *rows, const struct ledger_memory_link *l)
{
    int64_t now = memory_now(rows);
    if (l->retry_at > now)
        return false;
    return l->intent || (l->look_at && l->look_at <= now) || memory_may_write(rows, l);
}
