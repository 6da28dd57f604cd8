"""
# How old silver is

Every hour, whatever the other DAGs do: how far silver is behind, by data set, as the metric `DataPlatform/Age`, which
alarms look at. It starts no Spark and asks no warehouse. It has a schedule only where stale tables raise an alarm.

If `ages` fails, it names the data sets whose contract's promise is broken: runbook *stale-tables*.
"""

from datetime import UTC, datetime, timedelta

from airflow.sdk import dag
from dataplatform.freshness import ages
from dataplatform.settings import DEFAULT_ARGS, KEEPS_PROMISES


@dag(
    schedule="30 * * * *" if KEEPS_PROMISES else None,
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(minutes=50),
    default_args=DEFAULT_ARGS,
    is_paused_upon_creation=False,
    tags=["platform", "hourly"],
    doc_md=__doc__,
)
def freshness():
    ages()


freshness()
