-- Who makes marts, who asks them, and what shows them.
-- unless: select 1 from svv_roles where role_name = 'loader'
create role loader;

-- unless: select 1 from svv_roles where role_name = 'analyst'
create role analyst;

-- unless: select 1 from svv_roles where role_name = 'dashboard'
create role dashboard;

-- Redshift signs an IAM role in as the user IAMR:<role>: so does Airflow's, with which dbt and UNLOAD run.
-- unless: select 1 from pg_user where usename = ${LoaderUser}
create user "${LoaderUser}" password disable;

-- It has no password until somebody gives it one.
-- unless: select 1 from pg_user where usename = 'metabase'
create user metabase password disable;

-- unless: select 1 from svv_user_grants where user_name = ${LoaderUser} and role_name = 'loader'
grant role loader to "${LoaderUser}";

-- unless: select 1 from svv_user_grants where user_name = 'metabase' and role_name = 'dashboard'
grant role dashboard to metabase;
