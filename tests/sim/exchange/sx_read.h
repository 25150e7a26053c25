/*
 * sx_read: a t:Contact element into a content, under the server's item rules.
 *
 * The order and spelling of elements is settled before (sx_check); what is judged here is what no
 * schema says: read-only properties, lengths, e-mail entries, dates before 1601, item class,
 * extended property rules.
 */
#ifndef SYNC_SIM_SX_READ_H
#define SYNC_SIM_SX_READ_H

#include "tests/sim/exchange/sx_path.h"
#include "tests/sim/exchange/sx_xml.h"

struct sx_content;

/* A whole contact of CreateItem. False with *fail. */
bool sx_read_contact(const xmlNode *contact,
                     struct arena *a,
                     struct sx_content *c,
                     struct sx_fail *fail);
/* One ItemChange's t:Updates, in the order given. False with *fail; c may then be half changed. */
bool sx_read_updates(const xmlNode *updates,
                     struct arena *a,
                     struct sx_content *c,
                     struct sx_fail *fail);
/* Lets the server build FileAs when FileAsMapping asks for it. */
void sx_build_file_as(struct sx_content *c);
/* One value under the rules of its field, for the control API too. */
bool sx_check_value(uint32_t code, const char *text, struct sx_fail *fail);

#endif
