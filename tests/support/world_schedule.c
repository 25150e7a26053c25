/* Schedules: from seeds, as text, and made short. */
#include <string.h>

#include "common/base/vec.h"

#include "tests/support/world.h"
#include "tests/unit/core_support.h"

enum { EVENTS_MIN = 24, EVENTS_MORE = 48, CALLS_MAX = 32, NUMBERS = 1000000 };
enum { ASLEEP_MIN_MS = 5000, ASLEEP_MORE_MS = 60000, EPISODES_IN = 8 };

static const char *const names[WORLD_EVENT_COUNT] = {
#define X(n, what) #n,
    WORLD_EVENTS(X)
#undef X
};

typedef vec(struct world_event) events;

static uint32_t below(uint64_t *seed, uint32_t n)
{
    return (uint32_t)rnd_below(seed, n);
}

/* How often each kind comes; what is not named here does not come by chance. */
static const struct {
    enum world_event_kind kind;
    unsigned weight;
} chances[] = {
    {WORLD_PHONE, 6},      {WORLD_TITLE, 4},      {WORLD_GROUP, 6},        {WORLD_FOLLOW, 6},
    {WORLD_STAFF, 3},      {WORLD_LEAVE, 4},      {WORLD_MERGE, 2},        {WORLD_MERGE_USER, 2},
    {WORLD_GONE, 1},       {WORLD_DECEASED, 1},   {WORLD_OPT_OUT, 1},      {WORLD_ELIGIBLE, 1},
    {WORLD_ADDRESS, 1},    {WORLD_SAVE, 2},       {WORLD_CLEAR, 1},        {WORLD_UNHIDE, 1},
    {WORLD_AUDIT, 1},      {WORLD_KEEP, 1},       {WORLD_RUN, 12},         {WORLD_RUN_SLOW, 4},
    {WORLD_RUN_USER, 3},   {WORLD_RUN_STALE, 2},  {WORLD_RUN_UNREAD, 2},   {WORLD_APPROVE, 1},
    {WORLD_USER_ADDS, 1},  {WORLD_USER_EDITS, 3}, {WORLD_USER_DELETES, 1}, {WORLD_USER_COPIES, 1},
    {WORLD_NEW_FOLDER, 1}, {WORLD_KILL, 4},       {WORLD_ASLEEP, 2},       {WORLD_DRAIN, 2},
    {WORLD_WORKERS, 2},    {WORLD_SKEW, 2},       {WORLD_ROWS_AWAY, 2},    {WORLD_QUEUE_AWAY, 2},
    {WORLD_QUEUE_NEW, 1},  {WORLD_MESSAGE, 3},    {WORLD_STORE_FAULT, 26}, {WORLD_LEDGER_FAULT, 18},
};

static enum world_event_kind any_kind(uint64_t *seed)
{
    unsigned sum = 0, at = 0;
    for (size_t i = 0; i < ARRAY_LEN(chances); i++)
        sum += chances[i].weight;
    unsigned pick = below(seed, sum);
    while (pick >= chances[at].weight)
        pick -= chances[at++].weight;
    return chances[at].kind;
}

static struct world_event any_event(uint64_t *seed)
{
    struct world_event e = {any_kind(seed), below(seed, NUMBERS), below(seed, NUMBERS),
                            below(seed, NUMBERS)};
    switch (e.kind) {
    case WORLD_PHONE:
    case WORLD_TITLE:
        e.b %= 6;
        break;
    case WORLD_MERGE_USER: /* into another user, mostly */
        e.b = e.b % 4 ? e.b % 3 : e.b;
        break;
    case WORLD_LEAVE:
        e.b = 2 + e.b % 3;
        break;
    case WORLD_RUN: /* one in three dies, one in four is overtaken */
        e.b = e.b % 3 ? 0 : 1 + e.b / 3 % CALLS_MAX;
        e.c = e.c % 4 ? 0 : 1 + e.c / 4 % CALLS_MAX;
        e.a = e.a % 5 == 0;
        break;
    case WORLD_RUN_SLOW:
        e.b %= 3000;
        e.a = e.a % 5 == 0;
        break;
    case WORLD_RUN_USER:
    case WORLD_RUN_STALE:
        e.a = e.a % 5 == 0;
        break;
    case WORLD_ASLEEP:
        e.a = ASLEEP_MIN_MS + e.a % ASLEEP_MORE_MS;
        e.b = 0;
        break;
    case WORLD_SKEW:
        e.b %= 480000;
        break;
    case WORLD_ROWS_AWAY:
    case WORLD_QUEUE_AWAY:
        e.a %= 60000;
        break;
    case WORLD_MESSAGE:
    case WORLD_STORE_FAULT:
    case WORLD_LEDGER_FAULT:
        e.a %= 8;
        break;
    default:
        break;
    }
    return e;
}

static struct world_event any_wait(uint64_t *seed)
{
    static const uint32_t waits[] = {0,    0,     5,     30,     200,    200,     1500,
                                     1500, 20000, 20000, 130000, 130000, 3600000, 7 * 3600000};
    return (struct world_event){WORLD_WAIT, waits[below(seed, ARRAY_LEN(waits))], 0, 0};
}

/*
 * Events that mean something together only; chance alone would hardly ever bring them so. ANY: any
 * number, the same for all of an episode's events in that column.
 */
enum { EPISODE_MAX = 12, ANY = -1 };
enum { STOP_AFTER = 1, STOP_LATE = 2, FREEZE = 3, LATE = 6 }; /* of store_fault in world_event.c */
struct step {
    enum world_event_kind kind;
    int64_t a, b, c;
};
static const struct step episodes[][EPISODE_MAX] = {
    /* what is left out: no time passes */
    /* a worker deletes and sleeps; others come, find out, and make the contact anew; it wakes up */
    {{WORLD_WORKERS, 0, 0, 0},
     {WORLD_SAVE, ANY, 15, 0},
     {WORLD_RUN, 0, 0, 0},
     {WORLD_WAIT, 130000, 0, 0},
     {WORLD_GROUP, ANY, ANY, 0},
     {WORLD_ASLEEP, 58000, 0, 0},
     {WORLD_RUN, 0, 0, 0},
     {WORLD_WAIT, 5000, 0, 0},
     {WORLD_WORKERS, 2, 0, 0},
     {WORLD_GROUP, ANY, ANY, 0},
     {WORLD_RUN, 0, 0, 0},
     {WORLD_WAIT, 130000, 0, 0}},
    /* a worker sleeps with a create in hand; others come and make it */
    {{WORLD_WORKERS, 0, 0, 0},
     {WORLD_SAVE, ANY, 15, 0},
     {WORLD_RUN, 0, 0, 0},
     {WORLD_WAIT, 130000, 0, 0},
     {WORLD_GROUP, ANY, ANY, 0},
     {WORLD_STORE_FAULT, 0, FREEZE, 58000},
     {WORLD_RUN, 0, 0, 0},
     {WORLD_WAIT, 5000, 0, 0},
     {WORLD_WORKERS, 2, 0, 0},
     {WORLD_WAIT, 130000, 0, 0}},
    /* Clear and Remove, cut off; then choices are saved */
    {{WORLD_CLEAR, ANY, 0, 0},
     {WORLD_WAIT, 1500, 0, 0},
     {WORLD_KILL, 0, 0, 0},
     {WORLD_SAVE, ANY, 7, 0},
     {WORLD_RUN_USER, 0, ANY, 0},
     {WORLD_WAIT, 20000, 0, 0}},
    /* two producers whose reads are out of order */
    {{WORLD_RUN, 0, 0, 0},
     {WORLD_GROUP, ANY, 0, 0},
     {WORLD_PHONE, ANY, 4, 0},
     {WORLD_WAIT, 1500, 0, 0},
     {WORLD_RUN, 0, 0, 0},
     {WORLD_RUN_STALE, 1, 1, 0},
     {WORLD_WAIT, 1500, 0, 0}},
    /* what falls out is kept; the switch goes back */
    {{WORLD_KEEP, 0, 0, 0},
     {WORLD_LEAVE, ANY, 3, 0},
     {WORLD_RUN, 0, 0, 0},
     {WORLD_WAIT, 20000, 0, 0},
     {WORLD_OPT_OUT, ANY, 0, 0},
     {WORLD_RUN, 0, 0, 0},
     {WORLD_KEEP, 0, 0, 0}},
    /* users delete, and want it back */
    {{WORLD_USER_DELETES, ANY, ANY, 1},
     {WORLD_USER_DELETES, ANY, 3, 0},
     {WORLD_AUDIT, ANY, 0, 0},
     {WORLD_WAIT, 130000, 0, 0},
     {WORLD_UNHIDE, ANY, 0, 0},
     {WORLD_TITLE, ANY, 5, 0},
     {WORLD_RUN, 0, 0, 0}},
    /* a field is emptied on many */
    {{WORLD_PHONE, 5, 0, 0},
     {WORLD_PHONE, 10, 0, 0},
     {WORLD_PHONE, 15, 0, 0},
     {WORLD_RUN, 0, 0, 0},
     {WORLD_WAIT, 1500, 0, 0},
     {WORLD_TITLE, ANY, 2, 0},
     {WORLD_RUN, 0, 0, 0}},
};

static uint32_t number(int64_t n, uint32_t any)
{
    return n == ANY ? any : (uint32_t)n;
}

static void add_steps(events *v, const struct step *s, uint64_t *seed)
{
    uint32_t a = below(seed, NUMBERS), b = below(seed, NUMBERS), c = below(seed, NUMBERS);
    for (size_t i = 0; i < EPISODE_MAX; i++)
        vec_push(v, (struct world_event){s[i].kind, number(s[i].a, a), number(s[i].b, b),
                                         number(s[i].c, c)});
}

static void add_episode(events *v, uint64_t *seed)
{
    add_steps(v, episodes[below(seed, ARRAY_LEN(episodes))], seed);
}

/*
 * Pictures. They are drawn by numbers of their own and put between the other events, which mean the
 * same with them and without; a third of the schedules has none.
 */
enum { PICTURE_SALT = 0x70696374, PICTURELESS = 3, FIRST_PICTURES = 6, PICTURE_EVENTS = 8 };

static const struct step pictures[][EPISODE_MAX] = {
    /* one is being written when the worker dies; Rock goes back to the one before */
    {{WORLD_PICTURE, ANY, 1, 0},
     {WORLD_RUN, 0, 0, 0},
     {WORLD_WAIT, 130000, 0, 0},
     {WORLD_PICTURE, ANY, 2, 0},
     {WORLD_STORE_FAULT, 0, STOP_AFTER, 0},
     {WORLD_RUN, 0, 0, 0},
     {WORLD_WAIT, 5000, 0, 0},
     {WORLD_PICTURE, ANY, 1, 0},
     {WORLD_RUN, 0, 0, 0},
     {WORLD_WAIT, 20000, 0, 0}},
    /* one comes late, another one is wanted by then */
    {{WORLD_PICTURE, ANY, 3, 0},
     {WORLD_RUN, 0, 0, 0},
     {WORLD_WAIT, 130000, 0, 0},
     {WORLD_PICTURE, ANY, 4, 0},
     {WORLD_STORE_FAULT, 0, LATE, ANY},
     {WORLD_RUN, 0, 0, 0},
     {WORLD_WAIT, 5000, 0, 0},
     {WORLD_PICTURE, ANY, 0, 0},
     {WORLD_RUN, 0, 0, 0},
     {WORLD_WAIT, 130000, 0, 0}},
    /* the same, and the worker is dead */
    {{WORLD_PICTURE, ANY, 5, 0},
     {WORLD_WORKERS, 1, 0, 0},
     {WORLD_STORE_FAULT, 0, STOP_LATE, ANY},
     {WORLD_RUN, 0, 0, 0},
     {WORLD_WAIT, 5000, 0, 0},
     {WORLD_PICTURE, ANY, 2, 0},
     {WORLD_RUN, 0, 0, 0},
     {WORLD_WAIT, 130000, 0, 0}},
    /* a worker sleeps with a picture in hand; another one writes the next */
    {{WORLD_WORKERS, 2, 0, 0},
     {WORLD_PICTURE, ANY, 3, 0},
     {WORLD_STORE_FAULT, 0, FREEZE, 58000},
     {WORLD_RUN, 0, 0, 0},
     {WORLD_WAIT, 5000, 0, 0},
     {WORLD_PICTURE, ANY, 4, 0},
     {WORLD_RUN, 0, 0, 0},
     {WORLD_WAIT, 130000, 0, 0}},
    /* ... or before it records; what it has put is replaced meanwhile */
    {{WORLD_WORKERS, 0, 0, 0},
     {WORLD_RUN, 0, 0, 0},
     {WORLD_WAIT, 130000, 0, 0},
     {WORLD_PICTURE, ANY, 3, 0},
     {WORLD_ASLEEP, 230000, ANY, 0},
     {WORLD_RUN, 0, 0, 0},
     {WORLD_WAIT, 20000, 0, 0},
     {WORLD_WORKERS, 2, 0, 0},
     {WORLD_PICTURE, ANY, 4, 0},
     {WORLD_RUN, 0, 0, 0},
     {WORLD_WAIT, 130000, 0, 0},
     {WORLD_WAIT, 130000, 0, 0}},
    /* the user puts their own, and takes it off again */
    {{WORLD_PICTURE, ANY, 1, 0},
     {WORLD_USER_BETWEEN, 0, ANY, 0},
     {WORLD_USER_PICTURE, ANY, ANY, 7},
     {WORLD_RUN, 0, 0, 0},
     {WORLD_WAIT, 20000, 0, 0},
     {WORLD_PICTURE, ANY, 2, 0},
     {WORLD_RUN, 0, 0, 0},
     {WORLD_WAIT, 20000, 0, 0},
     {WORLD_USER_PICTURE, ANY, ANY, 0},
     {WORLD_RUN, 0, 0, 0}},
    /* a contact is kept, its picture changes, and it is wanted again as it was */
    {{WORLD_KEEP, 0, 0, 0},
     {WORLD_SAVE, 0, 2, 0},
     {WORLD_SAVE, 1, 2, 0},
     {WORLD_RUN, 0, 0, 0},
     {WORLD_WAIT, 130000, 0, 0},
     {WORLD_SAVE, 0, 1, 0},
     {WORLD_PICTURE, 5, 2, 0},
     {WORLD_RUN, 0, 0, 0},
     {WORLD_WAIT, 20000, 0, 0},
     {WORLD_SAVE, 0, 2, 0},
     {WORLD_RUN, 0, 0, 0},
     {WORLD_KEEP, 0, 0, 0}},
    /* off, and on while they are being taken off */
    {{WORLD_PHOTOS, 0, 0, 0},
     {WORLD_RUN, 0, 0, 0},
     {WORLD_WAIT, 5000, 0, 0},
     {WORLD_PHOTOS, 0, 0, 0},
     {WORLD_RUN, 0, 0, 0},
     {WORLD_WAIT, 20000, 0, 0}},
};

/* At one place: a picture, a hand, a fault, or several things that belong together. */
static void add_picture(events *v, uint64_t *seed)
{
    uint32_t a = below(seed, NUMBERS), b = below(seed, NUMBERS), c = below(seed, NUMBERS);
    uint32_t pick = below(seed, 13);
    if (pick < 5)
        vec_push(v, (struct world_event){WORLD_PICTURE, a, b % 10, 0});
    else if (pick < 7)
        vec_push(v, (struct world_event){WORLD_USER_PICTURE, a, b, c});
    else if (pick < 8)
        vec_push(v, (struct world_event){WORLD_USER_BETWEEN, a % 3, b, 0});
    else if (pick < 10)
        vec_push(v, (struct world_event){WORLD_PICTURE_UNREAD, a % 3, b % 4, 0});
    else
        add_steps(v, pictures[below(seed, ARRAY_LEN(pictures))], seed);
}

static void insert(events *v, size_t at, const events *some)
{
    for (size_t i = 0; i < some->n; i++)
        vec_push(v, (struct world_event){0});
    memmove(v->v + at + some->n, v->v + at, (v->n - some->n - at) * sizeof(*v->v));
    memcpy(v->v + at, some->v, some->n * sizeof(*v->v));
}

static void add_pictures(events *v, uint64_t number)
{
    uint64_t seed = number * 1000003 ^ PICTURE_SALT;
    events some = {0};
    if (!below(&seed, PICTURELESS))
        return;
    for (uint32_t i = 1 + below(&seed, FIRST_PICTURES); i > 0; i--)
        vec_push(&some, (struct world_event){WORLD_PICTURE, below(&seed, 16), below(&seed, 10), 0});
    insert(v, 0, &some);
    for (uint32_t i = below(&seed, PICTURE_EVENTS); i > 0; i--) {
        vec_clear(&some);
        add_picture(&some, &seed);
        insert(v, below(&seed, (uint32_t)v->n + 1), &some);
    }
    vec_release(&some);
}

struct world_schedule world_schedule_of(uint64_t number)
{
    uint64_t seed = number * 1000003;
    events v = {0};
    struct world_schedule s = {.seed = number,
                               .workers = 1 + below(&seed, 3),
                               .connections = 1 + below(&seed, 4),
                               .batch = 1 + below(&seed, 6),
                               .latency_ms = 1 + below(&seed, 300)};
    for (uint32_t u = 0; u < 3; u++) {
        for (int i = 0; i < 4; i++)
            vec_push(&v, (struct world_event){WORLD_FOLLOW, u, below(&seed, 16), 0});
        uint32_t choices = 1 + below(&seed, 15);
        if (below(&seed, 8)) /* else not yet */
            vec_push(&v, (struct world_event){WORLD_SAVE, u, choices, 0});
    }
    vec_push(&v, (struct world_event){WORLD_RUN, 0, 0, 0});
    uint32_t n = EVENTS_MIN + below(&seed, EVENTS_MORE);
    for (uint32_t i = 0; i < n; i++) {
        if (below(&seed, EPISODES_IN))
            vec_push(&v, any_event(&seed));
        else
            add_episode(&v, &seed);
        if (below(&seed, 2))
            vec_push(&v, any_wait(&seed));
    }
    add_pictures(&v, number);
    s.v = v.v;
    s.n = v.n;
    return s;
}

void world_schedule_print(const struct world_schedule *s, FILE *out)
{
    fprintf(out, "seed %llu workers %u connections %u batch %u latency %u\n",
            (unsigned long long)s->seed, s->workers, s->connections, s->batch, s->latency_ms);
    for (size_t i = 0; i < s->n; i++)
        fprintf(out, "%s %u %u %u\n", names[s->v[i].kind], s->v[i].a, s->v[i].b, s->v[i].c);
}

bool world_event_parse(const char *line, struct world_event *ret)
{
    char name[32];
    if (sscanf(line, "%31s %u %u %u", name, &ret->a, &ret->b, &ret->c) != 4)
        return false;
    for (int i = 0; i < WORLD_EVENT_COUNT; i++) {
        if (strcmp(name, names[i]) != 0)
            continue;
        ret->kind = (enum world_event_kind)i;
        return true;
    }
    return false;
}

/* ---- shrinking ---- */

static bool fails_without(const struct world_schedule *s, size_t from, size_t n, bool pg)
{
    struct world_schedule less = *s;
    struct world_found found;
    less.v = xalloc((s->n + 1) * sizeof(*less.v));
    memcpy(less.v, s->v, from * sizeof(*s->v));
    memcpy(less.v + from, s->v + from + n, (s->n - from - n) * sizeof(*s->v));
    less.n = s->n - n;
    world_run(&less, pg, &found);
    if (found.text[0]) {
        memmove(s->v + from, s->v + from + n, (s->n - from - n) * sizeof(*s->v));
        free(less.v);
        return true;
    }
    free(less.v);
    return false;
}

size_t world_shrink(struct world_schedule *s, bool pg)
{
    size_t runs = 0;
    for (size_t chunk = s->n / 2; chunk;) {
        bool any = false;
        for (size_t at = 0; at < s->n;) {
            size_t n = s->n - at < chunk ? s->n - at : chunk;
            runs++;
            if (!fails_without(s, at, n, pg)) {
                at += chunk;
                continue;
            }
            s->n -= n;
            any = true;
        }
        if (!any || chunk > 1)
            chunk = chunk == 1 ? 0 : chunk / 2;
    }
    return runs;
}
