"""
# The files that partners drop

For each domain whose data sets come in files there are two DAGs.

`<domain>` is started when files are created under `landing/<domain>/`, by their events, and takes all that have come when it starts. `<domain>_expected`, at the beginning of a month,
waits for the files of the data sets whose contract says `arrival: sensor`: those must come every month, with it in their names, such as `budgets_2026-03-01.csv`.

| task fails | what it means | what to do |
|---|---|---|
| `landed` | the file that somebody named is not there; skipped: the run before has taken all | to take a file again, start the DAG with `{"bucket": "…", "key": "<domain>/<data set>/<file>"}` |
| `expected.<data set>` | the month's file has not come within a day | ask the partner; then clear the task |
| `landing_to_silver.run` | the file can't be read; the error names it and says why | runbook *landing*; then clear the task |
| `taken` | what `DataPlatform/Age` says of these files is too old | clear the task |
| `quality_gate` | too many rows broke their contract | runbook *quality-gate*; nothing was made of them |
| `dbt_build` | a model or a test failed; the error names it | runbook *dbt* |
| `gold` | the marts are right, their copies in gold are as they were | clear the group |

A file that comes twice, or once more with other files, counts once; files may come in any order.
"""

from datetime import UTC, datetime, timedelta

import boto3
from airflow.exceptions import AirflowFailException, AirflowSkipException
from airflow.providers.amazon.aws.sensors.s3 import S3KeySensor
from airflow.sdk import Param, dag, get_current_context, task, task_group
from dataplatform.freshness import taken, waiting
from dataplatform.progress import AGAIN
from dataplatform.quality import ACCEPT, quality_gate
from dataplatform.settings import DEFAULT_ARGS, POLL, WAIT, arrivals, setting, settings
from dataplatform.spark import spark_job
from dataplatform.warehouse import dbt_build, export_gold, spectrum_partitions

COMMON = {
    "start_date": datetime(2026, 1, 1, tzinfo=UTC),
    "catchup": False,
    "max_active_runs": 1,
    "default_args": DEFAULT_ARGS,
    "is_paused_upon_creation": False,
    "doc_md": __doc__,
}


@task(multiple_outputs=True)
def landed(domain: str, data_sets: list[str]) -> dict:
    """The files that the run takes: all that have come and that no run has taken, or the one that somebody names.

    Skipped if there is none, as when the run before has taken those that this one was started for.

    :param data_sets: whose files
    """
    params = get_current_context()["params"]
    files = waiting(domain, data_sets)
    bucket = settings()["landing"]
    if key := params.get("key"):
        s3, bucket = boto3.client("s3"), params["bucket"] or bucket
        try:
            s3.head_object(Bucket=bucket, Key=key)
        except s3.exceptions.ClientError as error:
            raise AirflowFailException(
                f"s3://{bucket}/{key} can't be read: {error}"
            ) from error
        files = {
            name: {found: time for found, time in of.items() if found == key}
            for name, of in files.items()
        }
        return {"objects": [f"s3://{bucket}/{key}"], "files": files}
    keys = sorted(found for of in files.values() for found in of)
    if not keys:
        raise AirflowSkipException(
            f"no file waits under {domain}/ in the landing bucket. To take one again, start the DAG with"
            ' {"bucket": "…", "key": "<domain>/<data set>/<file>"}'
        )
    print("\n".join(keys))
    return {"objects": [f"s3://{bucket}/{each}" for each in keys], "files": files}


def process(domain: str, new) -> None:
    """From landing to gold: what both DAGs of a domain do.

    :param new: what ``landed`` has returned
    """
    silver = spark_job(
        "landing-to-silver", ["--run-id", "{{ run_id }}"], new["objects"]
    )
    # the summary lines that banks write below a few rows, again in each export, are among those that are refused
    gate = quality_gate(domain, allowed=0.25)
    silver >> taken(domain, new["files"])
    (
        silver
        >> [gate, spectrum_partitions(domain)]
        >> dbt_build(domain)
        >> export_gold(domain)
    )


def on_arrival(domain: str, data_sets: list[str]):
    """The DAG that takes the files that have come."""

    @dag(
        dag_id=domain,
        schedule=None,
        dagrun_timeout=timedelta(hours=6),
        tags=[domain, "on arrival"],
        params={
            "bucket": Param("", type="string"),
            "key": Param("", type="string"),
            "accept": ACCEPT,
            "again": AGAIN,
        },
        **COMMON,
    )
    def take():
        process(domain, landed(domain, data_sets))

    take()


def expected(domain: str, data_sets: list[str]):
    """The DAG that waits for the files of a month."""

    @dag(
        dag_id=f"{domain}_expected",
        schedule="0 6 1 * *",
        dagrun_timeout=timedelta(days=2),
        tags=[domain, "monthly"],
        params={"accept": ACCEPT, "again": AGAIN},
        **COMMON,
    )
    def wait():
        @task_group(group_id="expected")
        def files():
            bucket = setting.override(task_id="landing")("landing")
            for name in data_sets:
                S3KeySensor(
                    task_id=name,
                    aws_conn_id=None,
                    bucket_name=bucket,
                    bucket_key=f"{domain}/{name}/*{{{{ logical_date.strftime('%Y-%m') }}}}*",
                    wildcard_match=True,
                    deferrable=True,
                    poke_interval=POLL,
                    timeout=WAIT,
                    execution_timeout=timedelta(seconds=WAIT + 600),
                    # it has waited long enough
                    retries=0,
                )

        new = landed(domain, data_sets)
        files() >> new
        process(domain, new)

    wait()


for each_domain, by_arrival in arrivals().items():
    on_arrival(each_domain, [*by_arrival["event"], *by_arrival["sensor"]])
    if by_arrival["sensor"]:
        expected(each_domain, by_arrival["sensor"])
