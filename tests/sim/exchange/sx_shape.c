#include "tests/sim/exchange/sx_shape.h"

#include <stdio.h>
#include <string.h>

#include "common/base/text.h"
#include "common/base/tm.h"

#include "tests/sim/exchange/sx_store.h"

enum { FIND_MAX_CHARS = 255 };

/* Default and AllProperties: everything stored; AllProperties adds the body and what the server
 * computes. */
static void want_base(struct sx_shape *s, const char *base)
{
    bool all = strcmp(base, "AllProperties") == 0;
    for (int f = 0; f < sx_field_count() && strcmp(base, "IdOnly") != 0; f++) {
        enum sx_kind kind = sx_field_at(f)->kind;
        s->want[f] = kind != SX_COMPUTED && kind != SX_DIRECTORY && (all || kind != SX_BODY);
        if (all && kind == SX_COMPUTED)
            s->want[f] = strcmp(sx_field_at(f)->name, "MimeContent") != 0;
    }
}

static bool want_path(struct sx_shape *s, const struct sx_path *p, struct sx_fail *fail)
{
    switch (p->kind) {
    case SX_PATH_FIELD:
        s->want[p->field] = true;
        break;
    case SX_PATH_INDEXED:
        s->indexed[s->n_indexed++] = p->code;
        break;
    case SX_PATH_EXTENDED:
        s->extended[s->n_extended++] = *p;
        break;
    case SX_PATH_FOLDER:
        sx_refuse(fail, "ErrorInvalidPropertyRequest", "A folder's property was asked of an item.");
        sx_path_blame(fail, p);
        return false;
    case SX_PATH_OTHER:
        break;
    }
    return true;
}

bool sx_shape_read(
    const xmlNode *shape, bool finding, struct arena *a, struct sx_shape *ret, struct sx_fail *fail)
{
    ret->finding = finding;
    want_base(ret, sx_text(sx_child(shape, "BaseShape"), a));
    const xmlNode *extra = sx_child(shape, "AdditionalProperties");
    ret->indexed = arena_alloc(a, (sx_children(extra) + 1) * sizeof(*ret->indexed));
    ret->extended = arena_alloc(a, (sx_children(extra) + 1) * sizeof(*ret->extended));
    for (const xmlNode *n = sx_first(extra); n; n = sx_next(n)) {
        struct sx_path p;
        if (!sx_path_read(n, a, &p, fail) || !want_path(ret, &p, fail))
            return false;
    }
    int body = sx_field_by_name("Body"), text_body = sx_field_by_name("TextBody");
    if (finding && (ret->want[body] || ret->want[text_body]) && extra)
        ret->want[body] = ret->want[text_body] = false; /* a find never returns bodies */
    return true;
}

void sx_item_id_write(struct str *out, const struct sx_item *it)
{
    char key[SX_CHANGE_KEY];
    sx_item_change_key(it, key);
    str_puts(out, "<t:ItemId Id=\"");
    str_puts(out, it->id);
    str_puts(out, "\" ChangeKey=\"");
    str_puts(out, key);
    str_puts(out, "\"/>");
}

static const char *text_of(const struct sx_item *it, const char *name)
{
    return sx_content_get(&it->content, SX_CODE(sx_field_by_name(name), 0, 0));
}

static void write_complete_name(struct str *out, const struct sx_item *it)
{
    str_puts(out, "<t:CompleteName>");
    sx_element(out, "Title", sx_content_extended(&it->content, SX_TITLE_TAG));
    sx_element(out, "FirstName", text_of(it, "GivenName"));
    sx_element(out, "MiddleName", text_of(it, "MiddleName"));
    sx_element(out, "LastName", text_of(it, "Surname"));
    sx_element(out, "Suffix", text_of(it, "Generation"));
    sx_element(out, "Initials", text_of(it, "Initials"));
    sx_element(out, "FullName", text_of(it, "DisplayName"));
    sx_element(out, "Nickname", text_of(it, "Nickname"));
    str_puts(out, "</t:CompleteName>");
}

static size_t size_of(const struct sx_item *it)
{
    size_t n = 512;
    sx_foreach(v, &it->content.values) n += strlen(v->text) + 16;
    sx_foreach(x, &it->content.extended) n += strlen(x->text) + 64;
    sx_foreach(a, &it->attachments)
    {
        size_t bytes;
        sx_attachment_bytes(a, &bytes);
        n += bytes;
    }
    return n;
}

static const char rights[] =
    "<t:EffectiveRights><t:CreateAssociated>false</t:CreateAssociated>"
    "<t:CreateContents>false</t:CreateContents><t:CreateHierarchy>false</t:CreateHierarchy>"
    "<t:Delete>true</t:Delete><t:Modify>true</t:Modify><t:Read>true</t:Read>"
    "<t:ViewPrivateItems>true</t:ViewPrivateItems></t:EffectiveRights>";

static bool write_dates(struct str *out, const struct sx_item *it, const char *name)
{
    if (strcmp(name, "DateTimeReceived") == 0 || strcmp(name, "DateTimeSent") == 0 ||
        strcmp(name, "DateTimeCreated") == 0)
        sx_date(out, name, it->created_ms);
    else if (strcmp(name, "LastModifiedTime") == 0)
        sx_date(out, name, it->modified_ms);
    else
        return false;
    return true;
}

static void write_flag(struct str *out, const struct sx_item *it, const char *name)
{
    if (strcmp(name, "HasAttachments") == 0)
        sx_element(out, name, sx_item_has_attachments(it) ? "true" : "false");
    else if (strcmp(name, "HasPicture") == 0)
        sx_element(out, name, sx_item_has_picture(it) ? "true" : "false");
    else if (sx_one_of("IsSubmitted|IsDraft|IsFromMe|IsResend|IsUnmodified|IsAssociated", name))
        sx_element(out, name, "false");
}

static void write_computed(struct str *out, const struct sx_item *it, const char *name)
{
    if (write_dates(out, it, name))
        return;
    if (strcmp(name, "ParentFolderId") == 0)
        str_addf(out, "<t:ParentFolderId Id=\"%s\" ChangeKey=\"AQAAAA==\"/>", it->folder->id);
    else if (strcmp(name, "Size") == 0)
        str_addf(out, "<t:Size>%zu</t:Size>", size_of(it));
    else if (strcmp(name, "EffectiveRights") == 0)
        str_puts(out, rights);
    else if (strcmp(name, "CompleteName") == 0)
        write_complete_name(out, it);
    else if (strcmp(name, "ContactSource") == 0)
        sx_element(out, name, "Store");
    else if (strcmp(name, "LastModifiedName") == 0)
        sx_element(out, name, it->folder->mailbox->address);
    else
        write_flag(out, it, name);
}

void sx_attachment_write(struct str *out,
                         const struct sx_item *it,
                         const struct sx_attachment *a,
                         bool old,
                         bool with_content)
{
    size_t n;
    const uint8_t *bytes = sx_attachment_bytes(a, &n);
    str_puts(out, "<t:FileAttachment><t:AttachmentId Id=\"");
    sx_attachment_id(out, it, a);
    str_puts(out, "\"/>");
    sx_element(out, "Name", a->name);
    sx_element(out, "ContentType", a->content_type);
    sx_element(out, "ContentId", a->content_id);
    sx_element(out, "ContentLocation", a->location);
    if (!old) {
        str_addf(out, "<t:Size>%zu</t:Size>", n);
        sx_date(out, "LastModifiedTime", a->modified_ms);
        sx_element(out, "IsInline", a->is_inline ? "true" : "false");
        sx_element(out, "IsContactPhoto", a->photo ? "true" : "false");
    }
    if (with_content) {
        str_puts(out, "<t:Content>");
        base64_encode(out, bytes, n);
        str_puts(out, "</t:Content>");
    }
    str_puts(out, "</t:FileAttachment>");
}

/* An empty list does not appear. */
static void write_attachments(struct str *out, const struct sx_item *it, const struct sx_shape *s)
{
    if (s->finding || it->attachments.n == 0)
        return;
    str_puts(out, "<t:Attachments>");
    sx_foreach(a, &it->attachments) sx_attachment_write(out, it, a, s->old, false);
    str_puts(out, "</t:Attachments>");
}

static void
write_text(struct str *out, const struct sx_shape *s, const char *name, const char *text)
{
    size_t keep = 0, chars = 0;
    for (; s->finding && text[keep] && chars <= FIND_MAX_CHARS; keep++)
        chars += ((unsigned char)text[keep] & 0xc0) != 0x80;
    if (s->finding && chars > FIND_MAX_CHARS) {
        autofree char *cut = xstrndup(text, keep - 1);
        sx_element(out, name, cut);
    } else {
        sx_element(out, name, text);
    }
}

static bool entry_wanted(const struct sx_shape *s, uint32_t code)
{
    if (s->want[SX_CODE_FIELD(code)])
        return true;
    bool email = sx_field_at(SX_CODE_FIELD(code))->kind == SX_EMAILS;
    for (const uint32_t *want = s->indexed; want < s->indexed + s->n_indexed; want++) {
        if (*want == code || (email && *want >> 8 == code >> 8))
            return true;
    }
    return false;
}

static void write_email_attributes(struct str *out, const struct sx_item *it, uint32_t code)
{
    for (int sub = 1; sx_email_attribute(sub); sub++) {
        const char *value = sx_content_get(&it->content, code + (uint32_t)sub);
        if (!value)
            continue;
        str_addf(out, " %s=\"", sx_email_attribute(sub));
        sx_escape(out, value);
        str_putc(out, '"');
    }
}

/* One entry of a dictionary: the values [i, end) that share a key. */
static void write_entry(
    struct str *out, const struct sx_item *it, const struct sx_shape *s, size_t i, size_t end)
{
    const struct sx_value *v = &it->content.values.v[i];
    int field = SX_CODE_FIELD(v->code);
    enum sx_kind kind = sx_field_at(field)->kind;
    str_addf(out, "<t:Entry Key=\"%s\"", sx_field_key_name(field, SX_CODE_KEY(v->code)));
    if (kind == SX_EMAILS)
        write_email_attributes(out, it, v->code & ~0xffu);
    str_putc(out, '>');
    for (; i < end; i++) {
        v = &it->content.values.v[i];
        if (kind == SX_ADDRESSES && entry_wanted(s, v->code))
            sx_element(out, sx_address_part_name(SX_CODE_SUB(v->code)), v->text);
        else if (kind != SX_ADDRESSES && SX_CODE_SUB(v->code) == 0)
            sx_escape(out, v->text);
    }
    str_puts(out, "</t:Entry>");
}

static void
write_dictionary(struct str *out, const struct sx_item *it, const struct sx_shape *s, int field)
{
    size_t first, end;
    bool open = false;
    sx_content_range(&it->content, field, &first, &end);
    for (size_t i = first, next; i < end; i = next) {
        const struct sx_value *v = it->content.values.v;
        bool wanted = false;
        for (next = i; next < end && v[next].code >> 8 == v[i].code >> 8; next++)
            wanted |= entry_wanted(s, v[next].code);
        if (!wanted)
            continue;
        if (!open)
            str_addf(out, "<t:%s>", sx_field_at(field)->name);
        open = true;
        write_entry(out, it, s, i, next);
    }
    if (open)
        str_addf(out, "</t:%s>", sx_field_at(field)->name);
}

static void write_list(struct str *out, const struct sx_item *it, int field)
{
    size_t first, end;
    sx_content_range(&it->content, field, &first, &end);
    if (first == end)
        return;
    str_addf(out, "<t:%s>", sx_field_at(field)->name);
    for (; first < end; first++)
        sx_element(out, "String", it->content.values.v[first].text);
    str_addf(out, "</t:%s>", sx_field_at(field)->name);
}

static void write_body(struct str *out, const struct sx_item *it, int field)
{
    const char *text = sx_content_get(&it->content, SX_CODE(field, 0, 0));
    const char *type = sx_content_get(&it->content, SX_CODE(field, 0, 1));
    str_addf(out, "<t:Body BodyType=\"%s\">", type ? type : "Text");
    sx_escape(out, text ? text : "");
    str_puts(out, "</t:Body>");
}

static void write_extended(struct str *out, const struct sx_item *it, const struct sx_shape *s)
{
    for (const struct sx_path *p = s->extended; p < s->extended + s->n_extended; p++) {
        const char *value = sx_content_extended(&it->content, p->extended);
        if (value && s->finding && strcmp(p->type, "String") == 0) {
            autofree char *cut = xstrndup(value, text_cut(value, strlen(value), FIND_MAX_CHARS));
            sx_extended_write(out, p, cut);
        } else if (value) {
            sx_extended_write(out, p, value);
        }
    }
}

static const char *default_of(const char *name)
{
    if (strcmp(name, "ItemClass") == 0)
        return "IPM.Contact";
    if (strcmp(name, "Sensitivity") == 0 || strcmp(name, "Importance") == 0)
        return "Normal";
    return strcmp(name, "Culture") == 0 ? "en-US" : NULL;
}

static void
write_field(struct str *out, const struct sx_item *it, const struct sx_shape *s, int field)
{
    const struct sx_field *f = sx_field_at(field);
    const char *text;
    switch (f->kind) {
    case SX_COMPUTED:
        if (strcmp(f->name, "Attachments") == 0)
            write_attachments(out, it, s);
        else if (strcmp(f->name, "HasPicture") != 0 || !s->old)
            write_computed(out, it, f->name);
        break;
    case SX_LIST:
        write_list(out, it, field);
        break;
    case SX_BODY:
        write_body(out, it, field);
        break;
    case SX_DIRECTORY:
        break;
    default:
        text = sx_content_get(&it->content, SX_CODE(field, 0, 0));
        if (!text)
            text = default_of(f->name);
        if (text)
            write_text(out, s, f->name, text);
        break;
    }
}

void sx_item_write(struct str *out, const struct sx_item *it, const struct sx_shape *s)
{
    str_puts(out, "<t:Contact>");
    for (int f = 0; f < sx_field_count(); f++) {
        switch (sx_field_at(f)->kind) {
        case SX_EXTENDED:
            write_extended(out, it, s);
            break;
        case SX_EMAILS:
        case SX_ADDRESSES:
        case SX_PHONES:
        case SX_IMS:
            write_dictionary(out, it, s, f);
            break;
        default:
            if (strcmp(sx_field_at(f)->name, "ItemId") == 0)
                sx_item_id_write(out, it);
            else if (s->want[f])
                write_field(out, it, s, f);
            break;
        }
    }
    str_puts(out, "</t:Contact>");
}

const char *sx_item_value(const struct sx_item *it, const struct sx_path *p, char *scratch)
{
    if (p->kind == SX_PATH_EXTENDED)
        return sx_content_extended(&it->content, p->extended);
    if (p->kind == SX_PATH_INDEXED)
        return sx_content_get(&it->content, p->code);
    if (p->kind != SX_PATH_FIELD)
        return NULL;
    const char *name = sx_field_at(p->field)->name;
    if (strcmp(name, "DateTimeCreated") == 0 || strcmp(name, "DateTimeReceived") == 0 ||
        strcmp(name, "DateTimeSent") == 0)
        return tm_format_utc(it->created_ms, scratch);
    if (strcmp(name, "LastModifiedTime") == 0)
        return tm_format_utc(it->modified_ms, scratch);
    const char *text = sx_content_get(&it->content, SX_CODE(p->field, 0, 0));
    return text ? text : default_of(name);
}
