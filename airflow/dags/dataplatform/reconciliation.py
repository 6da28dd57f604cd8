"""Whether silver has the rows that the source has."""

import json

import boto3
from airflow.exceptions import AirflowException
from airflow.sdk import task
from botocore.config import Config

from dataplatform.settings import PATIENCE, settings

# a function may take a quarter of an hour, and it is not asked twice
PATIENT = Config(read_timeout=16 * 60, retries={"total_max_attempts": 1})

# what the function says of a source that does not answer
UNREACHABLE = "UnreachableException"


@task
def source_keys(domain: str, complete_until: str | None) -> dict[str, int]:
    """Asks the source which rows it has of a domain, for Spark to compare with silver; comes before Spark. What was written of other
    domains stays, as a Spark job may be reading it.

    Where replication rests, the source may rest as well: then Spark compares with what it had when it was asked last.

    :param complete_until: what ``replication_is_healthy`` has returned
    :return: how many rows each of its replicated data sets has there
    """
    known = settings()
    function = known["source_keys_function"]
    answer = boto3.client("lambda", config=PATIENT).invoke(
        FunctionName=function, Payload=json.dumps({"domain": domain}).encode()
    )
    result = json.load(answer["Payload"])
    if "FunctionError" in answer:
        if complete_until is None and result.get("errorType", "").endswith(UNREACHABLE):
            print(f"the source rests with its replication: {result['errorMessage']}")
            return {}
        raise AirflowException(
            f"{function} could not look: {result.get('errorMessage', result)}."
            " The runbook docs/runbooks/reconciliation.md says what to do; then clear this task"
        )
    return result


def reconciliation() -> list[str]:
    """Arguments with which the Spark job compares; it waits that long for changes that are on their way.

    The data sets in the DAG's parameter ``follow`` lose the rows that the source does not have.
    """
    following = "{{ params.follow | join(',') or 'none' }}"
    return ["--reconcile", "--patience", f"PT{PATIENCE}S", "--follow", following]
