/* Numbers of every kind, and attributes by key: what imports and years of typing leave behind. */
#include <string.h>
#include <strings.h>

#include "tests/sim/rock/mutate.h"

int32_t mutate_phone_type(struct church *c, const char *name)
{
    struct defined_value *v = NULL;
    church_each_by(c, TABLE_DEFINED_VALUE, defined_value, defined_type_id, c->known.phone_types, v)
    {
        if (strcasecmp(v->value, name) == 0)
            return v->row.id;
    }
    v = church_add(c, TABLE_DEFINED_VALUE);
    v->defined_type_id = c->known.phone_types;
    v->value = church_text(c, name);
    v->is_active = true;
    return v->row.id;
}

int32_t mutate_add_phone(struct church *c, int32_t person_id, const struct phone_number *like)
{
    struct person *person = church_row(c, TABLE_PERSON, person_id);
    if (!person)
        return 0;
    struct phone_number *p = church_add(c, TABLE_PHONE_NUMBER);
    const struct row row = p->row;
    *p = *like;
    p->row = row;
    p->person_id = person_id;
    p->number = church_text(c, like->number);
    p->country_code = church_text(c, like->country_code);
    p->formatted = church_text(c, like->formatted);
    p->extension = church_text(c, like->extension);
    church_touch(c, TABLE_PHONE_NUMBER, p);
    church_touch(c, TABLE_PERSON, person);
    return p->row.id;
}

int32_t mutate_clear_phones(struct church *c, int32_t person_id, int32_t type_id)
{
    struct phone_number *p = NULL;
    int32_t n = 0;
    church_each_by(c, TABLE_PHONE_NUMBER, phone_number, person_id, person_id, p)
    {
        if (type_id && p->type_id != type_id)
            continue;
        church_delete(c, TABLE_PHONE_NUMBER, p);
        n++;
    }
    return n;
}

int32_t mutate_attribute_key(struct church *c, const char *key)
{
    struct attribute *a = NULL;
    church_each(c, TABLE_ATTRIBUTE, a)
    {
        if (a->entity_type_id == c->known.person_type && strcasecmp(a->key, key) == 0)
            return a->row.id;
    }
    a = church_add(c, TABLE_ATTRIBUTE);
    a->entity_type_id = c->known.person_type;
    a->field_type_id = 1;
    a->key = a->name = church_text(c, key);
    a->qualifier_column = a->qualifier_value = "";
    return a->row.id;
}
