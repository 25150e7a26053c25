/*
 * plan_store_photo: the producer's calls about pictures, for the tests of their rows. Persons of
 * the fixture; `person` has picture `n` of the source.
 */
#ifndef SYNC_TESTS_CONTRACT_PLAN_STORE_PHOTO_H
#define SYNC_TESTS_CONTRACT_PLAN_STORE_PHOTO_H

#include "tests/contract/plan_store_fixture.h"

enum { READ = 1700000000 }; /* seconds */

static inline struct photo_ref ref(int n)
{
    return (struct photo_ref){n, n ? key_of(9000 + n) : (struct guid){{0}}};
}

static inline void seen_at(int64_t person, int n, int64_t at_s)
{
    const struct plan_photo p = {.person = person, .ref = ref(n)};
    OK(S->ops->photos_seen(S, &p, 1, at_s * 1000, &err));
}

static inline void seen(int64_t person, int n)
{
    static int64_t at = READ;
    seen_at(person, n, at++);
}

static inline size_t wanted_behind(int64_t after, size_t max, struct plan_photo **ret)
{
    size_t n;
    OK(S->ops->photos_wanted(S, arena, after, max, ret, &n, &err));
    return n;
}

static inline size_t n_wanted(void)
{
    struct plan_photo *v;
    return wanted_behind(0, 100, &v);
}

static inline void got(const struct plan_photo_got *g)
{
    OK(S->ops->photos_store(S, g, 1, &err));
}

static inline void there(int64_t person, int n, const char *jpeg)
{
    got(&(struct plan_photo_got){.person = person,
                                 .ref = ref(n),
                                 .end = PLAN_PHOTO_THERE,
                                 .jpeg = jpeg,
                                 .len = strlen(jpeg)});
}

static inline void none(int64_t person, int n)
{
    got(&(struct plan_photo_got){
        .person = person, .ref = ref(n), .end = PLAN_PHOTO_NONE, .failure = "unfit"});
}

static inline void again(int64_t person, int n, uint32_t ms)
{
    got(&(struct plan_photo_got){.person = person,
                                 .ref = ref(n),
                                 .end = PLAN_PHOTO_AGAIN,
                                 .failure = "away",
                                 .retry_in_ms = ms});
}

static inline size_t raised(size_t max)
{
    size_t n = 99;
    OK(S->ops->photos_raise(S, max, &n, &err));
    return n;
}

static inline size_t offered(size_t max, struct plan_photo_box **ret)
{
    size_t n = 99;
    OK(S->ops->photos_offer(S, arena, max, ret, &n, &err));
    return n;
}

static inline size_t n_offered(void)
{
    struct plan_photo_box *v;
    return offered(100, &v);
}

static inline struct plan_photo_counts counts(void)
{
    struct plan_photo_counts c;
    OK(S->ops->photos_count(S, &c, &err));
    return c;
}

#define ROW(column, person)                                                                        \
    ((char *)(uintptr_t)test_db_text(db,                                                           \
                                     "SELECT (%s)::text FROM person_photo WHERE person = %lld",    \
                                     column, (long long)(person)))
#define IS(column, person, value)                                                                  \
    cr_expect(eq(str, ROW(column, person), (char *)(uintptr_t)(value)))
#define OPEN(mailbox)                                                                              \
    COUNT("SELECT photo_requested - photo_done FROM mailbox WHERE id = %lld", (long long)(mailbox))

/* A mailbox that has contacts of persons 1 to n. */
static inline int64_t synced(const char *address, int n)
{
    int64_t ids[16], box = a_mailbox(address);
    for (int i = 0; i < n; i++) {
        ids[i] = i + 1;
        if (COUNT("SELECT count(*) FROM person WHERE id = %d", i + 1) == 0)
            a_person(i + 1);
    }
    wanted(box, ids, (size_t)n, 0);
    written(box);
    return box;
}

static inline void sweep(void)
{
    OK(S->ops->sweep(S, 30, &err));
}

#endif
