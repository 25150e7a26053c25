/* The Rock driver on the town of the contract. */
#include "tests/contract/directory_source_contract.c"
#include "tests/contract/rock_rig.h"
#include "tests/contract/rock_town.c"

static struct rock_rig rig;

static void open_town(void)
{
    static const char *const settings[] = {"opt_out_attribute=donotsync", NULL};
    const struct sim_rock_options o = {.church = build_town()};

    rock_rig_open(&rig, &o, settings);
}

static void close_town(void)
{
    rock_rig_close(&rig);
}

ParameterizedTestParameters(directory_source_rock, keeps_the_contract)
{
    return contract_indexes();
}
ParameterizedTest(size_t *i,
                  directory_source_rock,
                  keeps_the_contract,
                  .init = open_town,
                  .fini = close_town,
                  .timeout = 60)
{
    directory_source_contract[*i].run(rig.source);
}
