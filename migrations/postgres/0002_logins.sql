-- What the logins of deploy/postgres.sql may do. Nobody but the owner may change or remove a row.

REVOKE ALL ON records, audit, lease, _sqlx_migrations FROM PUBLIC;
GRANT SELECT, INSERT ON records, audit, lease TO lintas_write;
GRANT SELECT ON records, audit, lease TO lintas_read;
GRANT SELECT ON _sqlx_migrations TO lintas_write, lintas_read;
