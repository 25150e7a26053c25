#include "tests/support/world_church.h"

#include <stdio.h>
#include <string.h>

#include "common/base/arena.h"

enum { DIRECTORY_MAX = 16 << 20, GROUP_MARK = 0x77, REF_MARK = 0xf0, REF_BASE = 100 };
enum { JPEG_MAX = 64, JPEG_HEAD = 4 };

struct guid church_key(int soul)
{
    return (struct guid){{0xc0, [6] = 0x40, [8] = 0x80, [15] = (uint8_t)(soul + 1)}};
}

int church_soul_of(const struct guid *key)
{
    int soul = key->b[15] - 1;
    if (soul < 0 || soul >= CHURCH_SOULS)
        return CHURCH_NOBODY;
    struct guid is = church_key(soul);
    return guid_cmp(&is, key) == 0 ? soul : CHURCH_NOBODY;
}

struct guid church_group(int group)
{
    return (struct guid){{GROUP_MARK, [6] = 0x40, [8] = 0x80, [15] = (uint8_t)(group + 1)}};
}

const char *church_address(int box, char out[32])
{
    unsigned user = (unsigned)box % CHURCH_USERS, nth = 1 + (unsigned)box / CHURCH_USERS % 9;
    snprintf(out, 32, "user%u.%u@church.example", user, nth);
    return out;
}

int church_box_of(const char *address)
{
    const char *at = address + strlen("user");
    return at[0] - '0' + (at[2] - '1') * CHURCH_USERS;
}

int church_box(const struct church *c, int user)
{
    int nth = c->soul[user].address;
    return nth ? user + (nth - 1) * CHURCH_USERS : CHURCH_NO_BOX;
}

bool church_there(const struct church *c, int soul)
{
    return !c->soul[soul].gone && c->soul[soul].merged_into == CHURCH_NOBODY;
}

/* Has that mailbox, and may have contacts in it. */
static bool is_served(const struct church *c, int box)
{
    int user = box % CHURCH_USERS;
    return church_box(c, user) == box && church_there(c, user) && c->soul[user].eligible &&
           c->choice[user].saved;
}

bool church_wants(const struct church *c, int box, int soul, char cats[64])
{
    int user = box % CHURCH_USERS;
    const struct church_soul *u = &c->soul[user], *p = &c->soul[soul];
    const struct church_choice *ch = &c->choice[user];
    static const char *const names[CHURCH_GROUPS] = {"Choir", "Ushers"};
    cats[0] = 0;
    if (!is_served(c, box))
        return false;
    if (!church_there(c, soul) || p->deceased || p->opted_out)
        return false;
    bool any[4] = {(ch->groups & p->groups & 1) != 0, ch->follow && (u->follows >> soul & 1),
                   ch->staff && p->staff, (ch->groups & p->groups & 2) != 0};
    const char *const text[4] = {names[0], "Following", "Staff", names[1]};
    for (int i = 0; i < 4; i++) {
        if (!any[i])
            continue;
        if (cats[0])
            strcat(cats, "\n");
        strcat(cats, text[i]);
    }
    return cats[0] != 0;
}

const char *church_field(const struct church *c, int soul, enum contact_field f)
{
    static char text[64];
    const struct church_soul *p = &c->soul[soul];
    switch (f) {
    case CONTACT_FILE_AS:
    case CONTACT_DISPLAY_NAME:
        snprintf(text, sizeof(text), "Person %d, Pat", soul);
        return text;
    case CONTACT_GIVEN_NAME:
        return "Pat";
    case CONTACT_SURNAME:
        snprintf(text, sizeof(text), "Person %d", soul);
        return text;
    case CONTACT_EMAIL:
        return soul < CHURCH_USERS && p->address ? church_address(church_box(c, soul), text) : NULL;
    case CONTACT_PHONE_MOBILE:
        snprintf(text, sizeof(text), "+1602555%04d", p->phone);
        return p->phone ? text : NULL;
    case CONTACT_JOB_TITLE:
        snprintf(text, sizeof(text), "Title %d", p->title);
        return p->title ? text : NULL;
    default:
        return NULL;
    }
}

/* ---- pictures ---- */

struct photo_ref church_ref(int soul, int picture)
{
    int64_t id = REF_BASE * (soul + 1) + picture;
    if (picture == CHURCH_NO_PICTURE)
        return (struct photo_ref){0};
    return (struct photo_ref){
        id,
        {{REF_MARK, [6] = 0x40, [8] = 0x80, [14] = (uint8_t)(soul + 1), [15] = (uint8_t)picture}}};
}

int church_ref_picture(const struct photo_ref *ref)
{
    return (int)(ref->id % REF_BASE);
}

int church_ref_soul(const struct photo_ref *ref)
{
    return (int)(ref->id / REF_BASE) - 1;
}

/* As a JPEG begins; then its number; each of another length. */
const void *church_jpeg(int picture, size_t *len)
{
    static unsigned char all[CHURCH_PICTURES][JPEG_MAX];
    int number = picture == CHURCH_TWIN ? CHURCH_FIRST_PICTURE : picture;
    unsigned char *v = all[number];
    *len = picture == CHURCH_UNFIT_PICTURE ? 0 : JPEG_HEAD + 5 * (size_t)number;
    memset(v, 'a' + number, JPEG_MAX);
    memcpy(v, (const unsigned char[JPEG_HEAD]){0xff, 0xd8, 0xff, (unsigned char)number}, JPEG_HEAD);
    return v;
}

int church_jpeg_number(const void *jpeg, size_t len)
{
    for (int i = CHURCH_FIRST_PICTURE; i < CHURCH_PICTURES; i++) {
        size_t n;
        const void *one = church_jpeg(i, &n);
        if (n && n == len && memcmp(one, jpeg, n) == 0)
            return i;
    }
    return CHURCH_NO_PICTURE;
}

/* ---- as Rock gives it ---- */

static struct dir_person a_person(struct arena *a, const struct church *c, int soul)
{
    const struct church_soul *s = &c->soul[soul];
    struct dir_phone *ph = arena_alloc(a, sizeof(*ph));
    *ph = (struct dir_phone){.id = 1,
                             .type = DIR_PHONE_MOBILE,
                             .type_name = "Mobile",
                             .country_code = "1",
                             .number = arena_printf(a, "602555%04d", s->phone)};
    return (struct dir_person){.key = church_key(soul),
                               .rock_id = soul + 1,
                               .deceased = s->deceased,
                               .opted_out = s->opted_out,
                               .email_active = true,
                               .nick_name = "Pat",
                               .last_name = arena_printf(a, "Person %d", soul),
                               .email = arena_strdup(a, church_field(c, soul, CONTACT_EMAIL)),
                               .position =
                                   arena_strdup(a, church_field(c, soul, CONTACT_JOB_TITLE)),
                               .phones = ph,
                               .n_phones = s->phone ? 1 : 0,
                               .photo_id = church_ref(soul, s->picture).id,
                               .photo_guid = church_ref(soul, s->picture).guid};
}

/* Indexes of those who are there and stand in the mask. */
static struct dir_list those(struct arena *a, const struct church *c, uint32_t mask)
{
    uint32_t *v = arena_alloc(a, CHURCH_SOULS * sizeof(*v)), at = 0;
    size_t n = 0;
    for (int i = 0; i < CHURCH_SOULS; i++) {
        if (!church_there(c, i))
            continue;
        if (mask >> i & 1)
            v[n++] = at;
        at++;
    }
    return (struct dir_list){v, n};
}

static void put_groups(struct directory *d, const struct church *c, const struct source_request *rq)
{
    static const char *const names[CHURCH_GROUPS] = {"Choir", "Ushers"};
    struct dir_group *groups = arena_alloc(d->arena, (rq->n_groups + 1) * sizeof(*groups));
    for (size_t g = 0; g < rq->n_groups; g++) {
        int nth = rq->groups[g].b[15] - 1;
        uint32_t members = 0;
        for (int i = 0; i < CHURCH_SOULS; i++)
            members |= (uint32_t)(c->soul[i].groups >> nth & 1) << i;
        groups[d->n_groups++] = (struct dir_group){.guid = rq->groups[g],
                                                   .name = names[nth],
                                                   .usable = true,
                                                   .members = those(d->arena, c, members)};
    }
    d->groups = groups;
}

struct directory *
church_directory(const struct church *c, const struct source_request *rq, int64_t read_at_ms)
{
    struct arena *a = arena_new("a church's directory", DIRECTORY_MAX);
    struct directory *d = arena_alloc(a, sizeof(*d));
    struct dir_person *people = arena_alloc(a, CHURCH_SOULS * sizeof(*people));
    struct dir_user *users = arena_alloc(a, CHURCH_USERS * sizeof(*users));
    uint32_t staff = 0;
    *d = (struct directory){.arena = a, .read_at_ms = read_at_ms, .people = people, .users = users};
    for (int i = 0; i < CHURCH_SOULS; i++) {
        if (!church_there(c, i))
            continue;
        staff |= (uint32_t)c->soul[i].staff << i;
        if (i < CHURCH_USERS && c->soul[i].eligible)
            users[d->n_users++] =
                (struct dir_user){(uint32_t)d->n_people, those(a, c, c->soul[i].follows)};
        people[d->n_people++] = a_person(a, c, i);
    }
    d->staff = those(a, c, staff);
    put_groups(d, c, rq);
    return d;
}

struct source_resolved church_resolve(const struct church *c, const struct guid *key)
{
    int soul = church_soul_of(key);
    if (soul == CHURCH_NOBODY)
        return (struct source_resolved){.fate = SOURCE_GONE};
    const struct church_soul *s = &c->soul[soul];
    if (s->merged_into != CHURCH_NOBODY) {
        int end = s->merged_into;
        while (c->soul[end].merged_into != CHURCH_NOBODY)
            end = c->soul[end].merged_into;
        return (struct source_resolved){SOURCE_MERGED, church_key(end)};
    }
    return (struct source_resolved){.fate = s->gone       ? SOURCE_GONE
                                            : s->deceased ? SOURCE_DECEASED
                                                          : SOURCE_THERE};
}
