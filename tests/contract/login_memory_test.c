/* login_memory against the contract. */
#include "common/drv/login_memory.h"
#include "tests/contract/login_contract.h"

static void set_up(void)
{
    loop = loop_new(clock_real());
    logins[0] = logins[1] = login_memory_new(loop);
}

static void tear_down(void)
{
    login_free(logins[0]);
    loop_free(loop);
}

static void resume_all(void)
{
    login_memory_resume(logins[0]);
}

TestSuite(login, .init = set_up, .fini = tear_down, .timeout = 60);
