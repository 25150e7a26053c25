#include "common/drv/endpoint_memory.h"
#include "tests/contract/endpoint_contract.h"

static void up(void)
{
    loop = loop_new(clock_real());
    cache = endpoint_memory_new(loop);
}

static void down(void)
{
    endpoint_cache_free(cache);
    loop_free(loop);
}

TestSuite(endpoint, .init = up, .fini = down, .timeout = 30);

Test(endpoint, broken_on_request)
{
    struct got g = {0};
    endpoint_memory_break(cache, true);
    cache->ops->put(cache, 1, "church.example", "https://a/", NULL, NULL, on_done, &g);
    cr_expect(wait_for(&g).failed);
    cr_expect(get(1, "church.example").failed);
    endpoint_memory_break(cache, false);
    expect(get(1, "church.example"), "-", "-", "-");
    cr_expect(endpoint_memory_calls(cache) == 3);
}
