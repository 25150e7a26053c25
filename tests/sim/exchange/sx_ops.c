/*
 * What all operations share: the loop over items, response messages, ids.
 */
#include <string.h>
#include <time.h>

#include "tests/sim/exchange/sx_call.h"
#include "tests/sim/exchange/sx_fault_field.h"
#include "tests/sim/exchange/sx_fields.h"
#include "tests/sim/exchange/sx_p.h"
#include "tests/sim/exchange/sx_store.h"

int64_t sx_wall_ms(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_REALTIME, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

const struct sx_op *sx_op_at(size_t i)
{
    const struct sx_op *const tables[] = {sx_item_ops, sx_find_ops, sx_folder_ops,
                                          sx_attachment_ops};
    for (size_t t = 0; t < ARRAY_LEN(tables); t++) {
        for (const struct sx_op *op = tables[t]; op->name; op++) {
            if (i-- == 0)
                return op;
        }
    }
    return NULL;
}

const struct sx_op *sx_op_find(const char *name)
{
    const struct sx_op *op;
    for (size_t i = 0; (op = sx_op_at(i)); i++) {
        if (strcmp(op->name, name) == 0)
            return op;
    }
    return NULL;
}

static void open_message(const struct sx_call *c, const char *cls, struct str *out)
{
    str_addf(out, "<m:%sResponseMessage ResponseClass=\"%s\">", c->op->name, cls);
}

static void close_message(const struct sx_call *c, struct str *out)
{
    str_addf(out, "</m:%sResponseMessage>", c->op->name);
}

void sx_message(const struct sx_call *c,
                const char *cls,
                const struct sx_fail *fail,
                struct str *out)
{
    open_message(c, cls, out);
    str_puts(out, "<m:MessageText>");
    sx_escape(out, fail->text);
    str_addf(out, "</m:MessageText><m:ResponseCode>%s</m:ResponseCode>", fail->code);
    str_puts(out, "<m:DescriptiveLinkKey>0</m:DescriptiveLinkKey>");
    if (fail->xml[0])
        str_addf(out, "<m:MessageXml>%s</m:MessageXml>", fail->xml);
    str_puts(out, c->op->empty);
    close_message(c, out);
}

/* @source ErrorBatchProcessingStopped: the errors that end a batch */
static bool stops_batch(const char *code)
{
    return sx_one_of(
        "ErrorAccessDenied|ErrorAccountDisabled|ErrorADUnavailable|ErrorADOperation|"
        "ErrorConnectionFailed|ErrorMailboxStoreUnavailable|ErrorMailboxMoveInProgress|"
        "ErrorPasswordChangeRequired|ErrorPasswordExpired|ErrorQuotaExceeded|"
        "ErrorInsufficientResources",
        code);
}

static void success(const struct sx_call *c, const struct str *content, struct str *out)
{
    open_message(c, "Success", out);
    str_puts(out, "<m:ResponseCode>NoError</m:ResponseCode>");
    str_add(out, content->p, content->n);
    close_message(c, out);
}

static void injected(const struct sx_call *c, struct sx_fail *fail)
{
    sx_refuse(fail, c->hit.code, "The request was refused by the fault plan.");
    if (c->hit.back_off_ms)
        snprintf(fail->xml, sizeof(fail->xml), "<t:Value Name=\"BackOffMilliseconds\">%u</t:Value>",
                 c->hit.back_off_ms);
}

static bool
do_item(struct sx_call *c, const xmlNode *item, size_t i, struct str *content, struct sx_fail *fail)
{
    if (sx_fault_item(&c->hit, i)) {
        injected(c, fail);
        return false;
    }
    if (sx_fault_field(&c->hit, item, fail))
        return false;
    str_clear(content);
    if (c->op->one(c, item, content, fail))
        return true;
    sx_note_refusal(c->x, c, fail);
    return false;
}

static size_t stop_after(const struct sx_call *c)
{
    bool half = c->hit.kind == SX_FAULT_HALF_BATCH || c->hit.kind == SX_FAULT_HALF_BATCH_DROP;
    return half ? c->items / 2 : SIZE_MAX;
}

/* Does or refuses item i and appends its message. Returns false when the rest must not be tried. */
static bool
run_item(struct sx_call *c, const xmlNode *item, size_t i, struct str *content, struct str *out)
{
    struct sx_fail fail = {0};
    if (do_item(c, item, i, content, &fail)) {
        success(c, content, out);
        return true;
    }
    sx_message(c, "Error", &fail, out);
    return !stops_batch(fail.code);
}

/* One message, in the order of the request, for every item: also for those that were not tried. */
static void run_items(struct sx_call *c, struct str *out)
{
    const xmlNode *item = c->op->list ? sx_first(sx_child(c->body, c->op->list)) : c->body;
    bool going = true;
    struct sx_fail stopped;
    autovalue(str_release) struct str content = STR_INIT(SX_MAX_ANSWER),
                                      unsent = STR_INIT(SX_MAX_ANSWER);
    sx_refuse(&stopped, "ErrorBatchProcessingStopped", "Not processed.");
    for (size_t i = 0; i < c->items; i++, item = sx_next(item)) {
        bool left_out = c->hit.kind == SX_FAULT_WRONG_COUNT && i + 1 == c->items;
        struct str *to = left_out ? &unsent : out;
        going = going && i < stop_after(c);
        if (going)
            going = run_item(c, item, i, &content, to);
        else
            sx_message(c, "Warning", &stopped, to);
    }
}

void sx_run(struct sx_call *c, struct str *out)
{
    struct sx_fail all = {0};
    if (!c->op->prepare || c->op->prepare(c, &all)) {
        run_items(c, out);
        return;
    }
    sx_note_refusal(c->x, c, &all);
    for (size_t i = 0; i < c->items; i++)
        sx_message(c, "Error", &all, out);
}

static bool well_formed_id(const char *id, struct sx_fail *fail)
{
    size_t n = strlen(id);
    if (n == 0)
        return sx_refuse(fail, "ErrorInvalidIdEmpty", "Id must be non-empty.");
    if (n > SX_ID_MAX)
        return sx_refuse(fail, "ErrorInvalidIdMonikerTooLong", "The id is too long.");
    if (strspn(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=_-") != n)
        return sx_refuse(fail, "ErrorInvalidIdMalformed", "Id is malformed.");
    return true;
}

static struct sx_folder *
distinguished(struct sx_call *c, const xmlNode *id, const char *missing, struct sx_fail *fail)
{
    const xmlNode *mailbox = sx_child(id, "Mailbox");
    const char *address = mailbox ? sx_text(sx_child(mailbox, "EmailAddress"), c->arena) : NULL;
    struct sx_mailbox *other = address ? sx_store_find(c->x->store, address) : c->mb;
    if (!other) {
        sx_refuse(fail, "ErrorNonExistentMailbox", "No mailbox with such an address.");
        return NULL;
    }
    if (other != c->mb) {
        sx_refuse(fail, "ErrorAccessDenied",
                  "Access to another mailbox by delegation is not simulated.");
        return NULL;
    }
    struct sx_folder *f = sx_folder_distinguished(c->mb, sx_attr(id, "Id"));
    if (!f)
        sx_refuse(fail, missing, "The specified folder could not be found in the store.");
    return f;
}

struct sx_folder *
sx_call_folder(struct sx_call *c, const xmlNode *id, const char *missing, struct sx_fail *fail)
{
    if (sx_is(id, SX_NS_T, "DistinguishedFolderId"))
        return distinguished(c, id, missing, fail);
    const char *text = sx_attr(id, "Id");
    if (!well_formed_id(text ? text : "", fail))
        return NULL;
    struct sx_folder *f = sx_folder_by_id(c->x->store, text);
    if (f && f->mailbox == c->mb)
        return f;
    sx_refuse(fail, missing, "The specified folder could not be found in the store.");
    return NULL;
}

struct sx_item *sx_call_item(struct sx_call *c, const xmlNode *id, struct sx_fail *fail)
{
    if (!sx_is(id, SX_NS_T, "ItemId")) {
        sx_refuse(fail, "ErrorInvalidId", "Only items with an ItemId are simulated.");
        return NULL;
    }
    return sx_call_item_named(c, sx_attr(id, "Id"), fail);
}

struct sx_item *sx_call_item_named(struct sx_call *c, const char *text, struct sx_fail *fail)
{
    if (!well_formed_id(text ? text : "", fail))
        return NULL;
    if (sx_folder_by_id(c->x->store, text)) {
        sx_refuse(fail, "ErrorCannotUseFolderIdForItemId", "The id is that of a folder.");
        return NULL;
    }
    struct sx_item *it = sx_item_by_id(c->x->store, text);
    if (it && it->folder->mailbox == c->mb)
        return it;
    sx_refuse(fail, "ErrorItemNotFound", "The specified object was not found in the store.");
    return NULL;
}

void sx_folder_ref(struct str *out, const char *element, const struct sx_folder *f)
{
    str_addf(out, "<t:%s Id=\"%s\" ChangeKey=\"AQAAAA==\"/>", element, f->id);
}
