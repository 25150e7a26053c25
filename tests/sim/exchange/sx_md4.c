#include <string.h>

#include "tests/sim/exchange/sx_ntlm.h"

static uint32_t rotate(uint32_t v, unsigned n)
{
    return v << n | v >> (32 - n);
}

static uint32_t mix(int round, uint32_t x, uint32_t y, uint32_t z)
{
    if (round == 0)
        return (x & y) | (~x & z);
    return round == 1 ? (x & y) | (x & z) | (y & z) : x ^ y ^ z;
}

static void block(uint32_t h[4], const uint8_t *p)
{
    static const uint32_t plus[3] = {0, 0x5a827999, 0x6ed9eba1};
    static const uint8_t by[3][4] = {{3, 7, 11, 19}, {3, 5, 9, 13}, {3, 9, 11, 15}};
    static const uint8_t order[3][16] = {
        {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
        {0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15},
        {0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15},
    };
    uint32_t x[16], v[4];
    for (size_t i = 0; i < 16; i++)
        x[i] = (uint32_t)p[4 * i] | (uint32_t)p[4 * i + 1] << 8 | (uint32_t)p[4 * i + 2] << 16 |
               (uint32_t)p[4 * i + 3] << 24;
    memcpy(v, h, sizeof(v));
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < 16; i++) {
            uint32_t *a = &v[(16 - i) % 4];
            uint32_t b = v[(17 - i) % 4], c = v[(18 - i) % 4], d = v[(19 - i) % 4];
            *a = rotate(*a + mix(round, b, c, d) + x[order[round][i]] + plus[round],
                        by[round][i % 4]);
        }
    }
    for (size_t i = 0; i < 4; i++)
        h[i] += v[i];
}

void sx_md4(const void *p, size_t n, uint8_t ret[16])
{
    uint32_t h[4] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476};
    const uint8_t *in = p;
    uint8_t last[128] = {0};
    size_t left = n % 64;
    for (size_t i = 0; i + 64 <= n; i += 64)
        block(h, in + i);
    if (left)
        memcpy(last, in + n - left, left);
    last[left] = 0x80;
    size_t size = left < 56 ? 64 : 128;
    for (size_t i = 0; i < 8; i++)
        last[size - 8 + i] = (uint8_t)((uint64_t)n * 8 >> (8 * i));
    for (size_t i = 0; i < size; i += 64)
        block(h, last + i);
    for (size_t i = 0; i < 16; i++)
        ret[i] = (uint8_t)(h[i / 4] >> (8 * (i % 4)));
}
