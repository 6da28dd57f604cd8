-- Who makes marts, who asks them, and what shows them.
-- unless: select 1 from svv_roles where role_name = 'loader'
create role loader;

-- unless: select 1 from svv_roles where role_name = 'analyst'
create role analyst;

-- unless: select 1 from svv_roles where role_name = 'dashboard'
create role dashboard;

-- Users without a password log in by IAM's temporary credentials.
-- unless: select 1 from pg_user where usename = 'dbt'
create user dbt password disable;

-- unless: select 1 from pg_user where usename = 'metabase'
create user metabase password disable;

-- unless: select 1 from svv_user_grants where user_name = 'dbt' and role_name = 'loader'
grant role loader to dbt;

-- unless: select 1 from svv_user_grants where user_name = 'metabase' and role_name = 'dashboard'
grant role dashboard to metabase;
