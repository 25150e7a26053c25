-- What Exchange does not take of a contact.
ALTER TABLE link ADD COLUMN lacks text; -- fields of have (names of common/core/contact.h, by comma) that were refused and left out; null: none
CREATE INDEX link_lacks ON link (mailbox) WHERE lacks IS NOT NULL;
