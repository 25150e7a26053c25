/*
 * generate_p: what the parts of the generator share.
 */
#ifndef SIM_ROCK_GENERATE_P_H
#define SIM_ROCK_GENERATE_P_H

#include "tests/sim/rock/church.h"
#include "tests/sim/rock/names.h"

struct gen {
    struct church *c;
    vec(int32_t) everyone; /* person ids, also children, businesses, deceased */
    vec(int32_t) adults;   /* living, record type Person */
    vec(int32_t) users;    /* members of the eligible group, with choices */
    vec(int32_t) small;    /* group ids a user may choose */
    vec(int32_t) idle;     /* inactive and archived ones */
    size_t odd_used;       /* of names_odd */
};

/* True in pct of 100 cases, by the church's seed. */
static inline bool gen_pct(struct gen *g, uint32_t pct)
{
    return church_below(g->c, 100) < pct;
}
static inline const char *gen_pick(struct gen *g, const struct names *names)
{
    return names->v[church_below(g->c, (uint32_t)names->n)];
}

void gen_people(struct gen *g, uint32_t count);
void gen_phones(struct gen *g, int32_t person_id, bool adult);
/* A household's places: home, perhaps work, a previous one, a second home. */
void gen_addresses(struct gen *g, int32_t family_id, bool business);
void gen_units(struct gen *g); /* staff tree; the users belong to it */
void gen_small_groups(struct gen *g);
void gen_users(struct gen *g, uint32_t count);
void gen_followings(struct gen *g);
void gen_choices(struct gen *g);
void gen_merges(struct gen *g);
int32_t gen_group(struct gen *g, int32_t type, int32_t parent, const char *name);
void gen_member(struct gen *g, int32_t group_id, int32_t person_id, int32_t role_id);

#endif
