-- Pictures of contacts, in a lane of their own (docs/adr/0019-photo-lane.md). They are no part of want and have.

CREATE TABLE photo (                       -- one row per picture, however many items hold it
    hash        bytea PRIMARY KEY CHECK (length(hash) = 32),
    jpeg        bytea NOT NULL
);
ALTER TABLE photo ALTER COLUMN jpeg SET STORAGE EXTERNAL; -- it is compressed already

CREATE TABLE person_photo (                -- everybody who has a picture in Rock, or had one
    person      bigint PRIMARY KEY REFERENCES person ON DELETE CASCADE,
    ref_id      bigint NOT NULL,           -- which picture Rock names; 0: none any more
    ref_guid    uuid,
    read_at     timestamptz NOT NULL,      -- an older read never overwrites a newer one
    got         boolean NOT NULL,          -- hash is of that picture, or of none since it is of no use
    hash        bytea REFERENCES photo,    -- of the last one that was of use; null: none
    failure     text,                      -- why the last attempt brought nothing
    tries       integer NOT NULL DEFAULT 0,
    retry_at    timestamptz,
    raised      boolean NOT NULL DEFAULT true -- the mailboxes of this person have been told of hash
) WITH (fillfactor = 80);
CREATE INDEX person_photo_open ON person_photo (person) WHERE NOT got;
CREATE INDEX person_photo_told ON person_photo (person) WHERE NOT raised;
CREATE INDEX person_photo_hash ON person_photo (hash) WHERE hash IS NOT NULL;

CREATE TABLE link_photo (                  -- what the item of a link holds by our knowledge
    mailbox     bigint NOT NULL,
    person      bigint NOT NULL,
    item_id     text COLLATE "C" NOT NULL, -- it says nothing of another item
    hash        bytea NOT NULL,            -- '\x': no picture of ours; '\x00': not known, a write may have come through
    left_for    bytea,                     -- for this wish (as hash) there is nothing more to be done, though it is not held ...
    left_code   text,                      -- ... and why: the user's own picture, refused for good
    attempts    integer NOT NULL DEFAULT 0,
    retry_at    timestamptz,
    PRIMARY KEY (mailbox, person),
    FOREIGN KEY (mailbox, person) REFERENCES link ON DELETE CASCADE
) WITH (fillfactor = 80);

ALTER TABLE mailbox
    ADD COLUMN photo_requested bigint NOT NULL DEFAULT 0, -- grows when there may be pictures to write ...
    ADD COLUMN photo_done      bigint NOT NULL DEFAULT 0, -- ... and is followed when there are none
    ADD COLUMN photo_offered_at timestamptz, -- that the queue was told of it last
    ADD COLUMN photo_at        timestamptz,  -- nothing to be done before
    ADD COLUMN photo_flight_until timestamptz; -- until then a picture may still land
CREATE INDEX mailbox_photo ON mailbox (id) WHERE photo_requested > photo_done;

-- Links whose item is right but for its picture. `want`: the hash, '\x' for none. An item that is not the one that is
-- remembered may be the same after a move, with our picture in it: it is looked at.
CREATE VIEW photo_due AS
    SELECT l.mailbox, l.person, l.item_id, l.version, coalesce(p.hash, '\x'::bytea) AS want,
        coalesce(o.attempts, 0) AS attempts, CASE WHEN o.item_id = l.item_id THEN o.retry_at END AS retry_at
    FROM link l JOIN person_photo p ON p.person = l.person
    LEFT JOIN link_photo o ON o.mailbox = l.mailbox AND o.person = l.person
    WHERE l.state = 'active' AND l.item_id IS NOT NULL AND l.want = l.have
    AND coalesce(p.hash, '\x'::bytea) <> CASE WHEN o.person IS NULL OR o.hash = '\x' THEN '\x'::bytea
        WHEN o.item_id = l.item_id THEN o.hash ELSE '\x00' END
    AND (o.item_id = l.item_id AND o.left_for = coalesce(p.hash, '\x'::bytea)) IS NOT TRUE;
