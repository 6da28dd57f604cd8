"""
# Web events, from bronze to gold

| task fails | what it means | what to do |
|---|---|---|
| `new_in_stream`, `taken` | S3 has not answered | clear the task |
| `events_to_silver.run` | the Spark job failed; the error names the data sets, the others are up to date | runbook *silver*; it takes up where it stopped when the task is cleared |
| `quality_gate` | too many rows broke their contract | runbook *quality-gate*; nothing was made of them |
| `spectrum_partitions` | the warehouse may miss new partitions of silver | clear the task |
| `dbt_build` | a model or a test failed; the error names it | runbook *dbt*; the marts that depend on it are as they were |
| `gold` | the marts are right, their copies in gold are as they were | clear the group |
| `age` | events have waited for longer than a contract promises | runbook *stale-tables* |

It is there only where web events are taken. To run it again, for whatever date, changes nothing that is right already; where no event has
come, no Spark job or warehouse is started. An event that comes days late changes the marts of its own day. `{"again": true}` makes all days
again, as after the warehouse was made anew.
"""

from datetime import UTC, datetime, timedelta

from airflow.sdk import dag
from dataplatform.freshness import age, new_in_stream, taken
from dataplatform.progress import AGAIN
from dataplatform.quality import ACCEPT, quality_gate
from dataplatform.settings import DEFAULT_ARGS, KEEPS_PROMISES, WEB_EVENTS
from dataplatform.spark import spark_job
from dataplatform.warehouse import dbt_build, export_gold, spectrum_partitions


@dag(
    # where Airflow runs on demand, a run an hour would keep it from ending
    schedule="0 * * * *" if KEEPS_PROMISES else "0 5,17 * * *",
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    # a run takes all that has come since the last one
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=6),
    default_args=DEFAULT_ARGS,
    tags=["web", "hourly"],
    params={
        "accept": ACCEPT,
        "again": AGAIN,
    },
    doc_md=__doc__,
)
def web_events():
    news = new_in_stream("web")
    silver = spark_job("events-to-silver", ["--run-id", "{{ run_id }}"])
    marts = dbt_build("web")
    news >> silver >> taken("web", news) >> age("web")
    (
        silver
        >> [quality_gate("web"), spectrum_partitions("web")]
        >> marts
        >> export_gold("web")
    )


if WEB_EVENTS:
    web_events()
