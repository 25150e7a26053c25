-- Signing in to Exchange: what all workers know of an account together, and what a mailbox's server understands.

CREATE TABLE login (                       -- one row per account and password: no account is locked by us (common/port/login.h)
    account     text NOT NULL,             -- login name and host, as configured
    secret      text NOT NULL,             -- fingerprint of the password, of no use to guess it by
    refusals    integer NOT NULL DEFAULT 0, -- in a row
    stopped     boolean NOT NULL DEFAULT false, -- refused twice: nobody logs in until somebody says so
    proven_at   timestamptz,               -- last accepted; null: not since the last refusal
    trier       text,                      -- the one worker that tries while it is not proven ...
    try_until   timestamptz,               -- ... and until when it is waited for
    changed_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (account, secret)
);

ALTER TABLE mailbox ADD COLUMN request_version text; -- RequestServerVersion that its server takes; null: the setting's
