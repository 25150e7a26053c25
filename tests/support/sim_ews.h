/*
 * sim_ews: hand-written EWS requests for tests of the simulator. No encoder of the product is
 * involved.
 */
#ifndef SYNC_TEST_SIM_EWS_H
#define SYNC_TEST_SIM_EWS_H

#include "tests/support/sim_client.h"

#define SIM_EWS_NS_SOAP "http://schemas.xmlsoap.org/soap/envelope/"
#define SIM_EWS_NS_M    "http://schemas.microsoft.com/exchange/services/2006/messages"
#define SIM_EWS_NS_T    "http://schemas.microsoft.com/exchange/services/2006/types"
#define SIM_EWS_KEY_PATH                                                                           \
    "<t:ExtendedFieldURI PropertySetId=\"38b99066-ef57-4efc-a07f-0e0f6a97188e\" "                  \
    "PropertyName=\"RockSyncKey\" PropertyType=\"String\"/>"
#define SIM_EWS_CONTACTS "<t:DistinguishedFolderId Id=\"contacts\"/>"

/* The operation in an envelope that impersonates mailbox, by Basic login svc-sync / secret. */
struct sim_reply sim_ews(struct sim_client *c, const char *mailbox, const char *operation);
/* The same with own SOAP headers (XML) instead of version and impersonation. */
struct sim_reply
sim_ews_with(struct sim_client *c, const char *soap_headers, const char *operation);
/* <t:Contact> with key, given name and display name, which need no escaping; caller frees. */
char *sim_ews_contact(const char *key, const char *name);
/* CreateItem of n such contacts ("key-<first>".., "Person <first>"..) in the contacts folder;
 * caller frees. */
char *sim_ews_create(unsigned first, unsigned n);
/* Response code of message i: "NoError"; NULL when there is no such message. Caller frees. */
char *sim_ews_code(const char *body, size_t i);

#endif
