#!/bin/bash
# Makes a new machine the one that Airflow runs on: Amazon Linux 2023, as root. Before this text the launch template sets
#   ENVIRONMENT, SPARK, WAREHOUSE, WEB_EVENTS as DAGs are told them
#   OPENLINEAGE_URL          who is told what is read and written; may be empty
#   BUNDLE_ZIP, PROGRAMS_ZIP addresses in S3: of DAGs and locked requirements, and of this folder
#   HEARTBEAT                name of the parameter
#   LOGS                     address in S3
#   AWS_DEFAULT_REGION
# If a step fails, the parameter says which, and the machine is shut down, which terminates it. All steps can run again.
set -euo pipefail
home=${AIRFLOW_ROOT:-/opt/airflow}
mkdir -p "$home/data"
cd "$home"
exec > >(tee -a user-data.log) 2>&1

instance=unknown
step() {
  step=$1
  echo "$(date -u +%FT%TZ) $step"
}
finish() {
  local code=$?
  ((code)) || return 0
  # each for itself: what has failed may be what they need
  set +e
  echo "$(date -u +%FT%TZ) FAILED (exit code $code): $step"
  aws ssm put-parameter --name "$HEARTBEAT" --type String --overwrite \
    --value "{\"instance\": \"$instance\", \"at\": \"$(date -u +%FT%TZ)\", \"failed\": \"$step\"}"
  aws s3 cp --only-show-errors user-data.log "$LOGS/$instance/user-data.log"
  shutdown -h now
}
trap finish EXIT

step 'find out which instance this is'
instance=$(cloud-init query instance_id)

step 'add swap'
# Airflow takes up to 3 of the 4 GB; dbt comes on top
if [[ ! -e swap ]]; then
  fallocate -l 2G swap
  chmod 600 swap
  mkswap swap
  swapon "$home/swap"
fi

step 'install Python'
dnf install --assumeyes --quiet python3.12

step 'fetch the DAGs'
aws s3 cp --only-show-errors "$BUNDLE_ZIP" bundle.zip
aws s3 cp --only-show-errors "$PROGRAMS_ZIP" instance.zip
for archive in bundle instance; do
  rm -rf "$archive"
  python3.12 -m zipfile -e "$archive.zip" "$archive"
done

step 'install uv'
python3.12 -m venv uv
uv/bin/pip install --quiet --disable-pip-version-check --require-hashes --requirement instance/uv.txt
export UV_PYTHON_DOWNLOADS=never
install_locked() {
  uv/bin/uv venv --quiet --allow-existing --python "$(command -v python3.12)" "$1"
  uv/bin/uv pip install --quiet --compile-bytecode --python "$1/bin/python" --require-hashes --requirement "$2"
}

step 'install Airflow'
install_locked venv bundle/requirements.txt

step 'install dbt'
install_locked dbt bundle/dags/dbt-requirements.txt

step 'configure Airflow'
id airflow >/dev/null 2>&1 || useradd --system --home-dir "$home/data" --shell /sbin/nologin airflow
cat >environment <<END
HOME=$home/data
AIRFLOW_HOME=$home/data
AWS_DEFAULT_REGION=$AWS_DEFAULT_REGION
INSTANCE_ID=$instance
HEARTBEAT_PARAMETER=$HEARTBEAT
AIRFLOW__API__HOST=127.0.0.1
AIRFLOW__API__WORKERS=1
AIRFLOW__CORE__DAGS_FOLDER=$home/bundle/dags
AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION=False
AIRFLOW__CORE__EXECUTOR=LocalExecutor
AIRFLOW__CORE__LOAD_EXAMPLES=False
AIRFLOW__CORE__PARALLELISM=4
AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS=True
AIRFLOW__LOGGING__REMOTE_LOGGING=True
AIRFLOW__LOGGING__REMOTE_LOG_CONN_ID=aws_default
AIRFLOW__LOGGING__REMOTE_BASE_LOG_FOLDER=$LOGS/$instance
AIRFLOW_CONN_AWS_DEFAULT=aws://
AIRFLOW__DATAPLATFORM__ENVIRONMENT=$ENVIRONMENT
AIRFLOW__DATAPLATFORM__SPARK=$SPARK
AIRFLOW__DATAPLATFORM__WAREHOUSE=$WAREHOUSE
AIRFLOW__DATAPLATFORM__WEB_EVENTS=$WEB_EVENTS
AIRFLOW__OPENLINEAGE__NAMESPACE=dataplatform-$ENVIRONMENT
OPENLINEAGE_URL=$OPENLINEAGE_URL
AIRFLOW__DATAPLATFORM__DBT=$home/dbt/bin/dbt
DBT_TARGET=redshift
PYTHONPATH=$home/bundle/dags
END
chown -R airflow: data
set -a
# shellcheck source=/dev/null
source environment
set +a

step 'make the database'
runuser -u airflow -- venv/bin/airflow db migrate
# readers then do not wait for a writer; the database keeps it
runuser -u airflow -- venv/bin/python -c 'import sqlite3, sys; sqlite3.connect(sys.argv[1]).execute("pragma journal_mode=wal")' data/airflow.db

step 'start Airflow'
systemctl link "$home"/instance/*.service "$home"/instance/*.timer
systemctl start airflow@{api-server,scheduler,dag-processor,triggerer}.service

step 'wait until Airflow is healthy'
for attempt in {1..60}; do
  # the first heartbeat
  if runuser -u airflow -- venv/bin/python instance/heartbeat.py; then
    break
  fi
  ((attempt < 60))
  sleep 5
done
systemctl start airflow-heartbeat.timer
echo "$(date -u +%FT%TZ) Airflow is up"
