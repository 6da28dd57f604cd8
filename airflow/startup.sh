#!/usr/bin/env bash
# What MWAA runs before Airflow starts: it makes dbt's environment, which is not Airflow's.
set -euo pipefail

export DBT_TARGET=redshift
export AIRFLOW__DATAPLATFORM__DBT=/usr/local/airflow/dbt-venv/bin/dbt

# web servers run no task, and reach no package index
if [[ "${MWAA_AIRFLOW_COMPONENT:-}" == worker ]]; then
  python3 -m venv /usr/local/airflow/dbt-venv
  /usr/local/airflow/dbt-venv/bin/pip install --quiet --require-hashes \
    --requirement /usr/local/airflow/dags/dbt-requirements.txt
fi
