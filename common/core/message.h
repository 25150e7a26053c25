/*
 * message: contact-task.v1 (schemas/contact-task.v1.json), the message "this link may be dirty,
 * generation g".
 *
 * {"v":1,"id":"<guid>","op":"upsert","mailbox":12,"person":812,"gen":3,"at":1795392000000}
 * upsert and delete need a person; clear, probe and photo have none (absent or 0). Integers are at
 * most TASK_MAX_INT: what every JSON reader holds exactly. Ids only, nothing personal. op is what
 * the planner meant; the rows decide. Unknown fields are ignored; unknown versions and bytes that
 * are no task are errors (code "message.version", "message.bytes") and belong to the dead topic.
 */
#ifndef SYNC_CORE_MESSAGE_H
#define SYNC_CORE_MESSAGE_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"
#include "common/base/guid.h"

struct str;

enum task_op { TASK_UPSERT, TASK_DELETE, TASK_CLEAR, TASK_PROBE, TASK_PHOTO };

struct task {
    struct guid id; /* of the message */
    enum task_op op;
    int64_t mailbox; /* row id, > 0 */
    int64_t person;  /* row id; 0 for clear, probe and photo */
    int64_t gen;     /* the mailbox's plan generation when it was published, >= 0 */
    int64_t at_ms;   /* wall clock of publishing */
};

#define TASK_MAX_BYTES 4096
#define TASK_MAX_INT   9007199254740991 /* 2^53 - 1 */

void task_encode(const struct task *t, struct str *out); /* appends; t must be valid (asserted) */
/*
 * Reads one message. The whole text is checked, unknown fields too (common/core/scan.h); a known
 * field that stands there twice is refused. No allocation: 50,000 messages a second a core must
 * pass (design section 9).
 *
 * @return  0; -1 SCOPE_ITEM, WHEN_NEVER; the text says what is wrong and holds nothing of the
 * message
 */
int task_decode(const char *p, size_t n, struct task *ret, struct err *err) must_check;
/* Idempotency key "mailbox:person:gen". */
void task_idem_key(const struct task *t, struct str *out);

#endif
