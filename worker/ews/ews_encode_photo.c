#include "worker/ews/ews_encode_photo.h"

#include "common/base/digest.h"

#include "worker/ews/ews_encode_p.h"

void ews_encode_get_attachments(struct str *out,
                                const struct ews_target *t,
                                const struct store_photo *photos,
                                size_t n)
{
    ews_envelope_open(out, t);
    ews_xml_lit(out, "<m:GetItem><m:ItemShape><t:BaseShape>IdOnly</t:BaseShape>"
                     "<t:AdditionalProperties><t:FieldURI FieldURI=\"item:Attachments\"/>"
                     "</t:AdditionalProperties></m:ItemShape><m:ItemIds>");
    for (size_t i = 0; i < n; i++)
        ews_item_element(out, photos[i].item_id, NULL);
    ews_xml_lit(out, "</m:ItemIds></m:GetItem>");
    ews_envelope_close(out);
}

void ews_encode_delete_attachments(struct str *out,
                                   const struct ews_target *t,
                                   const char *const *ids,
                                   size_t n)
{
    ews_envelope_open(out, t);
    ews_xml_lit(out, "<m:DeleteAttachment><m:AttachmentIds>");
    for (size_t i = 0; i < n; i++) {
        ews_xml_lit(out, "<t:AttachmentId Id=\"");
        ews_xml_attr(out, ids[i]);
        ews_xml_lit(out, "\"/>");
    }
    ews_xml_lit(out, "</m:AttachmentIds></m:DeleteAttachment>");
    ews_envelope_close(out);
}

void ews_encode_create_photo(struct str *out,
                             const struct ews_target *t,
                             const struct store_photo *photo,
                             const char *change_key)
{
    ews_envelope_open(out, t);
    ews_xml_lit(out, "<m:CreateAttachment><m:ParentItemId Id=\"");
    ews_xml_attr(out, photo->item_id);
    if (change_key) {
        ews_xml_lit(out, "\" ChangeKey=\"");
        ews_xml_attr(out, change_key);
    }
    ews_xml_lit(out, "\"/><m:Attachments><t:FileAttachment><t:Name>ContactPicture.jpg</t:Name>"
                     "<t:ContentType>image/jpeg</t:ContentType><t:ContentId>" EWS_PHOTO_MARK);
    ews_xml_text(out, photo->mark);
    ews_xml_lit(out, "</t:ContentId><t:IsContactPhoto>true</t:IsContactPhoto><t:Content>");
    base64_encode(out, photo->jpeg, photo->len);
    ews_xml_lit(out, "</t:Content></t:FileAttachment></m:Attachments></m:CreateAttachment>");
    ews_envelope_close(out);
}
