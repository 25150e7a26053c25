-- The latest connection attempt to Exchange, for the administration page (setting "trace"); one row, scrubbed
-- (worker/ews/ews_scrub.h).
CREATE TABLE trace (
    one  boolean PRIMARY KEY DEFAULT true CHECK (one),
    at   timestamptz NOT NULL DEFAULT now(),
    body text NOT NULL
);
