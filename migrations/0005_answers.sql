-- What changing requests under a key of the caller's own were answered, encrypted; erased. An empty body says that the request is
-- still being done. A slot is an HMAC over caller, route and key. SQLite and PostgreSQL both take this text.

CREATE TABLE answer (
    slot BYTEA NOT NULL PRIMARY KEY CHECK (length(slot) = 32),
    request BYTEA NOT NULL CHECK (length(request) = 32),
    attempt BYTEA NOT NULL CHECK (length(attempt) = 16),
    body BYTEA NOT NULL CHECK (length(body) <= 270336),
    until BIGINT NOT NULL,
    seal BYTEA NOT NULL CHECK (length(seal) = 32)
);
CREATE INDEX answer_until ON answer (until);
