/*
 * ews_bench: what a contact costs in the codec: CPU time to read it from its canonical form, to
 * encode requests and to decode answers, in microseconds per contact, for batches of 50. The same
 * create is also written by libxml2's text writer (which checks no characters), and its bytes are
 * copied, which is the least that a cache of encoded contacts would cost. Prints JSON lines; judges
 * nothing.
 */
#include <libxml/xmlwriter.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common/base/arena.h"
#include "common/base/str.h"

#include "tests/bench/bench_count.h"
#include "worker/ews/ews_decode.h"
#include "worker/ews/ews_encode.h"
#include "worker/ews/ews_fields.h"

enum { BATCH = 50, PAGE = 250, ROUNDS = 2000 };

static const struct ews_target target = {"Exchange2013_SP1", "pat.rivera@church.example",
                                         "AAMkFolder="};
static const char hash[] = "1:0123456789abcdef:00112233445566778899aabbccddeeff";

static const struct contact contact = {{
    [CONTACT_FILE_AS] = "Nakamura, Aiko",
    [CONTACT_DISPLAY_NAME] = "Nakamura, Aiko",
    [CONTACT_GIVEN_NAME] = "Aiko",
    [CONTACT_SURNAME] = "Nakamura",
    [CONTACT_COMPANY] = "Riverside & Sons",
    [CONTACT_JOB_TITLE] = "Deacon",
    [CONTACT_EMAIL] = "aiko@example.org",
    [CONTACT_PHONE_MOBILE] = "+12175550103",
    [CONTACT_PHONE_HOME] = "+12175550102",
    [CONTACT_PHONE_BUSINESS] = "(217) 555-0101 x114",
    [CONTACT_HOME_STREET] = "12 Mill Lane\nApt 4",
    [CONTACT_HOME_CITY] = "Springfield",
    [CONTACT_HOME_STATE] = "IL",
    [CONTACT_HOME_POSTAL] = "62701",
    [CONTACT_HOME_COUNTRY] = "US",
    [CONTACT_BIRTHDAY] = "1984-03-09",
}};
static struct store_op ops[BATCH];
static struct ews_change changes[BATCH];
static struct str out, created, answer, page, canonical;
static struct arena *arena;

BENCH_COUNTED static void encode_create(void)
{
    str_clear(&out);
    ews_encode_create(&out, &target, ops, BATCH);
}

BENCH_COUNTED static void encode_update(void)
{
    str_clear(&out);
    ews_encode_update(&out, &target, changes, BATCH);
}

BENCH_COUNTED static void encode_delete(void)
{
    str_clear(&out);
    ews_encode_delete(&out, &target, "HardDelete", ops, BATCH);
}

static void copy_create(void)
{
    str_clear(&out);
    str_add(&out, created.p, created.n);
}

static void write_entry(xmlTextWriterPtr w, const struct ews_field *f, const char *value)
{
    xmlTextWriterStartElement(w, (const xmlChar *)"t:Entry");
    xmlTextWriterWriteAttribute(w, (const xmlChar *)"Key", (const xmlChar *)f->key);
    if (f->kind == EWS_ADDRESS) {
        xmlTextWriterStartElement(w, (const xmlChar *)f->element);
        xmlTextWriterWriteString(w, (const xmlChar *)value);
        xmlTextWriterEndElement(w);
    } else {
        xmlTextWriterWriteString(w, (const xmlChar *)value);
    }
    xmlTextWriterEndElement(w);
}

/* About the same bytes; good enough to compare by. */
static void writer_create(void)
{
    xmlBufferPtr b = xmlBufferCreateSize(256 * 1024);
    xmlTextWriterPtr w = xmlNewTextWriterMemory(b, 0);
    xmlTextWriterStartDocument(w, NULL, "utf-8", NULL);
    xmlTextWriterStartElement(w, (const xmlChar *)"m:Items");
    for (int i = 0; i < BATCH; i++) {
        xmlTextWriterStartElement(w, (const xmlChar *)"t:Contact");
        for (int k = 0; k < 2; k++) { /* key and hash */
            xmlTextWriterStartElement(w, (const xmlChar *)"t:ExtendedProperty");
            xmlTextWriterStartElement(w, (const xmlChar *)"t:ExtendedFieldURI");
            xmlTextWriterWriteAttribute(w, (const xmlChar *)"PropertySetId",
                                        (const xmlChar *)EWS_PROPERTY_SET);
            xmlTextWriterWriteAttribute(w, (const xmlChar *)"PropertyName",
                                        (const xmlChar *)EWS_HASH_NAME);
            xmlTextWriterWriteAttribute(w, (const xmlChar *)"PropertyType",
                                        (const xmlChar *)"String");
            xmlTextWriterEndElement(w);
            xmlTextWriterWriteElement(w, (const xmlChar *)"t:Value", (const xmlChar *)hash);
            xmlTextWriterEndElement(w);
        }
        for (size_t f = 0; f < ews_field_count; f++) {
            const char *value = contact.f[ews_fields[f].field];
            if (value && ews_fields[f].key)
                write_entry(w, &ews_fields[f], value);
            else if (value)
                xmlTextWriterWriteElement(w, (const xmlChar *)ews_fields[f].element,
                                          (const xmlChar *)value);
        }
        xmlTextWriterEndElement(w);
    }
    xmlTextWriterEndDocument(w);
    xmlFreeTextWriter(w);
    xmlBufferFree(b);
}

static size_t decoded;

static void decode(const struct str *s)
{
    struct ews_response r;
    struct err err;
    decoded += ews_decode(s->p, s->n, arena, &r, &err) == 0 ? r.n_messages : 0;
}
BENCH_COUNTED static void decode_create(void)
{
    decode(&answer);
}
BENCH_COUNTED static void decode_page(void)
{
    decode(&page);
}

/* What a worker does first with each contact that it loads. */
BENCH_COUNTED static void read_contact(void)
{
    struct contact c;
    struct err err;
    arena_reset(arena);
    for (int i = 0; i < BATCH; i++)
        decoded += contact_decode(canonical.p, canonical.n, arena, &c, &err) == 0;
}

static const char envelope[] =
    "<?xml version=\"1.0\" encoding=\"utf-8\"?>"
    "<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\" "
    "xmlns:m=\"http://schemas.microsoft.com/exchange/services/2006/messages\" "
    "xmlns:t=\"http://schemas.microsoft.com/exchange/services/2006/types\"><s:Body>";

/* As long as Exchange's own. */
static void add_id(struct str *s, int i)
{
    str_puts(s, "<t:ItemId Id=\"AAMkAGI5");
    for (int k = 0; k < 14; k++)
        str_addf(s, "%08x", (unsigned)(i * 2654435761u + (unsigned)k));
    str_puts(s, "AAA=\" ChangeKey=\"EQAAABYAAADhJHwq9b1vSZrSFW7x2b0cAABx9y3k\"/>");
}

static void make_answers(void)
{
    str_puts(&answer, envelope);
    str_puts(&answer, "<m:CreateItemResponse><m:ResponseMessages>");
    for (int i = 0; i < BATCH; i++) {
        str_puts(&answer, "<m:CreateItemResponseMessage "
                          "ResponseClass=\"Success\"><m:ResponseCode>NoError</m:ResponseCode>"
                          "<m:Items><t:Contact>");
        add_id(&answer, i);
        str_puts(&answer, "</t:Contact></m:Items></m:CreateItemResponseMessage>");
    }
    str_puts(&answer, "</m:ResponseMessages></m:CreateItemResponse></s:Body></s:Envelope>");
    str_puts(&page, envelope);
    str_puts(&page, "<m:FindItemResponse><m:ResponseMessages><m:FindItemResponseMessage "
                    "ResponseClass=\"Success\">"
                    "<m:ResponseCode>NoError</m:ResponseCode><m:RootFolder "
                    "IncludesLastItemInRange=\"true\"><t:Items>");
    for (int i = 0; i < PAGE; i++) {
        str_puts(&page, "<t:Contact>");
        add_id(&page, i);
        str_puts(&page, "<t:DateTimeCreated>2026-11-20T03:00:00Z</t:DateTimeCreated>");
        for (int k = 0; k < 2; k++)
            str_addf(&page,
                     "<t:ExtendedProperty><t:ExtendedFieldURI PropertySetId=\"" EWS_PROPERTY_SET
                     "\" PropertyName=\"%s\" "
                     "PropertyType=\"String\"/><t:Value>%s</t:Value></t:ExtendedProperty>",
                     k ? EWS_HASH_NAME : EWS_KEY_NAME,
                     k ? hash : "0b7f2c1e-5d0c-4f0a-9a43-1f5f3b0c9d11");
        str_puts(&page, "</t:Contact>");
    }
    str_puts(&page, "</t:Items></m:RootFolder></m:FindItemResponseMessage></m:ResponseMessages></"
                    "m:FindItemResponse>"
                    "</s:Body></s:Envelope>");
}

static double cpu_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

/* The best of five, so that a neighbour on the machine does not count. */
static void measure(const char *name, void (*f)(void), int contacts, size_t bytes)
{
    double best = 1e18;
    int rounds = bench_counting() ? 4 : ROUNDS * BATCH / contacts / 5;
    for (int k = 0; k < (bench_counting() ? 1 : 5); k++) {
        double from = cpu_us();
        for (int i = 0; i < rounds; i++)
            f();
        double took = (cpu_us() - from) / rounds / contacts;
        best = took < best ? took : best;
    }
    printf(
        "{\"bench\":\"ews.%s\",\"us_per_contact\":%.3f,\"bytes_per_contact\":%zu,\"batch\":%d}\n",
        name, best, bytes / (size_t)contacts, contacts);
}

int main(void)
{
    struct str *all[] = {&out, &created, &answer, &page, &canonical};
    for (size_t i = 0; i < ARRAY_LEN(all); i++)
        str_init(all[i], (size_t)4 << 20);
    arena = arena_new("bench", EWS_ARENA_BYTES);
    for (int i = 0; i < BATCH; i++) {
        ops[i] = (struct store_op){.hash = hash,
                                   .after = &contact,
                                   .cats_after = "Following\nStaff",
                                   .item_id = "AAMkAGI5OTE4ODY="};
        ops[i].key.b[15] = (uint8_t)i;
        ops[i].changed = UINT64_C(1) << CONTACT_SURNAME | UINT64_C(1) << CONTACT_PHONE_MOBILE |
                         UINT64_C(1) << CONTACT_PHONE_OTHER;
        changes[i] = (struct ews_change){.op = &ops[i], .change_key = "EQAAABYAAADh"};
    }
    make_answers();
    contact_encode(&contact, &canonical);
    ews_encode_create(&created, &target, ops, BATCH);
    measure("encode_create", encode_create, BATCH, created.n);
    measure("encode_create_by_libxml2_writer", writer_create, BATCH, created.n);
    measure("copy_of_an_encoded_create", copy_create, BATCH, created.n);
    encode_update();
    measure("encode_update_3_fields", encode_update, BATCH, out.n);
    encode_delete();
    measure("encode_delete", encode_delete, BATCH, out.n);
    measure("read_contact", read_contact, BATCH, canonical.n * BATCH);
    measure("decode_create", decode_create, BATCH, answer.n);
    measure("decode_find_page", decode_page, PAGE, page.n);
    for (size_t i = 0; i < ARRAY_LEN(all); i++)
        str_release(all[i]);
    arena_free(arena);
    return decoded > 0 ? 0 : 1;
}
