/*
 * Any bytes as a contact's canonical form: no crash; whatever is taken is within its maxima, and
 * its own encoding is a fixed point.
 */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "common/base/arena.h"
#include "common/base/str.h"

#include "common/core/contact.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    autoptr(arena_free) struct arena *a = arena_new("contact", 1 << 20);
    autovalue(str_release) struct str s;
    struct contact c, back;
    struct err err;

    /* A control character of one byte is written with six. */
    str_init(&s, (size_t)6 * CONTACT_MAX_BYTES);
    if (contact_decode((const char *)data, size, a, &c, &err) < 0)
        return 0;
    for (size_t i = 0; i < CONTACT_FIELD_COUNT; i++)
        assert(!c.f[i] || (*c.f[i] && strlen(c.f[i]) <= contact_field_max((enum contact_field)i)));
    contact_encode(&c, &s);
    if (s.n > CONTACT_MAX_BYTES)
        return 0;
    int r = contact_decode(s.p, s.n, a, &back, &err);
    assert(r == 0 && contact_changed(&c, &back) == 0);
    return 0;
}
