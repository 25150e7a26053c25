/*
 * expand: directory + choices of one user -> the people their mailbox should hold, each with the
 * reasons (categories).
 *
 * Pure; not thread safe. One struct expander serves all mailboxes of a run: it interns category
 * sets (one number per distinct set, at most EXPAND_MAX_SETS) and reuses its scratch, so the cost
 * is one pass over the members of the chosen lists plus one pass over a bitmap of people. The
 * two halves of a link's state (common/core/contact.h) are kept per person and per set.
 */
#ifndef SYNC_CORE_EXPAND_H
#define SYNC_CORE_EXPAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/cleanup.h"
#include "common/base/digest.h"
#include "common/base/err.h"

#include "common/core/diff.h"
#include "common/core/directory.h"
#include "common/core/prefs.h"

#define EXPAND_MAX_SETS      (1u << 20)
#define EXPAND_MAX_SET_BYTES (64u << 20) /* their names together */
#define EXPAND_CATEGORY_MAX  255         /* bytes of one name */

struct expand_rules {
    bool skip_self;
    bool exclude_children;
    bool categories; /* off: every link has the empty set */
};

struct wanted {       /* one person a mailbox should hold */
    uint32_t person;  /* index into directory->people */
    uint32_t cat_set; /* id for expander_cats */
};

struct expander;

struct expander *expander_new(const struct directory *d,
                              const struct expand_rules *r); /* borrows both */
void expander_free(struct expander *x);
/*
 * Expands one user. Deceased and opted-out people never appear, children (age_class 2) do unless
 * the rules exclude them; a chosen group that is not usable, or is not in the directory,
 * contributes nobody.
 *
 * @user    of d->users
 * @ret     ascending by person; borrowed until the next call
 * @return  0; -1 SCOPE_PROCESS, code "expand.sets", when there are more than EXPAND_MAX_SETS
 * distinct category sets, or EXPAND_MAX_SET_BYTES of names
 */
int expander_run(struct expander *x,
                 const struct dir_user *user,
                 const struct prefs *p,
                 const struct wanted **ret,
                 size_t *ret_n,
                 struct err *err) must_check;
/*
 * Category names of a set: clean, `,` and `;` made blanks, sorted bytewise, joined by LF; "" for
 * none. Valid while x lives.
 *
 * Names equal but for case are one category for Exchange. Within one user's choices the first of
 * Following, Staff and the groups' names (bytewise) stands for all of them; what other users chose
 * does not matter. A group whose name is blank gives no category.
 */
const char *expander_cats(const struct expander *x, uint32_t cat_set);

/*
 * Link state hash (common/core/contact.h) of one wanted person.
 * @contents  content hash per person index
 */
void expander_state(const struct expander *x,
                    const struct wanted *w,
                    const struct sha256 *contents,
                    struct sha256 *ret);

/*
 * The diff's side of what a mailbox should hold, states included.
 *
 * @contents  content hash per person index
 * @rows      row id per person index; NULL: all 0
 * @ret       n of them; names live as long as x, states until the next call
 */
void expander_wants(struct expander *x,
                    const struct wanted *w,
                    size_t n,
                    const struct sha256 *contents,
                    const int64_t *rows,
                    struct diff_want *ret);

/*
 * Digest of what a mailbox should hold: SHA-256 over one version byte, the fingerprint, and the
 * link state hash (that is key, content hash and categories) of each wanted person in order.
 * @w          of expander_run: ascending by person
 * @contents   content hash per person index
 */
void expander_digest(const struct expander *x,
                     const struct wanted *w,
                     size_t n,
                     const struct sha256 *contents,
                     const struct sha256 *fingerprint,
                     struct sha256 *ret);
CLEANUP_DEFINE(struct expander, expander_free);

#endif
