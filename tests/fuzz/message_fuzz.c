/*
 * Any bytes as contact-task.v1: no crash; and whatever is taken comes back the same from its own
 * encoding.
 */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "common/base/str.h"

#include "common/core/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    autovalue(str_release) struct str s;
    struct task t, back;
    struct err err;

    str_init(&s, TASK_MAX_BYTES);
    if (task_decode((const char *)data, size, &t, &err) < 0)
        return 0;
    task_encode(&t, &s);
    int r = task_decode(s.p, s.n, &back, &err);
    assert(r == 0);
    assert(guid_cmp(&t.id, &back.id) == 0 && t.op == back.op && t.mailbox == back.mailbox);
    assert(t.person == back.person && t.gen == back.gen && t.at_ms == back.at_ms);
    return 0;
}
