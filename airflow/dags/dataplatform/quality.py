"""The quality gate between silver and what is made of it."""

import json
from collections import Counter, defaultdict

import boto3
from airflow.exceptions import AirflowFailException
from airflow.sdk import get_current_context, task

from dataplatform.settings import settings


@task(retries=0)
def quality_gate(domain: str, allowed: float = 0.01) -> None:
    """Stops what depends on silver when too many rows of a data set of the domain have gone to quarantine since it was last passed.

    What it refuses stays refused in later runs, until a run is started with the data set in its parameter ``accept``.

    :param allowed: share of a data set's rows that may be missing
    """
    bucket = boto3.resource("s3").Bucket(settings()["silver"])
    reports = list(bucket.objects.filter(Prefix=f"_state/reports/{domain}/"))
    missing, reasons, rows = Counter(), defaultdict(Counter), {}
    for report in reports:
        for data_set, found in json.load(report.get()["Body"])["quarantined"].items():
            missing[data_set] += found["rows"]
            reasons[data_set].update(found["reasons"])
            rows[data_set] = found["silver_rows"]
    accepted = get_current_context()["params"]["accept"]
    refused = []
    for data_set, count in sorted(missing.items()):
        share = count / (count + rows[data_set])
        verdict = f"{data_set}: {count:,} of {count + rows[data_set]:,} rows ({share:.1%}) in quarantine"
        if share > allowed and data_set not in accepted:
            worst = "; ".join(
                f"{reason} ({n:,})" for reason, n in reasons[data_set].most_common(3)
            )
            refused.append(f"{verdict}: {worst}")
        else:
            print(verdict)
    if refused:
        raise AirflowFailException(
            "The quality gate has tripped, and nothing is made of these data sets:\n"
            + "\n".join(refused)
            + "\nLook into <data set>_quarantine, and mend the source. To go on without the rows, start the DAG with"
            ' {"accept": ["<data set>"]}. See docs/runbooks/quality-gate.md'
        )
    for report in reports:
        report.delete()
