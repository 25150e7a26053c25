#include "tests/sim/rock/photo.h"

#include "common/base/str.h"

#define SIDE   240 /* pixels; a multiple of the block size 8 */
#define BLOCKS (SIDE / 8 * SIDE / 8)

static void marker(struct str *out, unsigned char code, const void *p, size_t n)
{
    const unsigned char head[] = {0xFF, code, (unsigned char)((n + 2) >> 8),
                                  (unsigned char)(n + 2)};
    str_add(out, head, sizeof(head));
    str_add(out, p, n);
}

/*
 * Baseline JPEG, one component. DC codes: "0" no difference, "10" + 7 bits a difference of 64 to
 * 127. AC code: "0" end of block. So the first block sets the grey, every other one is two zero
 * bits.
 */
void photo_jpeg(const struct guid *guid, struct str *out)
{
    static const unsigned char soi[] = {0xFF, 0xD8}, eoi[] = {0xFF, 0xD9};
    static const unsigned char jfif[] = {'J', 'F', 'I', 'F', 0, 1, 1, 0, 0, 1, 0, 1, 0, 0};
    static const unsigned char frame[] = {8, SIDE >> 8, SIDE & 0xFF, SIDE >> 8, SIDE & 0xFF,
                                          1, 1,         0x11,        0};
    static const unsigned char dc[] = {0x00, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7};
    static const unsigned char ac[] = {0x10, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
    static const unsigned char scan[] = {1, 1, 0x00, 0, 63, 0};
    unsigned char quant[65] = {0};
    for (int i = 1; i < 65; i++)
        quant[i] = 8;
    char text[GUID_TEXT];
    guid_format(guid, text);
    str_add(out, soi, sizeof(soi));
    marker(out, 0xE0, jfif, sizeof(jfif));
    marker(out, 0xFE, text, GUID_TEXT - 1);
    marker(out, 0xDB, quant, sizeof(quant));
    marker(out, 0xC0, frame, sizeof(frame));
    marker(out, 0xC4, dc, sizeof(dc));
    marker(out, 0xC4, ac, sizeof(ac));
    marker(out, 0xDA, scan, sizeof(scan));
    unsigned magnitude =
        64 + guid->b[0] % 64; /* "10", 7 bits, "0" for the end of the first block */
    unsigned bits =
        (2u << 14) | (magnitude << 7); /* 16 bits; the last 6 begin the following blocks */
    str_putc(out, (char)(bits >> 8));
    str_putc(out, (char)bits);
    for (int done = 10 + 6, total = 10 + 2 * (BLOCKS - 1); done < total; done += 8) {
        int left = total - done;
        str_putc(out, left >= 8 ? '\0'
                                : (char)((1 << (8 - left)) - 1)); /* the end is padded with ones */
    }
    str_add(out, eoi, sizeof(eoi));
}
