"""
# The files that partners drop

For each domain whose data sets come in files there are two DAGs.

`<domain>` is started with each file that is created under `landing/<domain>/`, by its event. `<domain>_expected`, at the beginning of a month,
waits for the files of the data sets whose contract says `arrival: sensor`: those must come every month, with it in their names, such as `budgets_2026-03-01.csv`.

| task fails | what it means | what to do |
|---|---|---|
| `landed` | the run was started without a file, or the file has gone | start it with `{"bucket": "…", "key": "<domain>/<data set>/<file>"}` |
| `expected.<data set>` | the month's file has not come within a day | ask the partner; then clear the task |
| `landing_to_silver.run` | the file can't be read; the error names it and says why | runbook *landing*; then clear the task |
| `arrived`, `taken` | what `DataPlatform/Age` says of these files is too old | clear the task |
| `quality_gate` | too many rows broke their contract | runbook *quality-gate*; nothing was made of them |
| `dbt_build` | a model or a test failed; the error names it | runbook *dbt* |
| `gold` | the marts are right, their copies in gold are as they were | clear the group |

A file that comes twice, or once more with other files, counts once; files may come in any order.
"""

from datetime import UTC, datetime, timedelta

import boto3
from airflow.exceptions import AirflowFailException
from airflow.providers.amazon.aws.sensors.s3 import S3KeySensor
from airflow.sdk import Param, dag, get_current_context, task, task_group
from dataplatform.freshness import arrived, taken
from dataplatform.progress import AGAIN
from dataplatform.quality import quality_gate
from dataplatform.settings import DEFAULT_ARGS, POLL, WAIT, arrivals, setting
from dataplatform.spark import spark_job
from dataplatform.warehouse import crawl, dbt_build, export_gold

COMMON = {
    "start_date": datetime(2026, 1, 1, tzinfo=UTC),
    "catchup": False,
    "max_active_runs": 1,
    "default_args": DEFAULT_ARGS,
    "is_paused_upon_creation": False,
    "doc_md": __doc__,
}
ACCEPT = Param(
    [],
    type="array",
    description="Data sets that pass the quality gate whatever they miss",
)


@task
def landed() -> str:
    """The file that the run was started with."""
    file = get_current_context()["params"]
    if not file["key"]:
        raise AirflowFailException(
            'Which file? Start the DAG with {"bucket": "…", "key": "<domain>/<data set>/<file>"}'
        )
    s3 = boto3.client("s3")
    try:
        s3.head_object(Bucket=file["bucket"], Key=file["key"])
    except s3.exceptions.ClientError as error:
        raise AirflowFailException(
            f"s3://{file['bucket']}/{file['key']} can't be read: {error}"
        ) from error
    return f"s3://{file['bucket']}/{file['key']}"


def process(domain: str, arguments: list, files):
    """From landing to gold: what both DAGs of a domain do.

    :param files: that Spark will take
    """
    silver = spark_job("landing-to-silver", ["--run-id", "{{ run_id }}", *arguments])
    # the summary lines that banks write below a few rows, again in each export, are among those that are refused
    gate = quality_gate(domain, allowed=0.25)
    files >> silver >> taken(domain, files)
    silver >> [gate, crawl(domain)] >> dbt_build(domain) >> export_gold(domain)


def on_arrival(domain: str, data_sets: list[str]):
    """The DAG that takes one file."""

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
        file = landed()
        process(domain, ["--objects", file], arrived(domain, data_sets, file))

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

        ids = ",".join(f"{domain}.{name}" for name in data_sets)
        listed = arrived(domain, data_sets)
        files() >> listed
        process(domain, ["--data-sets", ids], listed)

    wait()


for each_domain, by_arrival in arrivals().items():
    on_arrival(each_domain, [*by_arrival["event"], *by_arrival["sensor"]])
    if by_arrival["sensor"]:
        expected(each_domain, by_arrival["sensor"])
