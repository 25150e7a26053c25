/*
 * text: Unicode text from outside made safe: valid UTF-8, NFC, no control characters, bounded.
 */
#ifndef SYNC_BASE_TEXT_H
#define SYNC_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

struct arena;

bool text_is_utf8(const char *s, size_t n);
/*
 * Cleans one line of text: invalid sequences and characters that XML 1.0 forbids become U+FFFD,
 * control characters and line breaks a blank (LF is kept when multiline, CRLF and CR become LF),
 * result in NFC, trimmed at both ends, cut at max_bytes on a character boundary. NULL and "nothing
 * left" give NULL. Result lives in a. Takes time in proportion to n at most: after 30 combining
 * marks in a row a COMBINING GRAPHEME JOINER goes in.
 * @source XML 1.0 section 2.2 (Char); UAX #15 section 13 (Stream-Safe Text Format)
 */
const char *text_clean(struct arena *a, const char *s, size_t n, size_t max_bytes, bool multiline);
/* Case-insensitive comparison key of clean text: NFKC_Casefold. NULL gives NULL. */
const char *text_fold(struct arena *a, const char *s);
/*
 * Bytes of the longest prefix of s[0..n) that is at most max bytes and ends on a character
 * boundary.
 */
size_t text_cut(const char *s, size_t n, size_t max);

#endif
