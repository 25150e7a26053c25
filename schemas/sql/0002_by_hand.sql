-- What users do with their mailboxes by hand, Clear and Remove, and taking over from the program before this one.
ALTER TABLE mailbox
    ADD COLUMN former_folders text COLLATE "C" NOT NULL DEFAULT '', -- ids the target folder had before, LF-joined: items written for them are ours
    ADD COLUMN clear_requested timestamptz,   -- a Clear and Remove was asked for ...
    ADD COLUMN clear_done    timestamptz,     -- ... and is finished: every write settled, nothing of ours found that is not wanted
    ADD COLUMN clear_offer   bigint,          -- that carried the Clear to the queue last
    ADD COLUMN legacy_marks  bytea,           -- of the contacts that the program before this one made: as they were last seen ...
    ADD COLUMN legacy_since  timestamptz,     -- ... and since when
    ADD COLUMN legacy_count  integer NOT NULL DEFAULT 0;

-- The re-driver asks for these every second.
CREATE INDEX mailbox_clear ON mailbox (id) WHERE clear_requested IS NOT NULL AND clear_done IS NULL;
