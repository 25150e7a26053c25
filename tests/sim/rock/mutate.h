/*
 * mutate: what people do in Rock, one function per act. Each stamps ModifiedDateTime the way Rock
 * does (or does not).
 *
 * Ids are Person.Id and Group.Id of living rows; functions return false (or 0) when a row is not
 * there or the act would change nothing. @source reference/rock.md sections 6 and 7
 */
#ifndef SIM_ROCK_MUTATE_H
#define SIM_ROCK_MUTATE_H

#include "tests/sim/rock/church.h"

enum leave_how { LEAVE_DELETE, LEAVE_ARCHIVE, LEAVE_INACTIVE };

/* First number of the type gets these digits (no country code inside), or a new row is added.
 * Returns the phone's id. */
int32_t mutate_set_phone(struct church *c, int32_t person_id, int32_t type_id, const char *digits);
/* Removes the first number of the type, as emptying the field in Rock's page does. */
bool mutate_clear_phone(struct church *c, int32_t person_id, int32_t type_id);
bool mutate_join(struct church *c, int32_t group_id, int32_t person_id);
/* Ends all active memberships, whatever the role. */
bool mutate_leave(struct church *c, int32_t group_id, int32_t person_id, enum leave_how how);
bool mutate_follow(struct church *c, int32_t follower_id, int32_t person_id);
/* Removes every plain following between the two, through whatever alias. */
bool mutate_unfollow(struct church *c, int32_t follower_id, int32_t person_id);
/* spCrm_PersonMerge: loser's rows go to winner, loser's Person row goes, its aliases point at
 * winner from now on. */
bool mutate_merge(struct church *c, int32_t loser_id, int32_t winner_id);
bool mutate_delete_person(struct church *c,
                          int32_t person_id); /* aliases, numbers, memberships and followings too */
bool mutate_deceased(struct church *c, int32_t person_id, bool is_deceased);
/* field: FirstName, NickName, MiddleName, LastName or Email; value NULL = SQL NULL, else at most
 * the column's length. */
bool mutate_person_text(struct church *c, int32_t person_id, const char *field, const char *value);
/* attribute_id: known.employer ...; value NULL removes the AttributeValue row.
 * Person.ModifiedDateTime stays. */
bool mutate_attribute(struct church *c, int32_t person_id, int32_t attribute_id, const char *value);
/* The phone type of that name, in any case; made when there is none. */
int32_t mutate_phone_type(struct church *c, const char *name);
/* A further number with the columns of like (type, code, number, formatted, extension, unlisted
 * ...); returns its Id. */
int32_t mutate_add_phone(struct church *c, int32_t person_id, const struct phone_number *like);
/* All numbers of the type (0: of every type); returns how many. */
int32_t mutate_clear_phones(struct church *c, int32_t person_id, int32_t type_id);
/* The person attribute with that key; made when there is none. */
int32_t mutate_attribute_key(struct church *c, const char *key);
/* Another picture (a new BinaryFile, as in Rock); bytes: of the file. Returns its Id. */
int32_t mutate_photo(
    struct church *c, int32_t person_id, enum picture picture, int32_t bytes, bool needs_login);
bool mutate_no_photo(struct church *c, int32_t person_id);   /* PhotoId null; the file stays */
bool mutate_lose_photo(struct church *c, int32_t person_id); /* the file goes, PhotoId stays */
bool mutate_rename_group(struct church *c, int32_t group_id, const char *name);
bool mutate_group_state(struct church *c, int32_t group_id, bool is_active, bool is_archived);
/* Replaces the person's choices; groups are copied. */
void mutate_choice(struct church *c, const struct choice *choice);
const struct choice *mutate_find_choice(const struct church *c, int32_t person_id); /* NULL: none */

#endif
