"""
# What customers do, from the files of a day to gold

| task fails | what it means | what to do |
|---|---|---|
| `came` | the day's files have not come, nor after three more tries half an hour apart | ask whoever writes them; they are taken by the next run, or at once when the task is cleared |
| `new_in_landing`, `taken` | S3 has not answered | clear the task |
| `days_to_silver.run` | a file can't be read, or the Spark job failed; the error names it and says why | runbook *landing*; then clear the task |
| `quality_gate` | too many rows broke their contract | runbook *quality-gate*; nothing was made of them |
| `spectrum_partitions` | the warehouse may miss new partitions of silver | clear the task |
| `dbt_build` | a model or a test failed; the error names it | runbook *dbt*; the marts that depend on it are as they were |
| `gold` | the marts are right, their copies in gold are as they were | clear the group |
| `age` | a file has waited for longer than the contract promises | runbook *stale-tables* |

A run takes each day with files that were not taken yet, so that a late file makes its day anew and it alone, also where the files of
the day before have not come. To run it again changes nothing that is right already. `{"again": true}` makes all marts anew, as after the
warehouse was made anew.
"""

from datetime import UTC, datetime, timedelta

from airflow.sdk import dag
from dataplatform.freshness import age, came, new_in_landing, taken
from dataplatform.progress import AGAIN
from dataplatform.quality import ACCEPT, quality_gate
from dataplatform.settings import DEFAULT_ARGS
from dataplatform.spark import spark_job
from dataplatform.warehouse import dbt_build, export_gold, spectrum_partitions

DOMAIN = "customers"


@dag(
    schedule="10 0 * * *",
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    # a run takes all that has come since the last one
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=8),
    default_args=DEFAULT_ARGS,
    tags=[DOMAIN, "daily"],
    params={
        "accept": ACCEPT,
        "again": AGAIN,
    },
    doc_md=__doc__,
)
def customer_events():
    files = came(
        "customers.events",
        "{{ macros.ds_add((dag_run.logical_date or dag_run.run_after) | ds, -1) }}",
    )
    news = new_in_landing(DOMAIN)
    silver = spark_job(
        "days-to-silver",
        ["--run-id", "{{ run_id }}", "--data-sets", "customers.events"],
    )
    measured = age(DOMAIN)
    files >> news >> silver >> taken(DOMAIN, news) >> measured
    # what the run has made does not hide that the day has not come
    files >> measured
    (
        silver
        >> [quality_gate(DOMAIN), spectrum_partitions(DOMAIN)]
        >> dbt_build(DOMAIN)
        >> export_gold(DOMAIN)
    )


customer_events()
