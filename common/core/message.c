#include "common/core/message.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "common/base/str.h"

#include "common/core/scan.h"

static const char *const op_names[] = {[TASK_UPSERT] = "upsert",
                                       [TASK_DELETE] = "delete",
                                       [TASK_CLEAR] = "clear",
                                       [TASK_PROBE] = "probe",
                                       [TASK_PHOTO] = "photo"};

/* Known fields; the bit of each says that it was read. */
enum field { F_V, F_ID, F_OP, F_MAILBOX, F_PERSON, F_GEN, F_AT, F_COUNT };
static const char *const field_names[F_COUNT] = {"v", "id", "op", "mailbox", "person", "gen", "at"};
#define REQUIRED ((1u << F_COUNT) - 1 - (1u << F_PERSON))

struct reading {
    struct task task;
    int64_t version;
    unsigned seen;   /* bits of enum field */
    const char *bad; /* the first field whose value is refused, or what else is wrong; NULL */
};

static bool needs_person(enum task_op op)
{
    return op == TASK_UPSERT || op == TASK_DELETE;
}

void task_encode(const struct task *t, struct str *out)
{
    char id[GUID_TEXT];

    assert((size_t)t->op < ARRAY_LEN(op_names));
    assert(t->mailbox > 0 && t->mailbox <= TASK_MAX_INT);
    assert(needs_person(t->op) ? t->person > 0 && t->person <= TASK_MAX_INT : t->person == 0);
    assert(t->gen >= 0 && t->gen <= TASK_MAX_INT && t->at_ms >= 0 && t->at_ms <= TASK_MAX_INT);
    str_puts(out, "{\"v\":1,\"id\":\"");
    str_puts(out, guid_format(&t->id, id));
    str_puts(out, "\",\"op\":\"");
    str_puts(out, op_names[t->op]);
    str_puts(out, "\",\"mailbox\":");
    str_add_u64(out, (uint64_t)t->mailbox);
    str_puts(out, ",\"person\":");
    str_add_u64(out, (uint64_t)t->person);
    str_puts(out, ",\"gen\":");
    str_add_u64(out, (uint64_t)t->gen);
    str_puts(out, ",\"at\":");
    str_add_u64(out, (uint64_t)t->at_ms);
    str_putc(out, '}');
}

static bool read_op(struct scan *s, enum task_op *ret)
{
    char text[8];

    if (!scan_string(s, text, sizeof(text)))
        return false;
    for (size_t i = 0; i < ARRAY_LEN(op_names); i++) {
        if (strcmp(text, op_names[i]) == 0) {
            *ret = (enum task_op)i;
            return true;
        }
    }
    return false;
}

static bool read_id(struct scan *s, struct guid *ret)
{
    char text[GUID_TEXT];

    return scan_string(s, text, sizeof(text)) && guid_parse(text, ret);
}

static bool read_field(struct scan *s, enum field f, struct reading *r)
{
    switch (f) {
    case F_V:
        return scan_int(s, -TASK_MAX_INT, TASK_MAX_INT, &r->version);
    case F_ID:
        return read_id(s, &r->task.id);
    case F_OP:
        return read_op(s, &r->task.op);
    case F_MAILBOX:
        return scan_int(s, 1, TASK_MAX_INT, &r->task.mailbox);
    case F_PERSON:
        return scan_int(s, 0, TASK_MAX_INT, &r->task.person);
    case F_GEN:
        return scan_int(s, 0, TASK_MAX_INT, &r->task.gen);
    case F_AT:
        return scan_int(s, 0, TASK_MAX_INT, &r->task.at_ms);
    case F_COUNT:
        break;
    }
    return false;
}

static void read_member(struct scan *s, const char *key, struct reading *r)
{
    size_t f = 0;
    while (f < F_COUNT && strcmp(key, field_names[f]) != 0)
        f++;
    if (f == F_COUNT) {
        scan_skip(s);
        return;
    }
    bool twice = r->seen & (1u << f);
    r->seen |= 1u << f;
    if ((!read_field(s, (enum field)f, r) || twice) && !r->bad)
        r->bad = field_names[f];
}

static const char *missing(const struct reading *r)
{
    for (size_t f = 0; f < F_COUNT; f++) {
        if (REQUIRED & ~r->seen & (1u << f))
            return field_names[f];
    }
    return NULL;
}

static int refuse(struct err *err, const char *code, const char *what, const char *name)
{
    return err_set(err, SCOPE_ITEM, WHEN_NEVER, code, "message %s%s", what, name);
}

int task_decode(const char *p, size_t n, struct task *ret, struct err *err)
{
    struct reading r = {.version = 1};
    struct scan s;
    char key[16];

    if (n > TASK_MAX_BYTES)
        return refuse(err, "message.bytes", "is too long", "");
    scan_init(&s, p, n);
    for (struct scan_seq o = scan_object(&s); scan_next_key(&s, &o, key, sizeof(key));)
        read_member(&s, key, &r);
    if (!scan_end(&s))
        return refuse(err, "message.bytes", s.why, "");
    /* An unknown version may have other fields: it is told from bytes that are no task by its
     * number alone. */
    if (r.version != 1)
        return refuse(err, "message.version", "has an unknown version", "");
    if (missing(&r))
        return refuse(err, "message.bytes", "lacks ", missing(&r));
    if (r.bad)
        return refuse(err, "message.bytes", "has a bad ", r.bad);
    if (needs_person(r.task.op) != (r.task.person > 0))
        return refuse(err, "message.bytes", "has a bad ", "person");
    *ret = r.task;
    return 0;
}

void task_idem_key(const struct task *t, struct str *out)
{
    str_addf(out, "%" PRId64 ":%" PRId64 ":%" PRId64, t->mailbox, t->person, t->gen);
}
