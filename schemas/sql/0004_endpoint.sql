-- Where Exchange is for each mailbox (common/port/endpoint_cache.h). Beside mailbox, not in it: a search writes while
-- the lease's owner writes there.
CREATE TABLE endpoint (
    mailbox     bigint PRIMARY KEY REFERENCES mailbox ON DELETE CASCADE,
    url         text,                      -- EWS; null: no search has found one yet
    alt         text,                      -- the other one of internal and external
    found_at    timestamptz,               -- of url
    failed_at   timestamptz,               -- last search that came to nothing since; url stays
    failed_code text
) WITH (fillfactor = 80);

CREATE TABLE autodiscover_site (           -- the Autodiscover URL that answered last for a mail domain
    domain      text PRIMARY KEY,          -- lower case
    url         text NOT NULL,
    found_at    timestamptz NOT NULL DEFAULT now()
);
