-- The three logins of a store in PostgreSQL. Run once in the database of the gateway, as a superuser:
--     psql --dbname lintas --file deploy/postgres.sql
-- then give each login a password (\password lintas_write) or a client certificate. Running it again changes nothing.

DO $$
DECLARE
    login text;
BEGIN
    FOREACH login IN ARRAY ARRAY['lintas_migrate', 'lintas_write', 'lintas_read'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = login) THEN
            EXECUTE format('CREATE ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS', login);
        END IF;
        -- Parameters are the rows; they do not belong into the log of the server, nor into its error messages.
        EXECUTE format('ALTER ROLE %I SET log_parameter_max_length = 0', login);
        EXECUTE format('ALTER ROLE %I SET log_parameter_max_length_on_error = 0', login);
        EXECUTE format('ALTER ROLE %I SET log_error_verbosity = terse', login);
    END LOOP;
    EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO lintas_migrate, lintas_write, lintas_read', current_database());
END
$$;

-- lintas_migrate owns the tables; the gateway never uses it.
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE, CREATE ON SCHEMA public TO lintas_migrate;
-- lintas_write may read and add, as the migrations grant it; lintas_read may read.
GRANT USAGE ON SCHEMA public TO lintas_write, lintas_read;
