#!/usr/bin/env bash
# What MWAA sources before Airflow starts: it makes dbt's environment, which is not Airflow's. It shares MWAA's shell: nothing here
# may end that or set its options, or Airflow starts without what MWAA exports after this. After five minutes MWAA ends it, and the worker.

export DBT_TARGET=redshift
export AIRFLOW__DATAPLATFORM__DBT=/usr/local/airflow/dbt-venv/bin/dbt

# web servers run no task, and reach no package index
if [[ "${MWAA_AIRFLOW_COMPONENT:-}" == worker ]]; then
  if python3 -m venv /usr/local/airflow/dbt-venv &&
    timeout 200 /usr/local/airflow/dbt-venv/bin/pip install --quiet --require-hashes \
      --requirement /usr/local/airflow/dags/dbt-requirements.txt; then
    echo 'dbt is installed'
  else
    echo 'dbt could NOT be installed: every dbt_build fails on this worker; see above, then update the environment' >&2
  fi
fi
