/*
 * sx_fields: the properties of a contact item, one table row each, in the order of the EWS schema.
 *
 * A value lives under a code: field, key (entry of a dictionary, index in a list) and sub (part of
 * an address or of an e-mail entry). Everything else in the simulator (parser, writer, update,
 * search, control API) is driven by the table.
 * @source MS-OXWSCONT ContactItemType, MS-OXWSCORE ItemType
 */
#ifndef SYNC_SIM_SX_FIELDS_H
#define SYNC_SIM_SX_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum sx_kind {
    SX_TEXT,
    SX_BODY, /* sub 0 text, sub 1 BodyType */
    SX_LIST, /* <t:String> entries; key is the index */
    SX_DATE, /* xs:dateTime */
    SX_ENUM, /* one of `values` */
    SX_BOOL,
    SX_INT,
    SX_EMAILS,    /* key EmailAddress1..3; sub 0 address, 1 Name, 2 RoutingType, 3 MailboxType */
    SX_ADDRESSES, /* key Home, Business, Other; sub Street, City, State, CountryOrRegion, PostalCode
                   */
    SX_PHONES,
    SX_IMS,
    SX_EXTENDED,  /* ExtendedProperty: not stored by code */
    SX_COMPUTED,  /* made by the server, read-only: setting it is ErrorInvalidPropertySet */
    SX_DIRECTORY, /* directory contacts only: setting it is ErrorInvalidPropertyRequest */
};

enum { SX_NO_FIELD = -1, SX_MAX_LIST = 200, SX_MAX_FIELDS = 160 };

struct sx_field {
    const char *name,
        *uri; /* element, FieldURI ("contacts:GivenName"; for dictionaries the unindexed one) */
    enum sx_kind kind;
    uint32_t max_chars; /* longer values are refused; 0 = no limit but the request's */
    const char *values; /* SX_ENUM: "None|Home|Business|Other" */
};

#define SX_CODE(field, key, sub) ((uint32_t)(field) << 16 | (uint32_t)(key) << 8 | (uint32_t)(sub))
#define SX_CODE_FIELD(code)      ((int)((code) >> 16))
#define SX_CODE_KEY(code)        ((int)((code) >> 8 & 0xff))
#define SX_CODE_SUB(code)        ((int)((code)&0xff))

int sx_field_count(void);
const struct sx_field *sx_field_at(int field);
int sx_field_by_name(const char *name); /* element name; SX_NO_FIELD */
int sx_field_by_uri(const char *uri);   /* FieldURI; SX_NO_FIELD */
/* An IndexedFieldURI such as contacts:PhysicalAddress:City + Home: its code. False: no such path.
 */
bool sx_field_indexed(const char *uri, const char *index, uint32_t *ret_code);
const char *sx_field_key_name(int field, int key); /* "MobilePhone"; NULL when out of range */
int sx_field_key(int field, const char *name);     /* -1 */
const char *sx_address_part_name(int sub);         /* "Street", NULL at the end */
int sx_address_part(const char *name);             /* -1 */
const char *sx_email_attribute(int sub); /* 1 "Name", 2 "RoutingType", 3 "MailboxType", else NULL */
bool sx_one_of(const char *list, const char *value); /* "a|b|c" holds value */

#endif
