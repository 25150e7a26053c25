#include <stdio.h>
#include <string.h>

#include "tests/sim/exchange/sx_p.h"

static const char *const versions[] = {
    "Exchange2007", "Exchange2007_SP1", "Exchange2010", "Exchange2010_SP1", "Exchange2010_SP2",
    "Exchange2013", "Exchange2013_SP1", "Exchange2015", "Exchange2016",     "V2015_10_05",
    "V2016_01_06",  "V2016_04_13",      "V2016_07_13",  "V2016_10_10",      "V2017_01_07",
    "V2017_04_14",  "V2017_07_11"};

static int version_rank(const char *version)
{
    for (size_t i = 0; i < ARRAY_LEN(versions); i++) {
        if (strcmp(versions[i], version) == 0)
            return (int)i;
    }
    return -1;
}

bool sx_version_known(const char *version, const char *newest)
{
    int rank = version_rank(version);
    return rank >= 0 && rank <= version_rank(newest);
}

bool sx_version_old(const char *version)
{
    return !version || version_rank(version) < version_rank("Exchange2010");
}

/* The schema goes by the version that is asked for: contact photos are of 2010. @source
 * jamesiarmes/php-ews#322; FileAttachment, HasPicture ("introduced in Exchange Server 2010") */
bool sx_version_2007_check(const xmlNode *n, struct sx_fail *fail)
{
    const char *uri = sx_attr(n, "FieldURI");
    if (sx_is(n, SX_NS_T, "IsContactPhoto") || (uri && strcmp(uri, "contacts:HasPicture") == 0)) {
        sx_refuse(fail, "ErrorSchemaValidation",
                  "The request failed schema validation: %.40s is not known to Exchange 2007.",
                  uri ? uri : (const char *)n->name);
        snprintf(fail->xml, sizeof(fail->xml),
                 "<t:Value Name=\"LineNumber\">%ld</t:Value>"
                 "<t:Value Name=\"LinePosition\">1</t:Value>",
                 xmlGetLineNo(n));
        return false;
    }
    for (const xmlNode *c = sx_first(n); c; c = sx_next(c)) {
        if (!sx_version_2007_check(c, fail))
            return false;
    }
    return true;
}

static bool
read_impersonation(const xmlNode *n, struct arena *a, struct sx_header *ret, struct sx_fail *fail)
{
    const xmlNode *sid = sx_child(n, "ConnectingSID"), *who = sx_first(sid);
    if (!who || sx_next(who))
        return sx_refuse(fail, "ErrorInvalidExchangeImpersonationHeaderData",
                         "ConnectingSID holds exactly one identity.");
    ret->sid_kind = (const char *)who->name;
    ret->sid_value = sx_text(who, a);
    return true;
}

static bool
read_header(const xmlNode *header, struct arena *a, struct sx_header *ret, struct sx_fail *fail)
{
    for (const xmlNode *n = sx_first(header); n; n = sx_next(n)) {
        bool version = sx_is(n, SX_NS_T, "RequestServerVersion");
        bool impersonation = sx_is(n, SX_NS_T, "ExchangeImpersonation");
        if ((version && ret->version) || (impersonation && ret->sid_kind))
            return sx_refuse(fail, "ErrorDuplicateSOAPHeader", "A SOAP header stands twice.");
        if (version)
            ret->version = sx_attr(n, "Version");
        if (impersonation && !read_impersonation(n, a, ret, fail))
            return false;
    }
    return true;
}

bool sx_soap_read(const xmlDoc *doc,
                  struct arena *a,
                  struct sx_header *ret,
                  const xmlNode **ret_body,
                  struct sx_fail *fail)
{
    const xmlNode *root = xmlDocGetRootElement(doc), *header = sx_first(root), *body = header;
    if (sx_is(header, SX_NS_SOAP, "Header")) {
        if (!read_header(header, a, ret, fail))
            return false;
        body = sx_next(header);
    }
    if (!sx_is(body, SX_NS_SOAP, "Body") || sx_children(body) != 1)
        return sx_refuse(fail, "ErrorInvalidRequest", "The body holds exactly one operation.");
    *ret_body = sx_first(body);
    return true;
}

void sx_soap_open(struct str *out, const char *op)
{
    str_puts(out, "<?xml version=\"1.0\" encoding=\"utf-8\"?>"
                  "<s:Envelope xmlns:s=\"" SX_NS_SOAP "\" xmlns:m=\"" SX_NS_M
                  "\" xmlns:t=\"" SX_NS_T "\">"
                  "<s:Header><t:ServerVersionInfo MajorVersion=\"15\" MinorVersion=\"2\" "
                  "MajorBuildNumber=\"1544\" MinorBuildNumber=\"4\" "
                  "Version=\"V2017_07_11\"/></s:Header><s:Body>");
    str_addf(out, "<m:%sResponse><m:ResponseMessages>", op);
}

void sx_soap_close(struct str *out, const char *op)
{
    str_addf(out, "</m:ResponseMessages></m:%sResponse></s:Body></s:Envelope>", op);
}

void sx_soap_fault(struct str *out, const struct sx_fail *fail)
{
    str_puts(out, "<?xml version=\"1.0\" encoding=\"utf-8\"?><s:Envelope xmlns:s=\"" SX_NS_SOAP
                  "\"><s:Body><s:Fault>");
    str_addf(out,
             "<faultcode xmlns:a=\"" SX_NS_T "\">a:%s</faultcode><faultstring xml:lang=\"en-US\">",
             fail->code);
    sx_escape(out, fail->text);
    str_addf(out,
             "</faultstring><detail><e:ResponseCode xmlns:e=\"" SX_NS_ERRORS
             "\">%s</e:ResponseCode><e:Message xmlns:e=\"" SX_NS_ERRORS "\">",
             fail->code);
    sx_escape(out, fail->text);
    str_puts(out, "</e:Message>");
    if (fail->xml[0])
        str_addf(out, "<t:MessageXml xmlns:t=\"" SX_NS_T "\">%s</t:MessageXml>", fail->xml);
    str_puts(out, "</detail></s:Fault></s:Body></s:Envelope>");
}
