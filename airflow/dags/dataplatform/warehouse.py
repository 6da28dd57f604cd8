"""The warehouse's models, and their way to gold."""

import json
import os
import re
import subprocess
from pathlib import Path

import boto3
from airflow.configuration import AIRFLOW_HOME, conf
from airflow.exceptions import AirflowException, AirflowSkipException
from airflow.providers.amazon.aws.operators.redshift_data import RedshiftDataOperator
from airflow.sdk import get_current_context, task, task_group

from dataplatform import partitions
from dataplatform.progress import Stage, versions
from dataplatform.settings import (
    BUNDLE,
    POLL,
    SECTION,
    WAREHOUSE,
    contracts,
    marts,
    settings,
    table_name,
)

# of the dbt project, each with a folder per domain, which may lack one
PARTS = ["models/staging", "models/intermediate", "snapshots", "models/marts"]

# Redshift's types as the Glue catalog names them; the others have no digits
GLUE_TYPES = {
    "varchar": "string",
    "bpchar": "string",
    "int2": "smallint",
    "int4": "int",
    "int8": "bigint",
    "float4": "float",
    "float8": "double",
    "bool": "boolean",
    "date": "date",
    "timestamp": "timestamp",
}


@task(trigger_rule="none_failed")
def spectrum_partitions(domain: str) -> None:
    """Brings the catalog that Redshift Spectrum reads in step with silver; skipped if it is."""
    found, stage = versions(domain), Stage(domain, "partitions")
    if not stage.news(found):
        raise AirflowSkipException("the catalog is in step with silver")
    partitions.keep_in_step(
        boto3.client("glue"),
        boto3.client("s3"),
        settings()["spectrum_database"],
        [table_name(contract) for contract in contracts(domain)],
    )
    stage.done(found)


@task(trigger_rule="none_failed")
def dbt_build(domain: str, day: str | None = None) -> None:
    """Builds and tests, in the order in which they need each other, those of a domain's models that read what has changed
    since they were built.

    :param day: such as ``2026-01-31``: builds all models of a domain that are made by the day, for that one alone

    One task for all of them: a task per model would start dbt anew for each, which takes longer than most models do, and
    dbt itself skips what depends on a model or test that fails, and names it.
    """
    found, stage = versions(domain), Stage(domain, "dbt")
    changed = stage.news(found)
    if not changed and not day:
        raise AirflowSkipException("the marts are in step with silver")
    # a domain's own: another one may be building at the same time
    target = Path(AIRFLOW_HOME) / "dbt" / domain
    results = target / "run_results.json"
    # of the last build, should this one not come to its own
    results.unlink(missing_ok=True)
    environment = os.environ | connection(settings()["warehouse"])
    environment |= {
        "DBT_TARGET_PATH": str(target),
        "DBT_LOG_PATH": str(target),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    }
    project = BUNDLE / "dbt_project"
    command = [
        conf.get(SECTION, "dbt", fallback="dbt"),
        "--no-use-colors",
        "build",
        *("--project-dir", str(project), "--profiles-dir", str(project)),
        "--select",
        # what they read of other domains as well
        *(
            [f"+path:models/marts/{domain}"]
            if day
            else selection(domain, changed, found)
        ),
    ]
    if stage.was_done_otherwise():
        # marts that are made by the day would keep days of the old models
        command.append("--full-refresh")
    elif day:
        command += ["--vars", json.dumps({"day": day})]
    with subprocess.Popen(
        command,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as dbt:
        for line in dbt.stdout:
            print(line.rstrip())
    if dbt.returncode != 0:
        raise AirflowException(
            f"dbt build failed: {failed(results)}. See docs/runbooks/dbt.md"
        )
    context = get_current_context()
    build = f"{context['run_id']} {context['ti'].try_number}"
    built = Stage(domain, "marts")
    builds = built.done_for() | dict.fromkeys(models(results), build)
    # a mart that the project has no more is nothing to gold
    built.done({mart: builds[mart] for mart in marts(domain) if mart in builds})
    stage.done(found)


def connection(warehouse: dict) -> dict[str, str]:
    """The variables by which dbt's profile finds the warehouse.

    :param warehouse: of the settings
    """
    return {
        "DW_HOST": warehouse["host"],
        "DW_PORT": str(warehouse["port"]),
        "DW_DATABASE": warehouse["database"],
        "DW_CLUSTER": warehouse["identifier"],
    }


def selection(domain: str, changed: list[str], found: dict[str, str]) -> list[str]:
    """What dbt is to select: the models of a domain that read what has changed, with all that depends on them.

    :param found: all data sets that there are
    """
    parts = [f"path:{part}/{domain}" for part in PARTS]
    if len(changed) == len(found):
        # also those that read nothing
        return parts
    tables = [table_name(each) for each in contracts(domain) if each["name"] in changed]
    return [f"source:*.{name}+,{part}" for name in tables for part in parts]


def models(results: Path) -> set[str]:
    """Names of the models that a build has built."""
    return {
        result["unique_id"].rpartition(".")[2]
        for result in json.loads(results.read_text())["results"]
        if result["status"] == "success"
    }


def failed(results: Path) -> str:
    """What of a build failed, and why."""
    if not results.exists():
        return "it did not come to its first model; the log says why"
    bad = [
        f"{result['unique_id']} ({result['message']})"
        for result in json.loads(results.read_text())["results"]
        if result["status"] in ("error", "fail")
    ]
    return "; ".join(bad) or "the log says why"


def export_gold(domain: str):
    """A group of tasks that writes a domain's marts to gold as Parquet, all as of one moment, and shows them in the catalog.

    Each run writes folders of its own, and the catalog goes over to them when all are written: who reads meanwhile reads the run before,
    whose folders stay until the next one.
    """

    @task_group(group_id="gold")
    def group():
        planned = plan(domain)
        unload = RedshiftDataOperator(
            task_id="unload",
            aws_conn_id=None,
            database=planned["database"],
            **{WAREHOUSE: planned["warehouse"]},
            sql=planned["statements"],
            deferrable=True,
            poll_interval=POLL,
        )
        unload >> register(domain, planned["tables"], planned["found"])

    return group()


@task(multiple_outputs=True, trigger_rule="none_failed")
def plan(domain: str) -> dict:
    """The statements that unload the marts which were built since they were last, and the tables that they will be in the
    catalog; skipped if there are none."""
    found = Stage(domain, "marts").done_for()
    built = Stage(domain, "gold").news(found)
    if not built:
        raise AirflowSkipException("gold is in step with the marts")
    known = settings()
    warehouse = known["warehouse"]
    where = {"Database": warehouse["database"]}
    where["WorkgroupName" if WAREHOUSE == "workgroup_name" else "ClusterIdentifier"] = (
        warehouse["identifier"]
    )
    context = get_current_context()
    # another try writes to another folder: the last one's statements may still be running
    folder = re.sub(r"[^\w.-]", "_", context["run_id"]) + f"-{context['ti'].try_number}"
    data = boto3.client("redshift-data")
    statements, tables = [], []
    for mart in built:
        location = f"s3://{known['gold']}/{domain}/{mart}/{folder}/"
        columns = []
        for page in data.get_paginator("describe_table").paginate(
            **where, Schema="marts", Table=mart
        ):
            columns += page["ColumnList"]
        if not columns:
            raise AirflowException(f"the warehouse has no mart {mart}")
        statements.append(
            f"unload ('select * from marts.{mart}') to '{location}'"
            f" iam_role '{warehouse['unload_role']}' format as parquet cleanpath"
        )
        tables.append(
            {
                "name": mart,
                "location": location,
                "columns": [
                    {"Name": column["name"], "Type": glue_type(column)}
                    for column in columns
                ],
            }
        )
    return {
        "database": warehouse["database"],
        "warehouse": warehouse["identifier"],
        "statements": statements,
        "tables": tables,
        "found": found,
    }


def glue_type(column: dict) -> str:
    """The type of a column of Redshift's in the Glue catalog."""
    if column["typeName"] == "numeric":
        return f"decimal({column['precision']},{column['scale']})"
    return GLUE_TYPES[column["typeName"]]


@task
def register(domain: str, tables: list[dict], found: dict[str, str]) -> None:
    """Lets the catalog show what was written, and deletes what nobody reads any more."""
    known = settings()
    glue = boto3.client("glue")
    bucket = boto3.resource("s3").Bucket(known["gold"])
    for table in tables:
        wanted = {
            "Name": table["name"],
            "TableType": "EXTERNAL_TABLE",
            "Parameters": {"EXTERNAL": "TRUE", "classification": "parquet"},
            "StorageDescriptor": {
                "Columns": table["columns"],
                "Location": table["location"],
                "InputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
                "OutputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
                "SerdeInfo": {
                    "SerializationLibrary": "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
                },
                "NumberOfBuckets": 0,
            },
        }
        before = None
        try:
            shown = glue.get_table(
                DatabaseName=known["gold_database"], Name=table["name"]
            )
            before = shown["Table"]["StorageDescriptor"]["Location"]
            glue.update_table(DatabaseName=known["gold_database"], TableInput=wanted)
        except glue.exceptions.EntityNotFoundException:
            glue.create_table(DatabaseName=known["gold_database"], TableInput=wanted)
        read = {table["location"], before}
        for written in bucket.objects.filter(Prefix=f"{domain}/{table['name']}/"):
            if f"s3://{bucket.name}/{written.key.rpartition('/')[0]}/" not in read:
                written.delete()
    Stage(domain, "gold").done(found)
