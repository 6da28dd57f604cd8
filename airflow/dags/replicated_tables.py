"""
# What comes from a database, from replication to gold

For each domain with data sets that load by change data capture there is a DAG, named as the domain. It takes that domain's
tables alone, so that a domain whose gate is shut, or whose files can't be read, holds up no other.

| task fails | what it means | what to do |
|---|---|---|
| `replication_is_healthy` | DMS has failed or stands still | runbook *replication-lag*; then clear the task |
| `source_keys` | the source can't be asked which rows it has; the error says why | mend it, and clear the task; runbook *reconciliation* |
| `new_in_bronze`, `bronze_taken` | S3 has not answered | clear the task |
| `bronze_to_silver.run` | the Spark job failed; the error names the data sets, the others are up to date | runbook *silver*; it takes up where it stopped when the task is cleared |
| `quality_gate` | too many rows broke their contract, or silver differs from the source | runbooks *quality-gate* and *reconciliation*; nothing was made of them |
| `spectrum_partitions` | the warehouse may miss new partitions of silver | clear the task |
| `dbt_build` | a model or a test failed; the error names it | runbook *dbt*; the marts that depend on it are as they were |
| `gold` | the marts are right, their copies in gold are as they were | clear the group |
| `freshness` | replication is later than a contract promises; skipped: nobody knows how late | runbook *stale-tables* |

To run it again, for whatever date, changes nothing that is right already. What a run finds done for what there is, it skips: where replication
has brought nothing, no Spark job or warehouse is started. `{"again": true}` does everything again, as after the warehouse was made anew.
"""

from datetime import UTC, datetime, timedelta

from airflow.sdk import Param, dag
from dataplatform.freshness import freshness
from dataplatform.progress import AGAIN, bronze_taken, new_in_bronze
from dataplatform.quality import ACCEPT, quality_gate
from dataplatform.reconciliation import reconciliation, source_keys
from dataplatform.replication import replication_is_healthy
from dataplatform.settings import DEFAULT_ARGS, replicated
from dataplatform.spark import spark_job
from dataplatform.warehouse import dbt_build, export_gold, spectrum_partitions


def from_replication(domain: str, data_sets: list[str]):
    """The DAG of a domain.

    :param data_sets: ids of those that are replicated
    """

    @dag(
        dag_id=domain,
        # what changes right after a run began waits for the end of the next one: once a day would break a promise of a day
        schedule="0 5,17 * * *",
        start_date=datetime(2026, 1, 1, tzinfo=UTC),
        # a run takes all that has come since the last one
        catchup=False,
        max_active_runs=1,
        dagrun_timeout=timedelta(hours=6),
        default_args=DEFAULT_ARGS,
        tags=[domain, "twice a day"],
        params={
            "accept": ACCEPT,
            "follow": Param(
                [],
                type="array",
                description="Data sets that lose the rows which the source does not have, as after a truncation",
            ),
            "again": AGAIN,
        },
        doc_md=__doc__,
    )
    def take():
        complete_until = replication_is_healthy()
        news = new_in_bronze(domain)
        silver = spark_job(
            "bronze-to-silver",
            [
                *("--run-id", "{{ run_id }}"),
                *("--data-sets", ",".join(data_sets)),
                *reconciliation(),
            ],
        )
        gate = quality_gate(domain)
        marts = dbt_build(domain)
        (
            source_keys(domain, complete_until)
            >> news
            >> silver
            >> bronze_taken(domain, news)
        )
        (silver >> [gate, spectrum_partitions(domain)] >> marts >> export_gold(domain))
        silver >> freshness(domain, complete_until)

    take()


for each_domain, its_data_sets in replicated().items():
    from_replication(each_domain, its_data_sets)
