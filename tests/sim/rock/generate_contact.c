/* Phones and addresses, with every oddity that imports and years of typing leave behind. */
#include <string.h>

#include "tests/sim/rock/generate_p.h"

/* @source reference/rock.md section 5.2: stock rules of country code 1 */
static const char *format_us(struct gen *g, const char *digits)
{
    struct arena *a = g->c->arena;
    size_t n = strlen(digits);
    if (n == 11 && digits[0] == '1')
        digits++, n--;
    if (n == 10)
        return arena_printf(a, "(%.3s) %.3s-%s", digits, digits + 3, digits + 6);
    if (n == 7)
        return arena_printf(a, "%.3s-%s", digits, digits + 3);
    return digits;
}

static void number_abroad(struct gen *g, struct phone_number *p)
{
    static const struct {
        const char *code, *prefix;
        int rest; /* digits */
    } lands[] = {{"44", "20794", 5}, {"49", "30", 7}, {"91", "78945", 5}, {"44", "1632", 17}};
    uint32_t i =
        church_below(g->c, 40) == 0 ? 3 : church_below(g->c, 3); /* 3: too long for any country */
    p->country_code = lands[i].code;
    char digits[24];
    for (int d = 0; d < lands[i].rest; d++)
        digits[d] = (char)('0' + church_below(g->c, 10));
    p->number = arena_printf(g->c->arena, "%s%.*s", lands[i].prefix,
                             lands[i].rest > 16 ? 16 : lands[i].rest, digits);
    p->formatted = p->number;
}

static void number_home(struct gen *g, struct phone_number *p)
{
    struct arena *a = g->c->arena;
    uint32_t line = church_below(g->c, 10000), area = 200 + church_below(g->c, 700);
    p->country_code = "1";
    switch (church_below(g->c, 60)) {
    case 0: /* the code typed into the number */
        p->number = arena_printf(a, "1%03u555%04u", area, line);
        break;
    case 1: /* local number only */
        p->number = arena_printf(a, "555%04u", line);
        break;
    case 2: /* another country's number under code 1 */
        p->number = arena_printf(a, "91789456%04u", line);
        break;
    default:
        p->number = arena_printf(a, "%03u555%04u", area, line);
    }
    p->formatted = format_us(g, p->number);
    if (gen_pct(g, 6))
        p->country_code = NULL;
}

static void add_phone(struct gen *g, int32_t person_id, int32_t type_id)
{
    static const char *const extensions[] = {"114", "9", " 7 ", "x22", "ext. 4"};
    struct phone_number *p = church_add(g->c, TABLE_PHONE_NUMBER);
    p->person_id = person_id;
    p->type_id = gen_pct(g, 2) ? NULL_INT : type_id;
    if (gen_pct(g, 6))
        number_abroad(g, p);
    else
        number_home(g, p);
    if (gen_pct(g, 8))
        p->formatted = NULL; /* written by a bulk import */
    if (gen_pct(g, 5))
        p->extension = extensions[church_below(g->c, ARRAY_LEN(extensions))];
    else if (gen_pct(g, 20))
        p->extension = gen_pct(g, 50) ? "" : "  ";
    p->is_unlisted = gen_pct(g, 6);
    p->is_messaging_enabled = type_id == g->c->known.mobile && gen_pct(g, 70);
    if (gen_pct(g, 5))
        p->row.modified = NULL_TICKS;
}

void gen_phones(struct gen *g, int32_t person_id, bool adult)
{
    const struct church_known *k = &g->c->known;
    const struct {
        int32_t type;
        uint32_t pct;
    } kinds[] = {{k->home_phone, adult ? 35 : 10},
                 {k->mobile, adult ? 82 : 15},
                 {k->work_phone, adult ? 18 : 0},
                 {k->other_phone, adult ? 3 : 0}};
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        if (!gen_pct(g, kinds[i].pct))
            continue;
        add_phone(g, person_id, kinds[i].type);
        for (int more = 0; more < 2 && gen_pct(g, 7); more++)
            add_phone(g, person_id, kinds[i].type);
    }
}

static void add_location(struct gen *g, int32_t family_id, int32_t type_id)
{
    struct church *c = g->c;
    struct location *l = church_add(c, TABLE_LOCATION);
    l->street1 =
        arena_printf(c->arena, "%u %s", 1 + church_below(c, 9900), gen_pick(g, &names_street));
    if (gen_pct(g, 15))
        l->street2 = arena_printf(c->arena, "Apt. %u ", 1 + church_below(c, 400));
    else if (gen_pct(g, 30))
        l->street2 = "";
    l->city = gen_pick(g, &names_city);
    l->state = gen_pct(g, 95) ? "AZ" : NULL;
    l->postal_code =
        arena_printf(c->arena, "85%03u-%04u", church_below(c, 1000), church_below(c, 10000));
    l->country = gen_pct(g, 96) ? "US" : gen_pct(g, 50) ? "DE" : NULL;
    l->is_active = true;
    int32_t location_id = l->row.id;
    struct group_location *gl = church_add(c, TABLE_GROUP_LOCATION);
    gl->group_id = family_id;
    gl->location_id = location_id;
    gl->type_id = type_id;
    gl->is_mailing = gl->is_mapped = type_id == c->known.home_address;
}

void gen_addresses(struct gen *g, int32_t family_id, bool business)
{
    const struct church_known *k = &g->c->known;
    if (business) {
        add_location(g, family_id, k->work_address);
        return;
    }
    if (gen_pct(g, 12))
        add_location(g, family_id, k->previous_address);
    if (gen_pct(g, 85))
        add_location(g, family_id, k->home_address);
    if (gen_pct(g, 10))
        add_location(g, family_id, k->work_address);
    if (gen_pct(g, 4))
        add_location(g, family_id, k->home_address);
    if (gen_pct(g, 2))
        add_location(g, family_id, NULL_INT);
}
