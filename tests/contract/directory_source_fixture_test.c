#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "producer/fixture/fixture_source.h"
#include "tests/contract/directory_source_contract.c"

static const char town[] = "tests/contract/town.json";

ParameterizedTestParameters(directory_source_fixture, keeps_the_contract)
{
    return contract_indexes();
}
ParameterizedTest(size_t *i, directory_source_fixture, keeps_the_contract)
{
    struct directory_source *s = NULL;
    struct err err;

    cr_assert(fixture_source_new(town, &s, &err) == 0, "%s", err.text);
    directory_source_contract[*i].run(s);
    directory_source_free(s);
}
