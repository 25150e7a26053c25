/* sx_fault_field: a fault that wants the items that carry a certain field (sx_fault.h, field). */
#ifndef SYNC_SIM_SX_FAULT_FIELD_H
#define SYNC_SIM_SX_FAULT_FIELD_H

#include "tests/sim/exchange/sx_fault.h"
#include "tests/sim/exchange/sx_xml.h"

/* item: a contact to be created, or an ItemChange. Names the field in fail's MessageXml. */
bool sx_fault_field(const struct sx_hit *hit, const xmlNode *item, struct sx_fail *fail);

#endif
