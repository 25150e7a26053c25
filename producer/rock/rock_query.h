/*
 * rock_query: what is asked of Rock's REST v1, as path and query. Pure.
 *
 * OData version 3, JSON lists, keyset paging: every list is read in ascending order of Id, `Id gt
 * {last}` names the next page, so rows that come and go in between shift nothing.
 * @source reference/rock.md sections 3.3 and 4
 */
#ifndef SYNC_PRODUCER_ROCK_ROCK_QUERY_H
#define SYNC_PRODUCER_ROCK_ROCK_QUERY_H

#include "common/base/err.h"
#include "common/base/guid.h"
#include "common/base/str.h"

enum {
    ROCK_QUERY_MAX = 2047, /* bytes behind the `?`, encoded: IIS refuses more than 2048 */
    ROCK_NODES_MAX = 100,  /* of one filter, as the OData library counts them */
    ROCK_TERMS_MAX = 20    /* comparisons in one filter */
};

/* One kind of list: where it is and which columns of it are wanted. */
struct rock_list {
    const char *controller; /* also the name of the View right that it needs */
    const char *select, *expand;
    bool include_deceased; /* the default is to leave them out */
    bool newest;           /* descending Id: the way to learn the largest one */
};
extern const struct rock_list rock_entity_types, rock_group_types, rock_group_roles,
    rock_defined_types, rock_defined_values, rock_attributes, rock_groups, rock_members,
    rock_aliases, rock_followings, rock_values, rock_places, rock_people, rock_people_brief;

/* A column to compare with. nodes: what `name eq literal` counts; more when it may be null. */
struct rock_column {
    const char *name;
    unsigned nodes;
};
extern const struct rock_column rock_col_id, rock_col_guid, rock_col_group, rock_col_person,
    rock_col_alias_person, rock_col_follower, rock_col_entity, rock_col_entity_type,
    rock_col_attribute_type, rock_col_attribute, rock_col_key, rock_col_place_type,
    rock_col_group_type, rock_col_role_type, rock_col_defined_type, rock_col_name;

/* Conjuncts, joined by `and`; unencoded text. */
struct rock_filter {
    struct str text;
    unsigned nodes, terms;
};
#define ROCK_FILTER_INIT                                                                           \
    {                                                                                              \
        .text = STR_INIT(8192)                                                                     \
    }
void rock_filter_release(struct rock_filter *f);
/* "(GroupId eq 21 or GroupId eq 22)"; n at least 1 */
void rock_filter_ids(struct rock_filter *f,
                     const struct rock_column *col,
                     const int64_t *ids,
                     size_t n);
void rock_filter_guids(struct rock_filter *f,
                       const struct rock_column *col,
                       const struct guid *guids,
                       size_t n);
/* Quotes inside are doubled. */
void rock_filter_texts(struct rock_filter *f,
                       const struct rock_column *col,
                       const char *const *texts,
                       size_t n);
/* One comparison as it stands: "IsActive eq true". */
void rock_filter_raw(struct rock_filter *f, const char *comparison);
/* How many ids or Guids of col one request can name beside what is in f and the paging. */
size_t rock_filter_room(const struct rock_filter *f, const struct rock_column *col);

struct rock_page { /* rows after < Id <= until; 0: no such bound */
    int64_t after, until;
    unsigned top;
};
/* "/api/Groups?$filter=...": what follows the server's address. -1 when it would be too long. */
int rock_query_path(const struct rock_list *l,
                    const char *filter,
                    const struct rock_page *page,
                    struct str *out,
                    struct err *err) must_check;
CLEANUP_VALUE(struct rock_filter, rock_filter_release);

#endif
