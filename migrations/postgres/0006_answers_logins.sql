-- What the logins of deploy/postgres.sql may do with answers: nobody but the owner may change a row, whoever wrote it removes it.

REVOKE ALL ON answer FROM PUBLIC;
GRANT SELECT, INSERT, DELETE ON answer TO lintas_write;
GRANT SELECT ON answer TO lintas_read;
