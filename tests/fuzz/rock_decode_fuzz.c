/*
 * Any bytes as a page of one of Rock's lists (first byte 0 to 7), as what it answers to a rendering
 * (8), and as the text of a refusal: no crash, no value out of range; and a page that is taken has
 * growing Ids.
 */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "common/base/arena.h"

#include "producer/rock/rock_decode_person.h"
#include "producer/rock/rock_format.h"
#include "producer/rock/rock_render.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct arena *arena;

/* As Rock ships them. */
static struct rock_formats *formats(void)
{
    static const struct rock_format_rule stock[] = {
        {1, 1, "1", "^(\\d{3})(\\d{4})$", "$1-$2"},
        {2, 2, "1", "^(\\d{3})(\\d{3})(\\d{4})$", "($1) $2-$3"},
        {3, 3, "1", "^1(\\d{3})(\\d{3})(\\d{4})$", "($1) $2-$3"}};
    static struct rock_formats *made;

    if (!made)
        made = rock_formats_new(stock, 3);
    return made;
}

static void on_row(const struct js *row, int64_t id, void *user)
{
    static const struct rock_phone_type types[] = {{12, DIR_PHONE_MOBILE, "Mobile"}};
    const struct rock_codes codes = {types, 1, 2, formats(), "1"};
    struct rock_person p;
    struct rock_member m;
    struct rock_alias al;
    struct rock_following f;
    struct rock_value v;
    struct rock_place pl;
    struct rock_group g;
    struct rock_lookup l;

    switch (*(const int *)user) {
    case 0:
        rock_decode_person(row, id, &codes, arena, &p);
        assert(p.p.birth_day <= 31 && p.p.birth_month <= 12 && p.p.age_class <= 2);
        assert(js_failed(row) || !p.p.n_phones || p.p.phones[p.p.n_phones - 1].number);
        break;
    case 1:
        rock_decode_member(row, id, &m);
        assert(!rock_decode_active(row, &m) || m.status == ROCK_MEMBER_ACTIVE);
        break;
    case 2:
        rock_decode_alias(row, id, &al);
        break;
    case 3:
        rock_decode_following(row, id, &f);
        break;
    case 4:
        rock_decode_value(row, id, &v);
        rock_decode_yes(v.text);
        break;
    case 5:
        rock_decode_place(row, id, arena, &pl);
        break;
    case 6:
        rock_decode_group(row, id, arena, &g);
        assert(g.name);
        break;
    default:
        rock_decode_lookup(row, id, "Value", arena, &l);
        assert(l.name);
        break;
    }
}

static void check_page(const char *p, size_t n, int kind)
{
    struct rock_rows rows;
    struct err err;

    if (rock_decode_page(p, n, 3, on_row, &kind, &rows, &err) == 0)
        assert(rows.n == 0 ? rows.last == 3 : rows.last >= 3 + (int64_t)rows.n);
}

static void check_rendered(const char *p, size_t n)
{
    const int64_t ids[] = {812, 815};
    struct source_rendered texts[2] = {{NULL}, {NULL}};

    if (rock_render_split(p, n, "csM", ids, 2, arena, texts) < 0)
        assert(!texts[0].text && !texts[1].text);
    for (int i = 0; i < 2; i++)
        assert(!texts[i].text || strlen(texts[i].text) <= ROCK_RENDER_TEXT_MAX);
}

static void check_message(const char *p, size_t n)
{
    char message[80];

    rock_decode_message(p, n, message, sizeof(message));
    assert(memchr(message, '\0', sizeof(message)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!size)
        return 0;
    const char *p = (const char *)data + 1;
    int kind = *data - '0';

    arena = arena_new("fuzz", (size_t)1 << 30);
    if (kind >= 0 && kind < 8)
        check_page(p, size - 1, kind);
    else if (kind == 8)
        check_rendered(p, size - 1);
    else
        check_message(p, size - 1);
    arena_free(arena);
    return 0;
}
