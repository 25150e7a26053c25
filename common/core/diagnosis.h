/*
 * diagnosis: what an error means to the person who has to mend it, and what that person does.
 * Pure; one table, by the codes of the drivers.
 *
 * Texts may hold {user}, {mailbox}, {host} and {url} of the facts. Where a right is missing the
 * remedy is the line for the Exchange Management Shell that grants it.
 * @source  reference/ews.md sections 3, 4, 11 and 12; reference/rock.md section 14;
 *          reference/platform.md section 3
 */
#ifndef SYNC_CORE_DIAGNOSIS_H
#define SYNC_CORE_DIAGNOSIS_H

#include "common/base/err.h"
#include "common/base/str.h"

struct diagnosis_facts { /* NULL where there is none: the text then says "?" */
    const char *user, *mailbox, *host, *url;
};

/*
 * Appends what is wrong and what to do. A code that the table does not know: the error's own text,
 * and no remedy.
 */
void diagnosis_of(const struct err *err,
                  const struct diagnosis_facts *facts,
                  struct str *problem,
                  struct str *remedy);

extern const char diagnosis_online[]; /* what is to be said of an endpoint of Exchange Online */

#endif
