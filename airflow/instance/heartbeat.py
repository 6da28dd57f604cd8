"""Says what Airflow does, in the parameter that its reaper reads. Says nothing, and fails, unless all parts of Airflow are healthy."""

import json
import os
import sys
from datetime import UTC, datetime

import boto3
from api import call

RUNS = "/dags/~/dagRuns?"
PAGE = 100


def get(path):
    status, answer = call("GET", path)
    if status != 200:
        sys.exit(f"Airflow answers {status} to {path}: {answer}")
    return answer


def next_due():
    """When the first run of a DAG that is not paused is due."""
    times = []
    total = offset = 0
    while offset <= total:
        page = get(f"/dags?paused=false&limit={PAGE}&offset={offset}")
        times += [dag["next_dagrun_run_after"] for dag in page["dags"]]
        total = page["total_entries"]
        offset += PAGE
    return min(filter(None, times), default=None)


def heartbeat():
    health = get("/monitor/health")
    sick = [part for part, state in health.items() if state["status"] != "healthy"]
    if sick:
        sys.exit("not healthy: " + ", ".join(sick))
    going_on = get(RUNS + "state=running&state=queued&limit=1")
    ended = get(RUNS + "state=success&state=failed&order_by=-end_date&limit=1")[
        "dag_runs"
    ]
    return {
        "instance": os.environ["INSTANCE_ID"],
        "at": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "running": going_on["total_entries"],
        "lastEnd": ended[0]["end_date"] if ended else None,
        "nextDue": next_due(),
    }


try:
    said = json.dumps(heartbeat())
except OSError as error:
    sys.exit(f"Airflow does not answer: {error}")
boto3.client("ssm").put_parameter(
    Name=os.environ["HEARTBEAT_PARAMETER"], Type="String", Value=said, Overwrite=True
)
print(said)
