"""
# Keeps silver cheap to read and to store

Puts small files together, deletes files that only versions older than a week need, and writes the manifests for Redshift Spectrum anew. No row changes.

If `maintenance.run` fails, its error names the tables; they are as they were, and the others are done. A refresh of silver that
committed at the same moment is the usual cause: clear the task. Otherwise see the runbook *silver*.
"""

from datetime import UTC, datetime, timedelta

from airflow.sdk import dag
from dataplatform.settings import DEFAULT_ARGS
from dataplatform.spark import spark_job


@dag(
    schedule="0 3 * * 0",
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=6),
    default_args=DEFAULT_ARGS,
    tags=["platform", "weekly"],
    doc_md=__doc__,
)
def maintenance():
    spark_job("maintenance", ["--run-id", "{{ run_id }}"])


maintenance()
