#include "common/core/lava/lava_known.h"

#include <string.h>

static const struct known {
    const char *p;
    size_t n;
} known[LAVA_KNOWN_COUNT] = {{"", 0},
#define X(word) {#word, sizeof(#word) - 1},
                             LAVA_KNOWN_NAMES(X)
#undef X
};

uint16_t lava_known_find(const char *p, size_t n)
{
    size_t low = 1, high = LAVA_KNOWN_COUNT;

    while (low < high) {
        size_t mid = (low + high) / 2;
        size_t common = known[mid].n < n ? known[mid].n : n;
        int order = memcmp(known[mid].p, p, common);
        if (order == 0)
            order = (known[mid].n > n) - (known[mid].n < n);
        if (order == 0)
            return (uint16_t)mid;
        if (order < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return LAVA_KNOWN_NONE;
}

const char *lava_known_text(uint16_t id)
{
    return id < LAVA_KNOWN_COUNT ? known[id].p : "";
}
