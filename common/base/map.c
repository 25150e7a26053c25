#include "common/base/map.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

/*
 * The hash is ours: keys come from outside, so the seed is random per process, and uthash's default
 * is slow on long keys. Order of iteration does not depend on it (uthash iterates in order of
 * insertion).
 */
static unsigned map_hash(const void *key, size_t len);

#define HASH_FUNCTION(keyptr, keylen, hashv) ((hashv) = map_hash((keyptr), (keylen)))
#define uthash_fatal(msg)                    out_of_memory("map")
#include <uthash.h>

struct entry {
    UT_hash_handle hh;
    void *value;
    size_t len;
    unsigned char key[];
};

struct map {
    struct entry *head;
};

static uint64_t seed;
static pthread_once_t seed_once = PTHREAD_ONCE_INIT;

static void make_seed(void)
{
    if (getrandom(&seed, sizeof(seed), 0) != (ssize_t)sizeof(seed)) {
        fprintf(stderr, "no random numbers from the system\n");
        abort();
    }
}

/* Multiplies to 128 bits and folds: each input bit reaches the whole result. */
static uint64_t mix(uint64_t a, uint64_t b)
{
    __extension__ unsigned __int128 r = (unsigned __int128)a * b;

    return (uint64_t)r ^ (uint64_t)(r >> 64);
}

static unsigned map_hash(const void *key, size_t len)
{
    static const uint64_t k1 = 0xa0761d6478bd642full, k2 = 0xe7037ed1a0b428dbull;
    const unsigned char *p = key;
    uint64_t h = seed ^ mix(len ^ k1, k2), w;

    for (; len >= 8; p += 8, len -= 8) {
        memcpy(&w, p, 8);
        h = mix(h ^ w, k1) + seed;
    }
    w = 0;
    if (len)
        memcpy(&w, p, len);
    h = mix(h ^ w, k2);
    return (unsigned)(h ^ (h >> 32));
}

struct map *map_new(void)
{
    pthread_once(&seed_once, make_seed);
    return xalloc(sizeof(struct map));
}

void map_free(struct map *m)
{
    if (!m)
        return;
    struct entry *e = m->head;

    HASH_CLEAR(hh, m->head); /* frees the table; the entries keep their order links */
    while (e) {
        struct entry *next = e->hh.next;
        free(e);
        e = next;
    }
    free(m);
}

static struct entry *find(const struct map *m, const void *key, size_t len)
{
    struct entry *e = NULL;

    if (!len)
        key = ""; /* NULL is fine for the empty key, but not for memcmp */
    HASH_FIND(hh, m->head, key, len, e);
    return e;
}

void *map_get(const struct map *m, const void *key, size_t len)
{
    struct entry *e = find(m, key, len);

    return e ? e->value : NULL;
}

void *map_put(struct map *m, const void *key, size_t len, void *value)
{
    struct entry *e = find(m, key, len);

    if (e) {
        void *old = e->value;
        e->value = value;
        return old;
    }
    e = xalloc(sizeof(*e) + len);
    if (len)
        memcpy(e->key, key, len);
    e->len = len;
    e->value = value;
    HASH_ADD_KEYPTR(hh, m->head, e->key, len, e);
    return NULL;
}

void *map_del(struct map *m, const void *key, size_t len)
{
    struct entry *e = find(m, key, len);

    if (!e)
        return NULL;
    void *value = e->value;

    HASH_DEL(m->head, e);
    free(e);
    return value;
}

size_t map_count(const struct map *m)
{
    return HASH_COUNT(m->head);
}

bool map_next(const struct map *m, struct map_iter *it)
{
    struct entry *e = it->key ? it->next : m->head;

    if (!e)
        return false;
    *it =
        (struct map_iter){.next = e->hh.next, .key = e->key, .key_len = e->len, .value = e->value};
    return true;
}
