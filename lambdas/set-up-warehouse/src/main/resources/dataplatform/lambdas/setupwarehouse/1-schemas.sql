-- The lake's silver tables through the Glue catalog. To drop an external schema drops no data; what was granted on it, 3-grants.sql grants again.
-- if: select 1 from svv_external_schemas where schemaname = 'data_lake_silver' and (databasename <> ${ExternalDatabase} or position(${SpectrumRoleArn} in esoptions) = 0)
drop schema data_lake_silver;

create external schema if not exists data_lake_silver
from data catalog
database ${ExternalDatabase}
iam_role ${SpectrumRoleArn};

create schema if not exists staging;

create schema if not exists marts;
