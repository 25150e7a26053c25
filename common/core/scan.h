/*
 * scan: strict JSON, read token by token without allocation. For the wire forms that anybody may
 * send us (message, prefs).
 *
 * One dialect for all of them: RFC 8259 in valid UTF-8, containers at most SCAN_MAX_DEPTH deep, no
 * NUL and no lone surrogate in a string. Numbers are exact: 1, 1.0 and 1e0 are the same integer, as
 * JSON Schema says. The first error sticks in the scanner: readers go on with zero values and look
 * at scan_failed once.
 *
 *   scan_init(&s, p, n);
 *   for (struct scan_seq o = scan_object(&s); scan_next_key(&s, &o, key, sizeof(key));) ... read or
 * skip one value ... if (!scan_end(&s)) ...
 */
#ifndef SYNC_CORE_SCAN_H
#define SYNC_CORE_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SCAN_MAX_DEPTH 16

struct scan {
    const char *start, *p, *end;
    unsigned depth;
    const char *why; /* NULL until something failed; static text without input in it */
};

struct scan_seq { /* one open object or array */
    bool open, any;
};

void scan_init(struct scan *s, const char *p, size_t n); /* borrows p */
static inline bool scan_failed(const struct scan *s)
{
    return s->why != NULL;
}
size_t scan_offset(const struct scan *s); /* bytes read: where it failed */
/* Only blanks are left and nothing failed. */
bool scan_end(struct scan *s);

/* What value comes next: '{' '[' '"' 't' (true or false) 'n' '0' (number), 0 at the end or for
 * anything else. */
char scan_peek(struct scan *s);
struct scan_seq scan_object(struct scan *s);
struct scan_seq scan_array(struct scan *s);
/* Reads the next key, unescaped; a key that does not fit is given as "" (no caller knows such a
 * key). False at the end of the object. */
bool scan_next_key(struct scan *s, struct scan_seq *o, char *key, size_t size);
bool scan_next_item(struct scan *s, struct scan_seq *a); /* false at the end of the array */
void scan_skip(struct scan *s);                          /* one value of any kind, checked */

/*
 * Typed values. False when the value is of another type, does not fit (string: size with NUL;
 * integer: min..max) or is broken; a value that is merely unfit is passed over and does not fail
 * the scanner, so that the whole text is still judged.
 */
bool scan_string(struct scan *s, char *buf, size_t size);
bool scan_int(struct scan *s, int64_t min, int64_t max, int64_t *ret);
bool scan_bool(struct scan *s, bool *ret);

#endif
