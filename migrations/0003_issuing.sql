-- What issuing keeps. SQLite and PostgreSQL both take this text. An empty lot, or an empty supersedes, says that there is none.
-- A slot is an HMAC: of two rows that would stand for the same, the second is refused, and nobody without the key can take it.

-- One row for each version of an event; kept.
CREATE TABLE event (
    id BYTEA NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    slot BYTEA NOT NULL UNIQUE CHECK (length(slot) = 32),
    source_key BYTEA NOT NULL CHECK (length(source_key) = 32),
    version BIGINT NOT NULL CHECK (version > 0),
    digest BYTEA NOT NULL CHECK (length(digest) = 32),
    action TEXT NOT NULL CHECK (length(action) <= 16),
    purpose TEXT NOT NULL CHECK (length(purpose) <= 16),
    facility TEXT NOT NULL CHECK (length(facility) <= 1024),
    operator TEXT NOT NULL CHECK (length(operator) <= 1024),
    submitted_by TEXT NOT NULL CHECK (length(submitted_by) <= 1024),
    lot TEXT NOT NULL CHECK (length(lot) <= 1024),
    batch TEXT NOT NULL CHECK (length(batch) <= 1024),
    received_at_ms BIGINT NOT NULL,
    supersedes BYTEA NOT NULL CHECK (length(supersedes) IN (0, 16)),
    seal BYTEA NOT NULL CHECK (length(seal) = 32)
);

-- Events without certificates yet, encrypted; erased.
CREATE TABLE waiting (
    event BYTEA NOT NULL PRIMARY KEY CHECK (length(event) = 16),
    received_at_ms BIGINT NOT NULL,
    body BYTEA NOT NULL CHECK (length(body) <= 65536),
    claim_key BYTEA NOT NULL CHECK (length(claim_key) = 32),
    seal BYTEA NOT NULL CHECK (length(seal) = 32)
);
CREATE INDEX waiting_order ON waiting (received_at_ms, event);
CREATE INDEX waiting_claim_key ON waiting (claim_key);

-- Claims for a caller that did not hear the answer, encrypted; erased.
CREATE TABLE receipt (
    event BYTEA NOT NULL PRIMARY KEY CHECK (length(event) = 16),
    claim_again BYTEA NOT NULL CHECK (length(claim_again) <= 1024),
    until BIGINT NOT NULL,
    seal BYTEA NOT NULL CHECK (length(seal) = 32)
);
CREATE INDEX receipt_until ON receipt (until);

-- What holders fetch, encrypted under their claims; erased.
CREATE TABLE held (
    claim_key BYTEA NOT NULL PRIMARY KEY CHECK (length(claim_key) = 32),
    event BYTEA NOT NULL CHECK (length(event) = 16),
    body BYTEA NOT NULL CHECK (length(body) <= 262144),
    until BIGINT NOT NULL,
    seal BYTEA NOT NULL CHECK (length(seal) = 32)
);
CREATE INDEX held_event ON held (event);
CREATE INDEX held_until ON held (until);

-- The register: one row for each certificate; kept.
CREATE TABLE issued (
    number BIGINT NOT NULL PRIMARY KEY CHECK (number > 0),
    slot BYTEA NOT NULL UNIQUE CHECK (length(slot) = 32),
    event BYTEA NOT NULL CHECK (length(event) = 16),
    profile TEXT NOT NULL CHECK (length(profile) <= 16),
    purpose TEXT NOT NULL CHECK (length(purpose) <= 16),
    kid BYTEA NOT NULL CHECK (length(kid) BETWEEN 1 AND 64),
    signature BYTEA NOT NULL CHECK (length(signature) = 16),
    mark BYTEA NOT NULL CHECK (length(mark) = 16),
    uvci BYTEA NOT NULL CHECK (length(uvci) = 16),
    country_uvci BYTEA NOT NULL CHECK (length(country_uvci) = 16),
    issued_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    facility TEXT NOT NULL CHECK (length(facility) <= 1024),
    operator TEXT NOT NULL CHECK (length(operator) <= 1024),
    submitted_by TEXT NOT NULL CHECK (length(submitted_by) <= 1024),
    lot TEXT NOT NULL CHECK (length(lot) <= 1024),
    batch TEXT NOT NULL CHECK (length(batch) <= 1024),
    seal BYTEA NOT NULL CHECK (length(seal) = 32)
);
CREATE INDEX issued_signature ON issued (signature);
CREATE INDEX issued_mark ON issued (mark);
CREATE INDEX issued_uvci ON issued (uvci);
CREATE INDEX issued_country_uvci ON issued (country_uvci);
CREATE INDEX issued_event ON issued (event);
CREATE INDEX issued_kid ON issued (kid, number);
CREATE INDEX issued_facility ON issued (facility, number);
CREATE INDEX issued_operator ON issued (operator, number);
CREATE INDEX issued_submitted_by ON issued (submitted_by, number);
CREATE INDEX issued_lot ON issued (lot, number);
CREATE INDEX issued_batch ON issued (batch, number);
