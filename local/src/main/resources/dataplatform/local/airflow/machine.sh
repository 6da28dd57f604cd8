#!/bin/bash
# What belongs to a machine of Amazon Linux, at the edge of this one: the file stands under the name of each command. It writes down how it was called, and
# fails if it is the one that FAIL names.
set -euo pipefail
name=${0##*/}
echo "$name $*" >>"$AIRFLOW_ROOT/calls"
if [[ "$name $*" == "${FAIL:-nothing}"* ]]; then
  echo "$name fails" >&2
  exit 1
fi
case $name in
  cloud-init) echo "$MACHINE_INSTANCE" ;;
  fallocate) touch "$3" ;;
  dnf) ln -sf "$MACHINE_PYTHON" "${0%/*}/python3.12" ;;
  runuser) exec "${@:4}" ;;
  systemctl)
    [[ $1 == start && $2 == airflow@* ]] || exit 0
    for service in "${@:2}"; do
      part=${service#airflow@}
      part=${part%.service}
      setsid "$AIRFLOW_ROOT/venv/bin/airflow" "$part" >"$AIRFLOW_ROOT/$part.log" 2>&1 </dev/null &
      echo $! >>"$AIRFLOW_ROOT/pids"
    done
    ;;
  aws)
    exec "$MACHINE_AWS" - "$@" <<'END'
import sys
import boto3

service, operation, *rest = sys.argv[1:]
if service == "s3":
    source, target = rest[-2:]
    s3 = boto3.client("s3")
    if source.startswith("s3://"):
        s3.download_file(*source[5:].split("/", 1), target)
    else:
        s3.upload_file(source, *target[5:].split("/", 1))
else:
    options = dict(zip(rest[::1], rest[1:]))
    boto3.client("ssm").put_parameter(
        Name=options["--name"], Type=options["--type"], Value=options["--value"], Overwrite=True
    )
END
    ;;
esac
