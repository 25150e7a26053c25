/* ledger_memory against the contract, and its faults. */
#include "common/drv/ledger_memory.h"
#include "tests/contract/ledger_contract.c"

static struct clock_fake clock_;
static struct ledger_memory_rows *rows;
static struct loop *loop;
static struct ledger *ledgers[2];

void fx_setup(void)
{
    clock_fake_init(&clock_, 1764000000000);
    loop = loop_new(&clock_.clock);
    rows = ledger_memory_rows_new(&clock_.clock);
    for (int i = 0; i < 2; i++)
        ledgers[i] = ledger_memory_new(rows, loop);
}

void fx_teardown(void)
{
    for (int i = 0; i < 2; i++)
        ledger_free(ledgers[i]);
    ledger_memory_rows_free(rows);
    loop_free(loop);
}

struct loop *fx_loop(void)
{
    return loop;
}

struct ledger *fx_ledger(int i)
{
    return ledgers[i];
}

void fx_free_ledger(int i)
{
    ledger_free(steal(ledgers[i]));
}

int64_t fx_mailbox(const char *address)
{
    struct ledger_memory_mailbox *mb = ledger_memory_mailbox_add(rows, address);
    mb->planned = true;
    return mb->id;
}

int64_t fx_person(const struct guid *key)
{
    return ledger_memory_person(rows, key);
}

void fx_want(int64_t mailbox, int64_t p, const char *body, const char *cats)
{
    ledger_memory_want(rows, mailbox, p, body, cats);
}

void fx_set(int64_t mailbox, int64_t p, enum fx_set what, int64_t value)
{
    struct ledger_memory_link *l = ledger_memory_link(rows, mailbox, p);
    switch (what) {
    case FX_STATE:
        l->state = (enum link_state)value;
        break;
    case FX_HELD:
        l->held = value;
        break;
    case FX_URGENT:
        l->urgent = value;
        break;
    case FX_RUN:
        l->run = value;
        break;
    }
}

int64_t fx_get(int64_t mailbox, int64_t p, enum fx_get what)
{
    size_t n, count = 0;
    int64_t run = 0;
    const struct ledger_memory_entry *e = ledger_memory_journal(rows, &n);
    for (size_t i = 0; i < n; i++) {
        if (e[i].mailbox == mailbox && e[i].person == p) {
            count++;
            run = e[i].run;
        }
    }
    switch (what) {
    case FX_JOURNAL_ROWS:
        return (int64_t)count;
    case FX_JOURNAL_RUN:
        return run;
    case FX_IS_URGENT:
        return ledger_memory_link(rows, mailbox, p)->urgent;
    case FX_PLANNED:
        return ledger_memory_mailbox(rows, mailbox)->planned;
    case FX_STATE_NOW:
        return ledger_memory_link(rows, mailbox, p)->state;
    }
    return -1;
}

void fx_pass(int64_t ms)
{
    clock_fake_advance(&clock_, ms);
}

void fx_clear(int64_t mailbox)
{
    ledger_memory_mailbox(rows, mailbox)->clear = true;
}

void fx_photo(int64_t person_id, const char *jpeg, size_t len)
{
    ledger_memory_photo(rows, person_id, jpeg, len);
}

void fx_restore(void)
{
    ++*ledger_memory_generation(rows);
}

void fx_break(void)
{
    ledger_memory_faults(ledgers[0])->away = 1;
}

/* ---- faults ---- */

CASE(an_answer_can_be_lost_after_the_effect)
{
    struct ledger_lease lease = taken();
    wanted(1, ANN);
    struct ledger_memory_faults *f = ledger_memory_faults(ledgers[0]);
    *f = (struct ledger_memory_faults){.skip = 1, .away = 1, .after_effect = true};
    struct ledger_intent in = intent(INTENT_CREATE, 1, ANN);
    cr_expect(eq(sz, load(lease, 10)->n, 1));
    cr_expect(eq(int, flight(lease, &in, 1), LEDGER_AWAY));
    cr_expect(eq(int, flight(lease, &in, 1), LEDGER_CONFLICT), "the first one took effect");
    cr_expect(eq(u32, f->calls, 3));
}

CASE(a_call_can_be_lost_before_its_effect)
{
    struct ledger_lease lease = taken();
    wanted(1, ANN);
    ledger_memory_faults(ledgers[0])->away = 1;
    struct ledger_intent in = intent(INTENT_CREATE, 1, ANN);
    cr_expect(eq(int, flight(lease, &in, 1), LEDGER_AWAY));
    cr_expect(eq(int, flight(lease, &in, 1), LEDGER_OK));
}

CASE(answers_can_be_slow)
{
    struct ledger_lease lease = taken();
    ledger_memory_faults(ledgers[0])->delay_ms = 500;
    struct answer *a = answer_new();
    ledgers[0]->ops->renew(ledgers[0], lease, TTL, on_done, a);
    loop_turn(loop, 0);
    cr_expect(a->done == false);
    clock_fake_advance(&clock_, 500);
    loop_turn(loop, 0);
    cr_expect(a->done == true);
}

CASE(another_worker_is_simulated_by_the_epoch)
{
    struct ledger_lease lease = taken();
    ledger_memory_mailbox(rows, box)->lease_epoch++;
    cr_expect(eq(int, renew(lease), LEDGER_FENCED));
}
