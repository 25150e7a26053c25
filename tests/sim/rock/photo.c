#include "tests/sim/rock/photo.h"

#include "common/base/str.h"

#include "tests/sim/rock/church.h"

#define SIDE   240 /* pixels; a multiple of the block size 8 */
#define BLOCKS (SIDE / 8 * SIDE / 8)

static void marker(struct str *out, unsigned char code, const void *p, size_t n)
{
    const unsigned char head[] = {0xFF, code, (unsigned char)((n + 2) >> 8),
                                  (unsigned char)(n + 2)};
    str_add(out, head, sizeof(head));
    str_add(out, p, n);
}

enum { REST = 330, COMMENT_MAX = 65000 }; /* bytes: about what follows the comments; of one */

/* Comments of zeros until the picture will end about there. */
static void pad(struct str *out, size_t end)
{
    static const unsigned char zeros[COMMENT_MAX];
    while (out->n + REST + 4 < end) {
        size_t left = end - REST - 4 - out->n;
        marker(out, 0xFE, zeros, left < COMMENT_MAX ? left : COMMENT_MAX);
    }
}

/*
 * Appends about n bytes, at the least a few hundred. Baseline JPEG, one component. DC codes: "0" no
 * difference, "10" + 7 bits a difference of 64 to 127. AC code: "0" end of block. So the first
 * block sets the grey, every other one is two zero bits.
 */
static void jpeg(const struct guid *guid, size_t n, struct str *out)
{
    size_t begin = out->n;
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
    pad(out, begin + n);
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

/* One pixel. */
static const unsigned char png[] = {0x89, 'P', 'N', 'G',  '\r', '\n', 0x1a, '\n', 0,    0, 0, 13,
                                    'I',  'H', 'D', 'R',  0,    0,    0,    1,    0,    0, 0, 1,
                                    8,    0,   0,   0,    0,    0x3a, 0x7e, 0x9b, 0x55, 0, 0, 0,
                                    10,   'I', 'D', 'A',  'T',  0x78, 0x9c, 0x63, 0x60, 0, 0, 0,
                                    2,    0,   1,   0x48, 0xaf, 0xa4, 0x71, 0,    0,    0, 0, 'I',
                                    'E',  'N', 'D', 0xae, 0x42, 0x60, 0x82};

const char *photo_file(const struct binary_file *f, bool sized, bool as_jpeg, struct str *out)
{
    size_t n = f->file_size > 0 ? (size_t)f->file_size : 0;
    if (f->picture == PICTURE_TEXT) {
        str_puts(out, "%PDF-1.4 no picture at all");
        return f->mime_type ? f->mime_type : "application/octet-stream";
    }
    if (f->picture == PICTURE_PNG && !as_jpeg) {
        str_add(out, png, sizeof(png));
        return "image/png";
    }
    if (f->picture == PICTURE_HUGE)
        n = PHOTO_HUGE;
    else if (sized && n > PHOTO_SMALL_MAX)
        n = PHOTO_SMALL_MAX;
    jpeg(&f->row.guid, n, out);
    return "image/jpeg";
}
