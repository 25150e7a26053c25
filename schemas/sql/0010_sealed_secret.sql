-- Secrets that were given through the database: closed with the workers' public key, read by nobody else (common/app/sealed.h).
CREATE TABLE sealed_secret (
    name      text PRIMARY KEY,                -- of the setting: exchange.password, exchange.oauth_secret
    box       bytea NOT NULL CHECK (length(box) BETWEEN 48 AND 20000),
    given_by  text NOT NULL,                   -- 'cli', or who it was on the pages
    given_at  timestamptz NOT NULL DEFAULT now()
);
