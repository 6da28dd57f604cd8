"""The quality gate between silver and what is made of it."""

import json
from collections import Counter

import boto3
from airflow.exceptions import AirflowFailException
from airflow.sdk import Param, get_current_context, task

from dataplatform.settings import (
    ENVIRONMENT,
    comes_in_files,
    contracts,
    is_daily,
    is_streamed,
    settings,
)

# a parameter of the DAGs
ACCEPT = Param(
    [],
    type="array",
    description="Data sets that pass the quality gate whatever they miss",
)


# it judges what earlier runs have left, too
@task(retries=0, trigger_rule="none_failed")
def quality_gate(domain: str, allowed: float = 0.01) -> None:
    """Stops what depends on silver when too many rows of a data set of the domain have gone to quarantine since it was last
    passed, or when silver does not have the rows that the source has. Files that are set aside stop nothing, and raise an
    alarm for as long as they are there.

    What it refuses stays refused in later runs, until a run is started with the data set in its parameter ``accept``.

    :param allowed: share of a data set's rows that may be missing
    """
    names = settings()
    bucket = boto3.resource("s3").Bucket(names["silver"])
    accepted = get_current_context()["params"]["accept"]
    refused, passed, drifting, aside = [], {}, 0, 0
    in_files = {
        each["name"]
        for each in contracts(domain)
        if comes_in_files(each) or is_daily(each)
    }
    streamed = {each["name"] for each in contracts(domain) if is_streamed(each)}
    for found in bucket.objects.filter(Prefix=f"{names['state']['reports']}{domain}/"):
        name = found.key.rpartition("/")[2].removesuffix(".json")
        data_set = f"{domain}.{name}"
        report = json.load(found.get()["Body"])
        for file, cause in report["set_aside"].items():
            aside += 1
            if name in in_files:
                remedy = "Mend it and drop it again, or delete it"
            elif name in streamed:
                remedy = "Have it made of its raw file again (docs/runbooks/web-events.md), or delete it"
            else:
                remedy = f"Mend it and run the Spark job with --retry {file}"
            print(
                f"{data_set}: {file} is not in silver and is not tried any more: {cause}. {remedy}"
            )
        if report.get("drift"):
            drifting += 1
            drift = f"{data_set}: {report['drift']}"
            if data_set in accepted:
                print(drift)
            else:
                refused.append(drift)
                continue
        marker = bucket.Object(f"{names['state']['passed']}{domain}/{name}.json")
        newest = {"table": report.get("table", ""), "batch": report["batch"]}
        if newest == last_passed(marker):
            continue
        rows, of = report["rows"], report["rows"] + report["silver_rows"]
        if rows:
            verdict = (
                f"{data_set}: {rows:,} of {of:,} rows ({rows / of:.1%}) in quarantine"
            )
            if rows / of > allowed and data_set not in accepted:
                worst = Counter(report["reasons"]).most_common(3)
                refused.append(
                    f"{verdict}: {'; '.join(f'{why} ({n:,})' for why, n in worst)}"
                )
                continue
            print(verdict)
        passed[marker] = newest
    put_metrics({"Drift": drifting, "FilesSetAside": aside})
    if refused:
        raise AirflowFailException(
            "The quality gate has tripped, and nothing is made of these data sets:\n"
            + "\n".join(refused)
            + "\nLook into <data set>_quarantine, and mend the source. To go on without the rows, start the DAG with"
            ' {"accept": ["<data set>"]}. See docs/runbooks/quality-gate.md'
        )
    # the Spark job counts from here on; the reports are its own, and follow from what it has committed
    for marker, newest in passed.items():
        marker.put(Body=json.dumps(newest))


def put_metrics(counts: dict[str, int]) -> None:
    """Puts metrics that AWS is sent only when they are not zero."""
    metrics = [
        {
            "MetricName": name,
            "Dimensions": [{"Name": "Environment", "Value": ENVIRONMENT}],
            "Value": count,
        }
        for name, count in counts.items()
        if count
    ]
    if metrics:
        boto3.client("cloudwatch").put_metric_data(
            Namespace="DataPlatform", MetricData=metrics
        )


def last_passed(marker) -> dict:
    """The table and its batch up to which the gate has passed a data set; empty if it has passed none."""
    try:
        # the first version wrote no table
        return {"table": ""} | json.load(marker.get()["Body"])
    except marker.meta.client.exceptions.NoSuchKey:
        return {}
