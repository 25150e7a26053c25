/* ledger_contract: all cases, for the test program that includes this file. See ledger_contract.h.
 */
#include "tests/contract/ledger_contract_calls.c"
#include "tests/contract/ledger_contract_lease.c"
#include "tests/contract/ledger_contract_mailbox.c"
#include "tests/contract/ledger_contract_photo.c"
#include "tests/contract/ledger_contract_rows.c"
