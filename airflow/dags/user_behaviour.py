"""
# What customers buy beside what they write, day by day

| task fails | what it means | what to do |
|---|---|---|
| `came` | the day's reviews have not come, nor after three more tries half an hour apart | ask the vendor; then clear the task |
| `complete` | silver lacks changes of the day's purchases after twelve hours | runbooks *replication-lag* and *stale-tables*; then clear the task |
| `landed_on`, `taken` | S3 has not answered | clear the task |
| `days_to_silver.run` | the file can't be read, or the Spark job failed; the error names it and says why | runbook *landing*; then clear the task |
| `quality_gate` | too many reviews broke their contract | runbook *quality-gate*; nothing was made of them |
| `spectrum_partitions` | the warehouse may miss new partitions of silver | clear the task |
| `dbt_build` | a model or a test failed; the error names it: money that is not what was staged, a customer twice, far more or fewer customers than usual | runbook *dbt* |
| `gold` | the marts are right, their copies in gold are as they were | clear the group |

A run makes its own day, `ds`, and no other, and waits for the one before to succeed. Days that were missed, or are to be made again, are made by
`airflow backfill create --dag-id user_behaviour --from-date … --to-date … --reprocess-behavior completed`: in any order the tables come out the same.
"""

from datetime import UTC, datetime, timedelta

from airflow.sdk import dag
from airflow.timetables.interval import CronDataIntervalTimetable
from dataplatform.freshness import age, came, complete, landed_on, taken
from dataplatform.progress import AGAIN
from dataplatform.quality import ACCEPT, quality_gate
from dataplatform.settings import DEFAULT_ARGS
from dataplatform.spark import spark_job
from dataplatform.warehouse import dbt_build, export_gold, spectrum_partitions

DOMAIN = "user_behaviour"
DAY = "{{ ds }}"


@dag(
    # of the day that has ended, when replication's DAG has taken it
    schedule=CronDataIntervalTimetable("0 6 * * *", timezone="UTC"),
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=20),
    default_args=DEFAULT_ARGS | {"depends_on_past": True},
    tags=[DOMAIN, "daily"],
    params={
        "accept": ACCEPT,
        "again": AGAIN,
    },
    doc_md=__doc__,
)
def user_behaviour():
    reviews = came("user_behaviour.movie_review", DAY)
    purchases = complete("retail.user_purchase", DAY)
    files = landed_on(DOMAIN, DAY)
    silver = spark_job(
        "days-to-silver",
        [
            *("--run-id", "{{ run_id }}"),
            *("--data-sets", "user_behaviour.movie_review"),
            *("--days", DAY),
        ],
    )
    reviews >> purchases >> files >> silver >> taken(DOMAIN, files) >> age(DOMAIN)
    (
        silver
        >> [quality_gate(DOMAIN), spectrum_partitions(DOMAIN)]
        >> dbt_build(DOMAIN, DAY)
        >> export_gold(DOMAIN)
    )


user_behaviour()
