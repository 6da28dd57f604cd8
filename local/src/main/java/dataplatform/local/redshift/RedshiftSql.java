package dataplatform.local.redshift;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Redshift's SQL as PostgreSQL takes it. Only what stands here is translated; all else that PostgreSQL does not know, it refuses by itself.
 */
public final class RedshiftSql {
    /** Redshift's system views, as far as they are asked for. */
    static final String SYSTEM_VIEWS = """
            create table if not exists redshift_external_schemas (esoid oid primary key, databasename text, esoptions text);
            create or replace view svv_external_schemas as
              select esoid, nspname as schemaname, databasename, esoptions
              from redshift_external_schemas join pg_namespace on oid = esoid;
            create or replace view svv_roles as
              select oid as role_id, rolname as role_name from pg_roles where not rolcanlogin and rolname not like 'pg\\_%';
            create or replace view svv_user_grants as
              select u.oid as user_id, u.rolname as user_name, r.oid as role_id, r.rolname as role_name
              from pg_auth_members join pg_roles u on u.oid = member and u.rolcanlogin join pg_roles r on r.oid = roleid;
            grant select on svv_external_schemas, svv_roles, svv_user_grants to public""";

    private static final Map<Pattern, String> TRANSLATIONS = new LinkedHashMap<>();

    static {
        // an external schema is one whose tables all may read that may use it
        translate(
                "^create external schema if not exists (\\w+) from data catalog database '(\\w+)' iam_role '([^']+)'$",
                """
                create schema if not exists $1;
                insert into redshift_external_schemas
                  select oid, '$2', '{"IAM_ROLE":"$3"}' from pg_namespace where nspname = '$1' on conflict do nothing;
                alter default privileges in schema $1 grant select on tables to public""");
        translate("^(create user (?:\\w+|\"[^\"]+\")) password disable$", "$1");
        translate("^grant role (\\w+) to (\\w+|\"[^\"]+\")$", "grant $1 to $2");
        translate("^((?:grant|alter default privileges) .* to) role (\\w+)$", "$1 $2");
    }

    private RedshiftSql() {}

    private static void translate(String redshift, String postgres) {
        TRANSLATIONS.put(Pattern.compile(redshift, Pattern.CASE_INSENSITIVE), postgres);
    }

    static String toPostgres(String sql) {
        String line = sql.strip().replaceAll(";$", "").replaceAll("\\s+", " ");
        for (Map.Entry<Pattern, String> translation : TRANSLATIONS.entrySet()) {
            Matcher matcher = translation.getKey().matcher(line);
            if (matcher.matches()) {
                return matcher.replaceFirst(translation.getValue());
            }
        }
        return sql;
    }
}
