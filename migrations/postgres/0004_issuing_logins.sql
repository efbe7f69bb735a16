-- What the logins of deploy/postgres.sql may do with what issuing keeps. Nobody but the owner may change a row; what holds
-- personal data is removed by whoever wrote it.

REVOKE ALL ON event, waiting, receipt, held, issued FROM PUBLIC;
GRANT SELECT, INSERT ON event, issued TO lintas_write;
GRANT SELECT, INSERT, DELETE ON waiting, receipt, held TO lintas_write;
GRANT SELECT ON event, waiting, receipt, held, issued TO lintas_read;
