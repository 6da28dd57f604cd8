"""How replication goes, and how old what it has brought may be."""

from datetime import UTC, datetime, timedelta

import boto3
from airflow.exceptions import AirflowException, AirflowSkipException
from airflow.sdk import task

from dataplatform.settings import ENVIRONMENT, contracts, settings


@task
def replication_is_healthy() -> str | None:
    """Fails unless replication runs, or rests where it may.

    Returns the time, in ISO 8601, up to which silver will be complete: now if it runs, none if it rests.
    """
    known = settings()
    status, failures, tables_in_error = replication(known["replication"])
    if tables_in_error:
        failures.append(
            f"{tables_in_error} tables could not be replicated: see DMS's table statistics"
        )
    if status == "running" and not failures:
        return datetime.now(UTC).isoformat()
    if status == "stopped" and known["replication_may_rest"] and not failures:
        return None
    raise AirflowException(
        f"replication is {status}: {'; '.join(failures) or 'nothing more is known'}."
        " The runbook docs/runbooks/replication-lag.md says what to do; then clear this task"
    )


def replication(arn: str) -> tuple[str, list[str], int]:
    """Status, what it failed of, and how many tables are in error; of a task or of a serverless replication."""
    dms = boto3.client("dms")
    if ":replication-config:" in arn:
        wanted = [{"Name": "replication-config-arn", "Values": [arn]}]
        found = dms.describe_replications(Filters=wanted)["Replications"]
        if not found:
            return "not started yet", [], 0
        failures = found[0].get("FailureMessages", [])
        stats = found[0].get("ReplicationStats", {})
    else:
        wanted = [{"Name": "replication-task-arn", "Values": [arn]}]
        found = dms.describe_replication_tasks(Filters=wanted, WithoutSettings=True)[
            "ReplicationTasks"
        ]
        failures = [
            message for message in [found[0].get("LastFailureMessage")] if message
        ]
        stats = found[0].get("ReplicationTaskStats", {})
    return found[0]["Status"], list(failures), stats.get("TablesErrored", 0)


@task
def freshness(domain: str, complete_until: str | None) -> dict[str, int]:
    """Seconds that silver is behind the source, by data set, also as a metric; fails if that is more than a contract promises."""
    if complete_until is None:
        raise AirflowSkipException("replication rests, so nobody is promised anything")
    now = datetime.now(UTC)
    age = now - datetime.fromisoformat(complete_until)
    promises = {contract["id"]: promised(contract) for contract in contracts(domain)}
    seconds = dict.fromkeys(promises, int(age.total_seconds()))
    boto3.client("cloudwatch").put_metric_data(
        Namespace="DataPlatform",
        MetricData=[
            {
                "MetricName": "Age",
                "Dimensions": [
                    {"Name": "Environment", "Value": ENVIRONMENT},
                    {"Name": "DataSet", "Value": data_set},
                ],
                "Timestamp": now,
                "Value": value,
                "Unit": "Seconds",
            }
            for data_set, value in seconds.items()
        ],
    )
    stale = [data_set for data_set, promise in promises.items() if age > promise]
    if stale:
        raise AirflowException(
            f"staler than promised, at {age}: {', '.join(stale)}. See docs/runbooks/stale-tables.md"
        )
    return seconds


def promised(contract: dict) -> timedelta:
    """The freshness that a contract promises."""
    units = {"d": "days", "h": "hours", "m": "minutes", "s": "seconds"}
    for sla in contract["slaProperties"]:
        if sla["property"] == "freshness":
            return timedelta(**{units[sla["unit"][0].lower()]: float(sla["value"])})
    raise AirflowException(f"the contract {contract['id']} promises no freshness")
