/*
 * Pictures: behind all contacts, whatever goes wrong; none is lost, none is written twice where an
 * answer came, the user's own stays.
 */
#include "tests/crash/worker_support.h"

enum { PEOPLE = 6 };

/* A mailbox that holds its contacts, and of whose people all have a picture. */
static int64_t pictured(struct rig *r, const char *address)
{
    int64_t mb = synced(r, address, PEOPLE);
    for (int i = 0; i < PEOPLE; i++)
        rig_photo_only(r, i, 1);
    return mb;
}

static uint64_t photo_writes(struct rig *r)
{
    return memory_store_stats(rig_server(r)).photo_writes;
}

static void expect_photo(struct rig *r, const char *address, int person, int version)
{
    char mark[STORE_PHOTO_MARK + 1];
    rig_photo_mark(person, version, mark);
    const struct memory_item *it = item_of(r, address, person);
    cr_assert_not_null(it);
    cr_expect(version ? it->photo && strcmp(it->photo, mark) == 0 : !it->photo, "person %d",
              person);
}

Test(worker_photo, a_message_brings_all_pictures_of_a_mailbox)
{
    autoptr(rig_free) struct rig *r = rig_new(NULL);
    int64_t mb = pictured(r, pat);
    rig_photo_message(r, mb);
    finish(r);
    for (int i = 0; i < PEOPLE; i++)
        expect_photo(r, pat, i, 1);
    cr_expect_eq(photo_writes(r), (uint64_t)PEOPLE);
    cr_expect_eq(rig_writes(r), 2u, "four, then the rest");
    rig_photo_message(r, mb); /* and nothing a second time */
    rig_count_from_here(r);
    finish(r);
    cr_expect_eq(rig_calls(r, RIG_STORE), 0u);
}
