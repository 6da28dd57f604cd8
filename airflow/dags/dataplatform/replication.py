"""How replication goes."""

from datetime import UTC, datetime, timedelta

import boto3
from airflow.exceptions import AirflowException
from airflow.sdk import task

from dataplatform.settings import KEEPS_PROMISES, settings

# what DMS has said within that time counts as now
LATELY = timedelta(minutes=10)


@task
def replication_is_healthy() -> str | None:
    """Fails unless replication runs, or rests where it may.

    Returns the time, in ISO 8601, up to which bronze is complete, and silver will be; none if it rests, or does not say
    how late it is.
    """
    known = settings()
    status, failures = replication(known["replication"])
    if status == "running" and not failures:
        until = now_less_latency()
        return until and until.isoformat()
    if status == "stopped" and known["replication_may_rest"] and not failures:
        return None
    raise AirflowException(
        f"replication is {status}: {'; '.join(failures) or 'nothing more is known'}."
        " The runbook docs/runbooks/replication-lag.md says what to do; then clear this task"
    )


def bronze_complete_until() -> datetime | None:
    """The time up to which bronze is complete; none if that is not known, or replication does not run as it should."""
    status, failures = replication(settings()["replication"])
    return now_less_latency() if status == "running" and not failures else None


def now_less_latency() -> datetime | None:
    """The time up to which a replication that runs has written changes to bronze, by what DMS says of its latency.

    It says nothing while it loads, or hangs. Where promises are kept, that is not taken for no latency.
    """
    now = datetime.now(UTC)
    found = boto3.client("cloudwatch").get_metric_data(
        MetricDataQueries=[
            {
                "Id": "lag",
                # of whatever task: the environment's instance has one
                "Expression": 'SELECT MAX(CDCLatencyTarget) FROM "AWS/DMS"'
                f" WHERE ReplicationInstanceIdentifier = '{settings()['replication_instance']}'",
                "Period": 60,
            }
        ],
        StartTime=now - LATELY,
        EndTime=now,
    )
    # none if no task has ever measured it
    values = [value for each in found["MetricDataResults"] for value in each["Values"]]
    if not values and KEEPS_PROMISES:
        return None
    return now - timedelta(seconds=max(values, default=0))


def replication(arn: str) -> tuple[str, list[str]]:
    """Status of DMS's task, and what is wrong with it."""
    wanted = [{"Name": "replication-task-arn", "Values": [arn]}]
    found = boto3.client("dms").describe_replication_tasks(
        Filters=wanted, WithoutSettings=True
    )["ReplicationTasks"]
    failures = [message for message in [found[0].get("LastFailureMessage")] if message]
    stats = found[0].get("ReplicationTaskStats", {})
    if stats.get("TablesErrored", 0):
        failures.append(
            f"{stats['TablesErrored']} tables could not be replicated: see DMS's table statistics"
        )
    return found[0]["Status"], failures
