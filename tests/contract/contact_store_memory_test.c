#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <string.h>

#include "tests/contract/contact_store_contract.c"
#include "tests/contract/memory_host.h"

ParameterizedTestParameters(contact_store_memory, keeps_the_contract)
{
    return contract_indexes();
}
ParameterizedTest(size_t *i, contact_store_memory, keeps_the_contract)
{
    autoptr(loop_free) struct loop *l = loop_new(clock_real());
    struct contract_host h;
    open_host(&h, l);
    keep = arena_new("contract", (size_t)64 << 20);
    contact_store_contract[*i].run(&h);
    contact_store_free(h.store);
    arena_free(keep);
}

/* ---- what is the memory store's own ---- */

Test(contact_store_memory, answers_after_its_latency_on_the_clock_it_is_given)
{
    struct clock_fake clock;
    struct store_mailbox mb = {.id = 1, .address = "a@church.example"};
    struct applied a = {0};
    struct store_op op = an_op(1, &small);
    keep = arena_new("test", 1 << 20);
    clock_fake_init(&clock, 1000000);
    struct loop *l = loop_new(&clock.clock);
    struct memory_store *m =
        memory_store_new(l, &(struct memory_options){.latency_ms = 500, .any_mailbox = true});
    struct contact_store *s = memory_store_port(m);
    s->ops->apply(s, &mb, STORE_CREATE, &op, 1, 1000, on_applied, &a);
    while (loop_turn(l, 0) > 0)
        ;
    cr_expect_not(a.done);
    cr_expect_not_null(memory_store_by_key(m, mb.address, &op.key)); /* done, not yet answered */
    clock_fake_advance(&clock, 500);
    loop_turn(l, 0);
    cr_expect(a.done);
    cr_expect_eq(memory_store_stats(m).items[STORE_CREATE], 1u);
    contact_store_free(s);
    loop_free(l);
    arena_free(keep);
}

Test(contact_store_memory, shows_doubles_touched_strangers_and_new_folders)
{
    autoptr(loop_free) struct loop *l = loop_new(clock_real());
    struct contract_host h;
    open_host(&h, l);
    keep = arena_new("test", 1 << 20);
    struct memory_store *m = h.state;
    struct store_op one = created(&h, 1, &small, "");
    memory_store_add(m, "other@church.example");
    memory_store_alias(m, "other@church.example", "alias@church.example");
    memory_store_user_copies(m, h.address, one.item_id, "alias@church.example");
    cr_expect_eq(memory_store_doubles(m), 0u); /* one in each mailbox */
    memory_store_user_copies(m, h.address, one.item_id, h.address);
    cr_expect_eq(memory_store_doubles(m), 1u);
    autofree char *foreign = user_adds(&h, "Own");
    struct store_op wrong = one;
    wrong.item_id = foreign;
    cr_expect_eq(memory_store_foreign_touched(m), 0u);
    apply_ops(&h, STORE_DELETE, &wrong, 1);
    cr_expect_eq(memory_store_foreign_touched(m), 1u);
    struct store_mailbox mb = mailbox(&h);
    const char *was = identify(&h, &mb).folder_id;
    memory_store_new_folder(m, h.address, false);
    cr_expect_str_neq(identify(&h, &mb).folder_id, was);
    cr_expect_eq(h.count(&h), 0u);
    contact_store_free(h.store);
    arena_free(keep);
}
