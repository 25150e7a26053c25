/* What each event of a schedule does. */
#include <stdio.h>
#include <string.h>

#include "tests/support/world_p.h"

enum {
    LONG_WAIT_MS = 10 * 60 * 1000,
    LONG_TICK_MS = 20000,
    PG_WAIT_MS = 60000,
    TICK_MS = 1000,
    SKEW_ZERO = 240000
};

/* Late effects come at most so long after the send; a frozen worker may sleep longer than that. */
enum { LATE_MAX_MS = RIG_DEADLINE_MS - 1000, FREEZE_MAX_MS = 60000, BUSY_MAX_MS = 20000 };

/* ---- the church ---- */

static int end_of(const struct church *c, int soul)
{
    while (c->soul[soul].merged_into != CHURCH_NOBODY)
        soul = c->soul[soul].merged_into;
    return soul;
}

/* The survivor's choices, else the other's. Whose of several others depends on when runs come:
 * such merges there are none. */
static bool choices_merge(struct world *w, int from, int to)
{
    struct church_choice *t = &w->church.choice[to];
    int n = 0, who = 0;
    for (int u = 0; u < CHURCH_USERS; u++) {
        if (end_of(&w->church, u) != from || !w->church.choice[u].saved)
            continue;
        n++;
        who = u;
    }
    if (!n || (t->saved && !t->inherited))
        return true;
    if (n > 1 || t->inherited || w->church.choice[who].inherited)
        return false;
    *t = w->church.choice[who];
    t->inherited = true;
    return true;
}

static void merge(struct world *w, int from, int to)
{
    struct church_soul *f = &w->church.soul[from], *t = &w->church.soul[to];
    if (from == to || !church_there(&w->church, from) || !church_there(&w->church, to))
        return;
    if (to < CHURCH_USERS && !choices_merge(w, from, to))
        return;
    f->merged_into = to;
    t->groups |= f->groups;
    t->staff |= f->staff;
    t->follows |= f->follows;
    for (int i = 0; i < CHURCH_SOULS; i++)
        w->church.soul[i].follows |= (w->church.soul[i].follows >> from & 1) << to;
    w->m.pictures[to] |= w->m.pictures[from];
    for (int b = 0; b < CHURCH_BOXES; b++)
        w->m.user_deleted[b] |= (w->m.user_deleted[b] >> from & 1) << to;
}

static void merge_person(struct world *w, int from, int to)
{
    if (from >= CHURCH_USERS)
        merge(w, from, to);
}

static void many_leave(struct world *w, int first, int n)
{
    for (int i = first; i < first + n && i < CHURCH_SOULS; i++) {
        w->church.soul[i].groups = 0;
        w->church.soul[i].staff = false;
    }
}

static void change(struct world *w, const struct world_event *e)
{
    struct church_soul *p = &w->church.soul[e->a % CHURCH_SOULS];
    int other = (int)(e->b % CHURCH_SOULS), user = (int)(e->a % CHURCH_USERS);
    switch (e->kind) {
    case WORLD_PHONE:
        p->phone = (int)e->b;
        break;
    case WORLD_TITLE:
        p->title = (int)e->b;
        break;
    case WORLD_GROUP:
        p->groups ^= (uint8_t)(1u << e->b % CHURCH_GROUPS);
        break;
    case WORLD_FOLLOW:
        w->church.soul[user].follows ^= 1u << other;
        break;
    case WORLD_STAFF:
        p->staff = !p->staff;
        break;
    case WORLD_DECEASED:
        p->deceased = !p->deceased;
        break;
    case WORLD_OPT_OUT:
        p->opted_out = !p->opted_out;
        break;
    case WORLD_ELIGIBLE:
        w->church.soul[user].eligible = !w->church.soul[user].eligible;
        break;
    case WORLD_ADDRESS:
        w->seen[WORLD_SAW_MOVED]++;
        w->church.soul[user].address = (int)(e->b % (CHURCH_ADDRESSES + 1));
        break;
    default:
        p->gone = !p->gone && (int)(e->a % CHURCH_SOULS) >= CHURCH_USERS;
    }
}

static void in_church(struct world *w, const struct world_event *e)
{
    if (e->kind == WORLD_LEAVE)
        many_leave(w, (int)(e->a % CHURCH_SOULS), (int)e->b);
    else if (e->kind == WORLD_MERGE)
        merge_person(w, (int)(e->a % CHURCH_SOULS), (int)(e->b % CHURCH_SOULS));
    else if (e->kind == WORLD_MERGE_USER)
        merge(w, (int)(e->a % CHURCH_USERS), (int)(e->b % CHURCH_SOULS));
    else
        change(w, e);
}

static void save(struct world *w, const struct world_event *e)
{
    int user = (int)(e->a % CHURCH_USERS);
    struct church_choice *ch = &w->church.choice[user];
    struct guid groups[CHURCH_GROUPS], key = church_key(user);
    struct prefs p = {.follow = e->b & 1, .staff = e->b & 2, .groups = groups};
    struct plan_store *s = w->producer[0].plan.inner;
    struct err err;
    if (!church_there(&w->church, user))
        return; /* there is nobody who could sign in */
    *ch = (struct church_choice){
        .saved = true, .follow = p.follow, .staff = p.staff, .groups = (uint8_t)(e->b >> 2 & 3)};
    for (int g = 0; g < CHURCH_GROUPS; g++)
        if (ch->groups >> g & 1)
            groups[p.n_groups++] = church_group(g);
    if (s->ops->subscriber_save(s, &key, NULL, &p, &err) < 0)
        world_bad(w, "choices could not be saved: %s", err.text);
}

/* The guard begins anew with that mailbox, since nothing is wanted there. */
static void clear(struct world *w, int user, int box, int64_t mailbox)
{
    bool blank = w->pg ? world_pg_clear(w->pg, mailbox) : world_rows_clear(&w->rows, mailbox);
    if (blank)
        w->church.choice[user] = (struct church_choice){.saved = true};
    w->m.cleared_at[box] = world_now(w);
    memset(w->m.held_at[mailbox], 0, sizeof(w->m.held_at[mailbox]));
    vec_foreach (l, &w->m.losses)
        if (l->mailbox == mailbox)
            l->at = 0;
}

static void unhide(struct world *w, int box, int64_t mailbox)
{
    if (w->pg) {
        world_pg_unhide(w->pg, mailbox);
        return;
    }
    uint32_t souls = world_rows_unhide(&w->rows, mailbox);
    w->m.user_deleted[box] &= ~souls;
    w->seen[WORLD_SAW_UNHIDDEN] += (uint32_t)__builtin_popcount(souls);
}

static void by_hand(struct world *w, const struct world_event *e)
{
    int user = (int)(e->a % CHURCH_USERS), box = church_box(&w->church, user);
    int64_t mailbox = box == CHURCH_NO_BOX ? 0 : world_mailbox_of(w, box);
    if (!mailbox || !church_there(&w->church, user))
        return;
    if (e->kind == WORLD_CLEAR)
        clear(w, user, box, mailbox);
    else if (e->kind == WORLD_UNHIDE)
        unhide(w, box, mailbox);
    else if (w->pg)
        world_pg_audit(w->pg, mailbox);
    else
        world_rows_audit(&w->rows, mailbox);
}

static void choose(struct world *w, const struct world_event *e)
{
    if (e->kind == WORLD_SAVE)
        save(w, e);
    else if (e->kind == WORLD_KEEP)
        w->settings.run.delete_old = !w->settings.run.delete_old;
    else
        by_hand(w, e);
}

/* ---- producers ---- */

static void run(struct world *w, const struct world_event *e)
{
    struct world_producer *p = &w->producer[e->a % WORLD_PRODUCERS];
    int user = -1;
    p->die_at = e->kind == WORLD_RUN ? e->b : 0;
    p->takeover_at = e->kind == WORLD_RUN ? e->c : 0;
    p->slow_ms = e->kind == WORLD_RUN_SLOW ? e->b : 0;
    p->stale = e->kind == WORLD_RUN_STALE ? 1 + e->b % WORLD_PASTS : 0;
    if (e->kind == WORLD_RUN_UNREAD)
        p->unread = e->b % 2 ? WORLD_NO_SECOND_LOOK : WORLD_NO_SNAPSHOT;
    if (e->kind == WORLD_RUN_USER)
        user = (int)(e->b % CHURCH_USERS);
    world_produce(w, (int)(e->a % WORLD_PRODUCERS), user);
}

/* ---- users ---- */

/* Of a user, as they are now; who has no address has the mailbox of before still. */
static int box_of(const struct world *w, uint32_t n)
{
    int user = (int)(n % CHURCH_USERS), box = church_box(&w->church, user);
    return box == CHURCH_NO_BOX ? user : box;
}

static void hand(struct world *w, const struct world_event *e)
{
    static const enum contact_field fields[] = {CONTACT_PHONE_MOBILE, CONTACT_JOB_TITLE,
                                                CONTACT_GIVEN_NAME, CONTACT_HOME_CITY};
    int box = box_of(w, e->a);
    char address[32];
    struct exchange_box *b = exchange_box(w->x, church_address(box, address));
    if (e->kind == WORLD_USER_ADDS) {
        exchange_user_adds(w->x, b, "My own");
        w->m.foreign[box]++;
        return;
    }
    struct exchange_item *it = b->items.n ? b->items.v[e->b % b->items.n] : NULL;
    if (!it || !it->ours || it->place == STORE_IN_TRASH)
        return;
    int soul = church_soul_of(&it->key);
    if (e->kind == WORLD_USER_EDITS) {
        exchange_user_edits(b, it, fields[e->c % ARRAY_LEN(fields)], "the user's");
    } else if (e->kind == WORLD_USER_PICTURE) {
        exchange_user_pictures(w->x, it, e->c % 3 ? 1 + (int)(e->c % OWN_PICTURES) : 0);
    } else if (e->kind == WORLD_USER_DELETES) {
        for (int s = soul; s != CHURCH_NOBODY; s = w->church.soul[s].merged_into)
            w->m.user_deleted[box] |= 1u << s;
        exchange_user_deletes(w->x, b, it, e->c & 1);
    } else {
        exchange_user_copies(w->x, it,
                             exchange_box(w->x, church_address(box_of(w, e->c), address)));
    }
}

static void new_folder(struct world *w, const struct world_event *e)
{
    char address[32];
    exchange_new_folder(w->x, exchange_box(w->x, church_address(box_of(w, e->a), address)));
}

/* ---- workers ---- */

static void sleep_later(struct world *w, const struct world_event *e)
{
    w->sleep_ms = e->a;
    w->sleep_after = e->b % CHURCH_USERS;
}

static void worker(struct world *w, const struct world_event *e)
{
    struct rig_worker *it = rig_worker(w->r, e->a % 3);
    if (e->kind == WORLD_WORKERS)
        rig_workers(w->r, 1 + e->a % 3);
    else if (it && e->kind == WORLD_KILL)
        rig_kill(it);
    else if (e->kind == WORLD_ASLEEP)
        sleep_later(w, e);
    else if (it && e->kind == WORLD_DRAIN)
        rig_drain(w->r, it);
    else if (it)
        it->clock.skew_ms = (int64_t)e->b - SKEW_ZERO;
}

/* ---- faults ---- */

static struct rig_fault store_fault(uint32_t kind, uint32_t c)
{
    static const struct rig_fault all[] = {
        {.kind = RIG_STOP_BEFORE},
        {.kind = RIG_STOP_AFTER},
        {.kind = RIG_STOP_LATE},
        {.kind = RIG_FREEZE},
        {.kind = RIG_UNKNOWN_BEFORE, .code = "http.502"},
        {.kind = RIG_UNKNOWN_AFTER, .code = "http.reset"},
        {.kind = RIG_LATE, .code = "http.timeout"},
        {.kind = RIG_PARTIAL, .outcome = OUT_NOT_TRIED, .code = "ErrorBatchProcessingStopped"},
        {.kind = RIG_PARTIAL, .outcome = OUT_RETRY_LATER, .code = "ErrorTimeoutExpired"},
        {.kind = RIG_PARTIAL, .outcome = OUT_UNKNOWN, .code = "ErrorInternalServerError"},
        {.kind = RIG_OUTCOME, .outcome = OUT_RETRY_SOON, .code = "ErrorServerBusy"},
        {.kind = RIG_OUTCOME, .outcome = OUT_RETRY_LATER, .code = "ErrorServerBusy"},
        {.kind = RIG_OUTCOME, .outcome = OUT_PARK, .code = "ErrorServerBusy"},
        {.kind = RIG_OUTCOME,
         .outcome = OUT_RETRY_LATER,
         .scope = SCOPE_REMOTE,
         .code = "http.503"},
        {.kind = RIG_OUTCOME, .outcome = OUT_RETRY_SOON, .scope = SCOPE_REMOTE, .code = "http.429"},
        {.kind = RIG_OUTCOME,
         .outcome = OUT_NOT_TRIED,
         .scope = SCOPE_REMOTE,
         .code = "http.connect"},
        {.kind = RIG_OUTCOME,
         .outcome = OUT_CONFLICT,
         .scope = SCOPE_ITEM,
         .code = "ErrorIrresolvableConflict"},
        {.kind = RIG_OUTCOME, .outcome = OUT_FOLDER_LOST, .code = "ErrorFolderNotFound"},
        {.kind = RIG_OUTCOME, .outcome = OUT_STOP, .scope = SCOPE_REMOTE, .code = "http.403"},
    };
    struct rig_fault f = all[kind % ARRAY_LEN(all)];
    f.items = c % 3;
    f.delay_ms = f.kind == RIG_FREEZE ? c % FREEZE_MAX_MS : c % LATE_MAX_MS;
    if (f.outcome && c % 3 == 0)
        f.after_ms = c % BUSY_MAX_MS;
    return f;
}

static struct rig_fault ledger_fault(uint32_t kind, uint32_t c)
{
    static const enum rig_fault_kind all[] = {RIG_STOP_BEFORE, RIG_STOP_AFTER, RIG_AWAY_BEFORE,
                                              RIG_AWAY_AFTER,  RIG_FENCE,      RIG_FREEZE};
    return (struct rig_fault){.kind = all[kind % ARRAY_LEN(all)], .delay_ms = c % FREEZE_MAX_MS};
}

static void arm(struct world *w, enum rig_port port, uint32_t after, struct rig_fault f)
{
    if (w->n_armed < WORLD_ARMED)
        w->armed[w->n_armed++] = (struct world_armed){port, after, f};
}

static void fault(struct world *w, const struct world_event *e)
{
    int64_t now = world_now(w);
    switch (e->kind) {
    case WORLD_ROWS_AWAY:
        w->rows_away_until = now + e->a;
        w->r->away_since = now;
        break;
    case WORLD_QUEUE_AWAY:
        w->queue_away_until = now + e->a;
        break;
    case WORLD_QUEUE_NEW:
        w->queue_lost_at = now;
        snprintf(w->queue_id, sizeof(w->queue_id), "queue-%u", ++w->queues);
        break;
    case WORLD_MESSAGE:
        w->message.left = e->a;
        w->message.how = e->b % 3 + 1;
        break;
    case WORLD_STORE_FAULT:
        arm(w, RIG_STORE, e->a, store_fault(e->b, e->c));
        break;
    default:
        arm(w, RIG_LEDGER, e->a, ledger_fault(e->b, e->c));
    }
}

/* ---- */

static void wait_ms(struct world *w, uint32_t ms)
{
    if (w->pg && ms > PG_WAIT_MS)
        ms = PG_WAIT_MS;
    w->r->tick_ms = ms > LONG_WAIT_MS ? LONG_TICK_MS : TICK_MS;
    rig_run(w->r, ms);
    w->r->tick_ms = TICK_MS;
}

void world_do(struct world *w, const struct world_event *e)
{
    if (e->kind == WORLD_WAIT)
        wait_ms(w, e->a);
    else if (e->kind <= WORLD_ADDRESS)
        in_church(w, e);
    else if (e->kind <= WORLD_KEEP)
        choose(w, e);
    else if (e->kind <= WORLD_RUN_UNREAD)
        run(w, e);
    else if (e->kind == WORLD_APPROVE)
        world_approve(w);
    else if (e->kind <= WORLD_USER_COPIES || e->kind == WORLD_USER_PICTURE)
        hand(w, e);
    else if (e->kind == WORLD_NEW_FOLDER)
        new_folder(w, e);
    else if (e->kind <= WORLD_SKEW)
        worker(w, e);
    else if (e->kind >= WORLD_PICTURE)
        world_picture_event(w, e);
    else
        fault(w, e);
}
