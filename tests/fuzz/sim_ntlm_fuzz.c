/*
 * Any bytes as an NTLM message to the simulator: no crash, and a verdict. It is an instrument of
 * ours, but it listens, and what it reads are offsets and lengths of others. (That nobody gets in
 * is no claim for here: the fuzzer looks into the comparison and learns the proof.)
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/str.h"

#include "tests/sim/exchange/sx_ntlm.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t challenge[SX_NTLM_CHALLENGE] = {1, 2, 3, 4, 5, 6, 7, 8};
    autovalue(str_release) struct str out = STR_INIT(1 << 16);
    int type = sx_ntlm_type(data, size);

    assert(type == 0 || type == 1 || type == 3);
    if (type == 1) {
        sx_ntlm_challenge(&out, data, size, challenge, "CHURCH", "mail", INT64_C(1795400000000));
        assert(out.n > 40 && !out.over);
    }
    if (type == 3)
        assert(sx_ntlm_check(data, size, challenge, "pat", "CHURCH", "a word 7") <=
               SX_NTLM_MALFORMED);
    return 0;
}
