/*
 * sx_search: restrictions and sort orders of FindItem and FindFolder.
 *
 * IsEqualTo compares texts exactly, case included; dates as instants. Body, attachments, Companies
 * and what the server computes cannot be searched (ErrorUnsupportedPathForQuery).
 */
#ifndef SYNC_SIM_SX_SEARCH_H
#define SYNC_SIM_SX_SEARCH_H

#include "tests/sim/exchange/sx_path.h"

struct sx_item;
struct sx_folder;
struct sx_search; /* lives in the arena it was read into */

/* Reads a Restriction element. NULL with *fail. */
struct sx_search *sx_search_read(const xmlNode *restriction, struct arena *a, struct sx_fail *fail);
bool sx_search_item(const struct sx_search *s, const struct sx_item *it, struct arena *a);
bool sx_search_folder(const struct sx_search *s, const struct sx_folder *f, struct arena *a);

/* Sorts items by a SortOrder element (NULL: by serial, oldest first). False with *fail. */
bool sx_sort(
    struct sx_item **items, size_t n, const xmlNode *order, struct arena *a, struct sx_fail *fail);

#endif
