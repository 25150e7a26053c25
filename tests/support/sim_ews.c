#include "tests/support/sim_ews.h"

#include <stdio.h>

#include "common/base/str.h"

enum { MAX_REQUEST = 64 << 20 };

struct sim_reply sim_ews_with(struct sim_client *c, const char *soap_headers, const char *operation)
{
    autovalue(str_release) struct str xml;
    str_init(&xml, MAX_REQUEST);
    str_puts(&xml,
             "<?xml version=\"1.0\" encoding=\"utf-8\"?><s:Envelope xmlns:s=\"" SIM_EWS_NS_SOAP
             "\" xmlns:m=\"" SIM_EWS_NS_M "\" xmlns:t=\"" SIM_EWS_NS_T "\"><s:Header>");
    str_puts(&xml, soap_headers);
    str_puts(&xml, "</s:Header><s:Body>");
    str_puts(&xml, operation);
    str_puts(&xml, "</s:Body></s:Envelope>");
    return sim_client_send(c, "POST", "/EWS/Exchange.asmx",
                           "Content-Type: text/xml; charset=utf-8\n"
                           "Authorization: Basic c3ZjLXN5bmM6c2VjcmV0\n", /* svc-sync:secret */
                           xml.p);
}

struct sim_reply sim_ews(struct sim_client *c, const char *mailbox, const char *operation)
{
    autovalue(str_release) struct str headers;
    str_init(&headers, 4096);
    str_addf(&headers,
             "<t:RequestServerVersion "
             "Version=\"Exchange2013_SP1\"/><t:ExchangeImpersonation><t:ConnectingSID>"
             "<t:PrimarySmtpAddress>%s</t:PrimarySmtpAddress></t:ConnectingSID></"
             "t:ExchangeImpersonation>",
             mailbox);
    return sim_ews_with(c, headers.p, operation);
}

char *sim_ews_contact(const char *key, const char *name)
{
    autovalue(str_release) struct str xml;
    str_init(&xml, MAX_REQUEST);
    str_puts(&xml, "<t:Contact><t:ExtendedProperty>" SIM_EWS_KEY_PATH);
    str_addf(&xml, "<t:Value>%s</t:Value>", key);
    str_puts(&xml, "</t:ExtendedProperty>");
    str_addf(&xml, "<t:DisplayName>%s</t:DisplayName>", name);
    str_addf(&xml, "<t:GivenName>%s</t:GivenName>", name);
    str_puts(&xml, "</t:Contact>");
    return str_steal(&xml);
}

char *sim_ews_create(unsigned first, unsigned n)
{
    autovalue(str_release) struct str xml;
    str_init(&xml, MAX_REQUEST);
    str_puts(&xml, "<m:CreateItem><m:SavedItemFolderId>" SIM_EWS_CONTACTS
                   "</m:SavedItemFolderId><m:Items>");
    for (unsigned i = first; i < first + n; i++) {
        char key[32], name[32];
        snprintf(key, sizeof(key), "key-%u", i);
        snprintf(name, sizeof(name), "Person %u", i);
        autofree char *contact = sim_ews_contact(key, name);
        str_puts(&xml, contact);
    }
    str_puts(&xml, "</m:Items></m:CreateItem>");
    return str_steal(&xml);
}

char *sim_ews_code(const char *body, size_t i)
{
    char *code = sim_between(body, "<m:ResponseCode>", "<", i);
    return code ? code : sim_between(body, "errors\">", "<", i); /* a fault's e:ResponseCode */
}
