#include <criterion/criterion.h>
#include <stdlib.h>

#include "common/base/str.h"

#include "common/core/message.h"
#include "tests/unit/core_support.h"

#define ID "7c0e6a52-3f0b-4c39-9a53-0d6a3f1f1b11"
#define A_TASK                                                                                     \
    "{\"v\":1,\"id\":\"" ID                                                                        \
    "\",\"op\":\"upsert\",\"mailbox\":12,\"person\":812,\"gen\":3,\"at\":1795392000000}"

static struct task a_task(void)
{
    struct task t = {
        .op = TASK_UPSERT, .mailbox = 12, .person = 812, .gen = 3, .at_ms = 1795392000000};
    cr_assert(guid_parse(ID, &t.id));
    return t;
}

static bool same(const struct task *x, const struct task *y)
{
    return guid_cmp(&x->id, &y->id) == 0 && x->op == y->op && x->mailbox == y->mailbox &&
           x->person == y->person && x->gen == y->gen && x->at_ms == y->at_ms;
}

/* Decodes a copy of exactly n bytes, so that a sanitizer sees one byte too many. */
static int decode(const char *p, size_t n, struct task *ret, struct err *err)
{
    autofree char *copy = malloc(n ? n : 1);
    memcpy(copy, p, n);
    return task_decode(copy, n, ret, err);
}

Test(message, has_the_bytes_that_the_schema_documents)
{
    autovalue(str_release) struct str s;
    struct task t = a_task();
    str_init(&s, TASK_MAX_BYTES);
    task_encode(&t, &s);
    cr_expect_str_eq(s.p, A_TASK);
}

Test(message, idempotency_key_is_mailbox_person_generation)
{
    autovalue(str_release) struct str s;
    struct task t = a_task();
    str_init(&s, 100);
    task_idem_key(&t, &s);
    cr_expect_str_eq(s.p, "12:812:3");
}

Test(message, decoding_gives_back_what_was_encoded)
{
    uint64_t seed = 7;
    for (int i = 0; i < 20000; i++) {
        autovalue(str_release) struct str s;
        struct err err;
        struct task t = {.op = (enum task_op)rnd_below(&seed, TASK_PHOTO + 1),
                         .mailbox = 1 + (int64_t)(rnd(&seed) >> (11 + rnd_below(&seed, 52))) %
                                            TASK_MAX_INT},
                    back;
        t.person = t.op <= TASK_DELETE ? 1 + (int64_t)(rnd(&seed) >> 12) : 0;
        t.gen = (int64_t)(rnd(&seed) >> (11 + rnd_below(&seed, 53)));
        t.at_ms = (int64_t)(rnd(&seed) >> 20);
        for (size_t b = 0; b < 16; b++)
            t.id.b[b] = (uint8_t)rnd(&seed);
        str_init(&s, TASK_MAX_BYTES);
        task_encode(&t, &s);
        cr_assert_eq(decode(s.p, s.n, &back, &err), 0, "%s", s.p);
        cr_assert(same(&t, &back), "%s", s.p);
    }
}

Test(message, a_newer_version_is_told_from_bytes_that_are_no_task)
{
    static const struct {
        const char *text, *code;
    } cases[] = {
        {"{\"v\":2}", "message.version"},
        {"{\"v\":2,\"op\":\"sing\",\"mailbox\":\"x\"}", "message.version"},
        {"{\"op\":7,\"v\":0}", "message.version"},
        {"{\"v\":2", "message.bytes"},
        {"{\"v\":\"2\"}", "message.bytes"},
        {"{}", "message.bytes"},
        {"", "message.bytes"},
        {"\x00\xff\x13garbage", "message.bytes"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct task t = a_task();
        struct err err;
        cr_expect_eq(decode(cases[i].text, strlen(cases[i].text), &t, &err), -1, "%s",
                     cases[i].text);
        cr_expect_str_eq(err.code, cases[i].code, "%s: %s", cases[i].text, err.text);
        struct task untouched = a_task();
        cr_expect(same(&t, &untouched), "a failure must not touch the result");
    }
}

Test(message, the_error_names_the_field_and_holds_nothing_of_the_message)
{
    static const struct {
        const char *text, *want;
    } cases[] = {
        {"{\"v\":1,\"id\":\"secret\"}", "message lacks op"},
        {"{\"v\":1,\"id\":\"" ID
         "\",\"op\":\"upsert\",\"mailbox\":-5,\"person\":1,\"gen\":1,\"at\":1}",
         "message has a bad mailbox"},
        {"{\"v\":1,\"id\":\"" ID
         "\",\"op\":\"probe\",\"mailbox\":5,\"person\":1,\"gen\":1,\"at\":1}",
         "message has a bad person"},
        {"{\"v\":1,\"secret\"}", "message wants a colon"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct task t;
        struct err err;
        cr_expect_eq(decode(cases[i].text, strlen(cases[i].text), &t, &err), -1);
        cr_expect_str_eq(err.text, cases[i].want);
    }
}

Test(message, every_truncation_is_refused)
{
    struct task t;
    struct err err;
    for (size_t n = 0; n < strlen(A_TASK); n++) {
        cr_expect_eq(decode(A_TASK, n, &t, &err), -1, "%zu bytes", n);
        cr_expect_str_eq(err.code, "message.bytes");
    }
    cr_expect_eq(decode(A_TASK, strlen(A_TASK), &t, &err), 0);
}

/* A flipped bit may leave a valid task (another digit); then encoding and decoding agree. */
Test(message, a_flipped_bit_never_crashes_and_never_gives_an_invalid_task)
{
    static const char text[] =
        "{\"v\":1,\"x\":{\"a\":[1,-2.5e3,\"\\u00e4\\ud83d\\ude00\\n\",true,null]},\"id\":\"" ID
        "\",\"op\":\"delete\",\"mailbox\":12,\"person\":812,\"gen\":3,\"at\":1795392000000}";
    int taken = 0;
    for (size_t bit = 0; bit < 8 * (sizeof(text) - 1); bit++) {
        char flipped[sizeof(text)];
        struct task t, back;
        struct err err;
        memcpy(flipped, text, sizeof(text));
        flipped[bit / 8] = (char)(flipped[bit / 8] ^ 1 << bit % 8);
        if (decode(flipped, sizeof(text) - 1, &t, &err) < 0)
            continue;
        autovalue(str_release) struct str s;
        str_init(&s, TASK_MAX_BYTES);
        task_encode(&t, &s);
        cr_expect_eq(decode(s.p, s.n, &back, &err), 0);
        cr_expect(same(&t, &back));
        taken++;
    }
    cr_expect_gt(taken, 0);
}

Test(message, random_bytes_are_refused)
{
    uint64_t seed = 11;
    static const char alphabet[] = "{}[]\",:0123456789.eE+-\\u truefalsnv";
    for (int i = 0; i < 50000; i++) {
        char text[64];
        struct task t;
        struct err err;
        size_t n = rnd_below(&seed, sizeof(text));
        for (size_t k = 0; k < n; k++)
            text[k] = alphabet[rnd_below(&seed, sizeof(alphabet) - 1)];
        cr_assert_eq(decode(text, n, &t, &err), -1);
    }
}

Test(message, too_many_bytes_are_refused_unread)
{
    static char text[TASK_MAX_BYTES + 1];
    struct task t;
    struct err err;
    memset(text, ' ', sizeof(text));
    memcpy(text, A_TASK, strlen(A_TASK));
    cr_expect_eq(decode(text, TASK_MAX_BYTES, &t, &err), 0);
    cr_expect_eq(decode(text, TASK_MAX_BYTES + 1, &t, &err), -1);
}
