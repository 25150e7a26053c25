/*
 * Contacts of the users' own, as a mailbox has them before the sync arrives: seeded, with the odd
 * corners (bodies, properties of other programs, several scripts, categories).
 */
#include <stdio.h>
#include <string.h>

#include "tests/sim/exchange/sx_fields.h"
#include "tests/sim/exchange/sx_p.h"
#include "tests/sim/exchange/sx_store.h"

static uint64_t next(uint64_t *state)
{
    uint64_t x = *state += 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

static const char *pick(uint64_t *state, const char *const *list, size_t n)
{
    return list[next(state) % n];
}

static void set(struct sx_content *c, const char *field, const char *text)
{
    sx_content_set(c, SX_CODE(sx_field_by_name(field), 0, 0), text);
}

static void
set_key(struct sx_content *c, const char *field, const char *key, int sub, const char *text)
{
    int f = sx_field_by_name(field);
    sx_content_set(c, SX_CODE(f, sx_field_key(f, key), sub), text);
}

static void fill(struct sx_content *c, uint64_t *rnd, size_t nth)
{
    static const char *const given[] = {"Ana",    "Bo",    "Chidi", "Dörte",
                                        "Eun-ji", "Farid", "Grace", "Noor"};
    static const char *const family[] = {"Abara",   "Bjørnstad", "Castillo", "O'Neil",
                                         "Õunapuu", "Suzuki",    "Weiß",     "عبد الله"};
    static const char *const company[] = {"Harbor Dental", "Lot & Sons", "Number <One> Garage",
                                          "Tailor \"Vera\""};
    static const char *const category[] = {"Family", "Friends", "Staff", "Red Category"};
    const char *g = pick(rnd, given, ARRAY_LEN(given)), *f = pick(rnd, family, ARRAY_LEN(family));
    char text[200];
    set(c, "GivenName", g);
    set(c, "Surname", f);
    snprintf(text, sizeof(text), "%s %s", g, f);
    set(c, "DisplayName", text);
    snprintf(text, sizeof(text), "%s, %s", f, g);
    set(c, "FileAs", text);
    snprintf(text, sizeof(text), "(555) 01%02u-%04zu", (unsigned)(next(rnd) % 100), nth);
    set_key(c, "PhoneNumbers", "MobilePhone", 0, text);
    if (next(rnd) % 2) {
        snprintf(text, sizeof(text), "friend%zu@example.net", nth);
        set_key(c, "EmailAddresses", "EmailAddress1", 0, text);
        set_key(c, "EmailAddresses", "EmailAddress1", 2, "SMTP");
    }
    if (next(rnd) % 3 == 0)
        set(c, "CompanyName", pick(rnd, company, ARRAY_LEN(company)));
    if (next(rnd) % 3 == 0)
        set_key(c, "PhysicalAddresses", "Home", 1, "Springfield");
    if (next(rnd) % 4 == 0) {
        sx_content_set(c, SX_CODE(sx_field_by_name("Body"), 0, 1), "Text");
        set(c, "Body", "Met at the harvest supper.\nAsk about the boat.");
    }
    if (next(rnd) % 2)
        sx_content_set(c, SX_CODE(sx_field_by_name("Categories"), 0, 0),
                       pick(rnd, category, ARRAY_LEN(category)));
    if (next(rnd) % 5 == 0)
        sx_content_set_extended(c, "00020329-0000-0000-c000-000000000046/DialerSpeed/Integer", "7");
    if (next(rnd) % 4 == 0)
        set(c, "Birthday", "1979-05-02T11:59:00Z");
}

void sx_seed_foreign(struct sx *x, struct sx_mailbox *mb, size_t n)
{
    uint64_t rnd = x->seed ^ mb->foreign.n << 32;
    struct sx_folder *contacts = sx_folder_distinguished(mb, "contacts");
    for (const char *p = mb->address; *p; p++)
        rnd = rnd * 31 + (uint8_t)*p;
    for (size_t i = 0; i < n; i++) {
        struct sx_content content = {0};
        fill(&content, &rnd, i);
        sx_foreign_mark(sx_item_add(contacts, &content, sx_wall_ms(), false));
    }
}
