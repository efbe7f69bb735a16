-- Rows are only ever added. SQLite and PostgreSQL both take this text.

CREATE TABLE records (
    sequence BIGINT NOT NULL PRIMARY KEY CHECK (sequence > 0),
    previous BIGINT NOT NULL CHECK (previous >= 0 AND previous < sequence),
    previous_seal BYTEA NOT NULL CHECK (length(previous_seal) = 32),
    kind TEXT NOT NULL CHECK (length(kind) <= 1024),
    source TEXT NOT NULL CHECK (length(source) <= 1024),
    name TEXT NOT NULL CHECK (length(name) <= 1024),
    country TEXT CHECK (length(country) <= 1024),
    received_at BIGINT NOT NULL,
    body BYTEA NOT NULL CHECK (length(body) <= 16777216),
    seal BYTEA NOT NULL CHECK (length(seal) = 32)
);

CREATE TABLE audit (
    sequence BIGINT NOT NULL PRIMARY KEY CHECK (sequence > 0),
    at BIGINT NOT NULL,
    actor TEXT NOT NULL CHECK (length(actor) <= 1024),
    event TEXT NOT NULL CHECK (length(event) <= 1024),
    subject TEXT NOT NULL CHECK (length(subject) <= 1024),
    detail TEXT NOT NULL CHECK (length(detail) <= 4096),
    hash BYTEA NOT NULL CHECK (length(hash) = 32)
);

CREATE TABLE lease (
    name TEXT NOT NULL CHECK (length(name) <= 1024),
    token BIGINT NOT NULL CHECK (token > 0),
    holder TEXT NOT NULL CHECK (length(holder) <= 1024),
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (name, token)
);
