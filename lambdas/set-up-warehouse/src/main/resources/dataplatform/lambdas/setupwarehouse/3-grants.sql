revoke create on schema public from public;

-- In an external schema who may use the schema may read its tables.
grant usage on schema data_lake_silver to role loader;

grant usage, create on schema staging to role loader;

grant usage, create on schema marts to role loader;

grant usage on schema marts to role analyst;

grant usage on schema marts to role dashboard;

-- The marts that are there, and those that Airflow makes later.
grant select on all tables in schema marts to role analyst;

grant select on all tables in schema marts to role dashboard;

alter default privileges for user "${LoaderUser}" in schema marts grant select on tables to role analyst;

alter default privileges for user "${LoaderUser}" in schema marts grant select on tables to role dashboard;
