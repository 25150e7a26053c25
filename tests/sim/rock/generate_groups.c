/* The staff tree of organization units and the groups that people choose from. */
#include "tests/sim/rock/generate_p.h"

#define GUID_ROOT_UNIT "ef41cd00-1266-4be6-9130-453982014b79"

static void set_state(struct gen *g, int32_t group_id, bool is_active, bool is_archived)
{
    struct group *gr = church_row(g->c, TABLE_GROUP, group_id);
    gr->is_active = is_active;
    gr->is_archived = is_archived;
    gr->inactive_at = is_active ? NULL_TICKS : gr->row.created;
    gr->archived_at = is_archived && gen_pct(g, 50) ? gr->row.created
                                                    : NULL_TICKS; /* null although archived, too */
}

static struct group_member *last_member(struct gen *g)
{
    struct table *t = &g->c->table[TABLE_GROUP_MEMBER];
    return (struct group_member *)t->rows + (t->n - 1);
}

/* One membership with the states that occur: mostly active, some inactive, pending or archived,
 * some in two roles. */
static void
join(struct gen *g, int32_t group_id, int32_t person_id, int32_t role, int32_t leader_role)
{
    gen_member(g, group_id, person_id, gen_pct(g, 10) ? leader_role : role);
    struct group_member *m = last_member(g);
    int32_t used = m->group_role_id;
    uint32_t dice = church_below(g->c, 100);
    if (dice < 3)
        m->status = MEMBER_INACTIVE;
    else if (dice < 5)
        m->status = MEMBER_PENDING;
    else if (dice < 8)
        m->is_archived = true;
    if (gen_pct(g, 4))
        gen_member(g, group_id, person_id, used == role ? leader_role : role);
}

static int32_t some_adult(struct gen *g)
{
    return g->adults.v[church_below(g->c, (uint32_t)g->adults.n)];
}

static int32_t add_unit(struct gen *g, int32_t parent, const char *name, uint32_t members)
{
    const struct church_known *k = &g->c->known;
    int32_t id = gen_group(g, k->unit, parent, name);
    for (uint32_t i = 0; i < members; i++)
        join(g, id, some_adult(g), k->unit_staff, k->unit_leader);
    return id;
}

void gen_units(struct gen *g)
{
    struct church *c = g->c;
    const struct church_known *k = &c->known;
    uint32_t staff = (uint32_t)g->everyone.n / 25 + 4, units = 4 + staff / 12;
    staff = staff > 600 ? 600 : staff;
    units = units > 40 ? 40 : units;
    int32_t root = add_unit(g, NULL_INT, "Organization", 2);
    church_set_guid(church_row(c, TABLE_GROUP, root), GUID_ROOT_UNIT);
    int32_t parent = root;
    for (uint32_t i = 0; i < units; i++) {
        const char *name = names_unit.v[i % names_unit.n];
        if (i >= names_unit.n)
            name = arena_printf(c->arena, "%s %u", name, (unsigned)(i / names_unit.n) + 1);
        int32_t id = add_unit(g, gen_pct(g, 60) ? root : parent, name, 1 + staff / units);
        parent = id;
    }
    int32_t closed = add_unit(g, root, "Bookstore (closed)", 3);
    set_state(g, closed, false, false);
    add_unit(g, closed, "Bookstore Online",
             2); /* active below an inactive one: its own flag counts */
    set_state(g, add_unit(g, root, "Printing", 2), true, true);
    int32_t child = gen_group(g, k->unit_child, root,
                              "Campus Volunteers"); /* inherits from the type, is not of it */
    for (int i = 0; i < 4; i++)
        gen_member(g, child, some_adult(g), k->unit_staff);
    for (size_t i = 0; i < g->users.n; i++) /* most users are staff themselves: their own card */
        if (gen_pct(g, 70))
            gen_member(g, parent, g->users.v[i], k->unit_staff);
}

static void fill_group(struct gen *g, int32_t group_id, int32_t role, int32_t leader)
{
    struct church *c = g->c;
    uint32_t members = 4 + church_below(c, 14);
    gen_member(g, group_id, some_adult(g), leader);
    for (uint32_t i = 0; i < members; i++)
        join(g, group_id, g->everyone.v[church_below(c, (uint32_t)g->everyone.n)], role, leader);
}

static const char *group_name(struct gen *g, uint32_t i)
{
    static const char *const special[] = {"Choir",
                                          "CHOIR",
                                          "staff",
                                          "Kaffee & Küche ☕",
                                          " Padded Name ",
                                          "A, B; C",
                                          "Jose\xCC\x81 Group"};
    if (i < ARRAY_LEN(special))
        return special[i];
    const char *topic = names_topic.v[i % names_topic.n];
    return gen_pct(g, 80) ? arena_printf(g->c->arena, "%s %u", topic, (unsigned)i) : topic;
}

void gen_small_groups(struct gen *g)
{
    struct church *c = g->c;
    const struct church_known *k = &c->known;
    uint32_t n = 12 + (uint32_t)g->everyone.n / 40;
    n = n > 4000 ? 4000 : n;
    for (uint32_t i = 0; i < n; i++) {
        bool team = i % 3 == 2;
        int32_t id =
            gen_group(g, team ? k->serving_team : k->small_group, NULL_INT, group_name(g, i));
        fill_group(g, id, team ? k->team_member : k->small_member,
                   team ? k->team_leader : k->small_leader);
        if (i % 16 == 9 || i % 16 == 13) {
            set_state(g, id, i % 16 == 9 ? gen_pct(g, 50) : false, i % 16 == 9);
            vec_push(&g->idle, id);
        } else {
            vec_push(&g->small, id);
        }
    }
    int32_t admins = gen_group(g, k->security_role, NULL_INT, "RSR - Rock Administration");
    church_set_guid(church_row(c, TABLE_GROUP, admins), "628c51a8-4613-43ed-a18d-4a6fb999273e");
    if (g->users.n)
        gen_member(g, admins, g->users.v[0], k->security_member);
}
