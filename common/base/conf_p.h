/*
 * conf_p: what the files of conf share. Not for others.
 */
#ifndef SYNC_BASE_CONF_P_H
#define SYNC_BASE_CONF_P_H

#include "common/base/conf.h"
#include "common/base/vec.h"

struct str;

enum conf_rank { RANK_DEFAULT, RANK_FILE, RANK_ENV, RANK_ARGUMENT }; /* the higher one wins */

struct conf_value {
    char *text;  /* as given, "" when unset; NULL: this place holds nothing */
    int64_t num; /* CONF_BOOL, CONF_INT, CONF_DURATION, CONF_BYTES */
    char **list; /* CONF_LIST: pointers into list_text, then NULL */
    size_t list_n;
    char *list_text;
};

struct conf_slot {
    struct conf_value value;
    enum conf_rank rank;
    char *origin;
    int line; /* of the file that set it last, for the message about doubles; 0: none */
};

struct conf_extra { /* a pass-through row */
    char *name;     /* without the prefix */
    struct conf_slot slot;
};

struct conf {
    const struct conf_def *defs;
    size_t n;
    struct conf_slot *slots;       /* one per row of defs */
    vec(struct conf_extra) extras; /* in order of name */
};

#define CONF_PREFIX     "kafka."
#define CONF_ENV_PREFIX "CONTACT_SYNC_"
#define CONF_ENV_KAFKA  "CONTACT_SYNC_KAFKA_"
#define CONF_STRING_MAX 4096

/* Checks and converts text; the error says what is wrong, without place and name. */
int conf_value_parse(const struct conf_def *d,
                     const char *text,
                     struct conf_value *ret,
                     struct err *err) must_check;
void conf_value_release(struct conf_value *v);
/* NULL: not in the table. */
const struct conf_def *conf_find(const struct conf *c, const char *name);
/*
 * Assigns name = text. `where` begins the error text ("/etc/x:3"), origin is what conf_origin
 * tells. A value of higher rank that is there already stays.
 */
int conf_assign(struct conf *c,
                const char *name,
                const char *text,
                enum conf_rank rank,
                const char *origin,
                const char *where,
                int line,
                struct err *err) must_check;
/* The name nearest in typing distance, NULL when none is near. env: compare environment names. */
const char *conf_nearest(const struct conf *c, const char *name, bool env);
void conf_env_name(const char *name, struct str *out); /* "rock.url" -> "CONTACT_SYNC_ROCK_URL" */
/* 30000 as a duration -> "30s" */
void conf_put_amount(struct str *out, enum conf_type type, int64_t v);

#endif
