"""What each stage of a DAG was last done for, so that a run does only what is new.

``done/<domain>/<stage>.json`` in silver's state holds, by name of what a stage works on, what it was when the stage was last done.
A stage writes it when it has succeeded, and writes what it saw before it began: a run that dies, or that something comes in the way of, is
made up for by the next one.
"""

import functools
import hashlib
import json
import re

import boto3
from airflow.exceptions import AirflowSkipException
from airflow.sdk import Param, get_current_context, task

from dataplatform.settings import (
    BUNDLE,
    bronze_folder,
    contracts,
    is_replicated,
    parameter,
    settings,
)

# a parameter of the DAGs
AGAIN = Param(
    False,
    type="boolean",
    description="Whether to do everything again, also what was done for what there is",
)

COMMIT = re.compile(r"_delta_log/\d{20}\.json$")


class Stage:
    """A stage of a domain's DAGs: ``bronze``, ``partitions``, ``dbt``, ``marts`` or ``gold``."""

    def __init__(self, domain: str, name: str):
        names = settings()
        self.bucket = names["silver"]
        self.key = f"{names['state']['done']}{domain}/{name}.json"

    def done_for(self) -> dict[str, str]:
        """What it was last done for; empty if it never was."""
        s3 = boto3.client("s3")
        try:
            found = s3.get_object(Bucket=self.bucket, Key=self.key)
        except s3.exceptions.NoSuchKey:
            return {}
        return json.load(found["Body"])

    def news(self, found: dict[str, str]) -> list[str]:
        """Names of what is not as it was when the stage was last done, or all if the run is to do everything again."""
        if get_current_context()["params"].get("again"):
            return sorted(found)
        known = self.done_for()
        return sorted(name for name in found if known.get(name) != found[name])

    def was_done_otherwise(self) -> bool:
        """Whether it was last done by other contracts or models, or the run is to do everything again."""
        if get_current_context()["params"].get("again"):
            return True
        return any(not done.endswith(code()) for done in self.done_for().values())

    def done(self, found: dict[str, str]) -> None:
        """Notes that it has been done.

        :param found: all that there was before the stage began
        """
        boto3.client("s3").put_object(
            Bucket=self.bucket,
            Key=self.key,
            Body=json.dumps(found, sort_keys=True).encode(),
            ContentType="application/json",
        )


@functools.cache
def code() -> str:
    """A hash of this deployment's contracts and models."""
    digest = hashlib.sha256()
    for folder in ("contracts", "dbt_project"):
        for file in sorted((BUNDLE / folder).rglob("*")):
            if file.is_file():
                digest.update(f"{file.relative_to(BUNDLE)} ".encode())
                digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def versions(domain: str) -> dict[str, str]:
    """Which version silver's table of each of the domain's data sets has, and whose models are to read it."""
    bucket = boto3.resource("s3").Bucket(settings()["silver"])
    found = {}
    for contract in contracts(domain):
        log = f"{domain}/{contract['name']}/_delta_log/"
        commits = {
            each.key: each.e_tag
            for each in bucket.objects.filter(Prefix=log)
            if COMMIT.search(each.key)
        }
        if commits:
            newest = max(commits)
            # a table that was made anew begins again at 0
            found[contract["name"]] = f"{newest[-25:-5]} {commits[newest]} {code()}"
    return found


@task
def new_in_bronze(domain: str) -> dict[str, str]:
    """What is in bronze, and in the source, of the domain's data sets; skipped if Spark has taken all of it."""
    s3 = boto3.resource("s3")
    # the job that is deployed
    request = parameter("spark/bronze-to-silver")
    found = {}
    for contract in contracts(domain):
        if not is_replicated(contract):
            continue
        name = contract["name"]
        digest = hashlib.sha256(f"{request} {code()} ".encode())
        digest.update(rows_of_source(domain, name).encode())
        bucket, prefix = bronze_folder(contract)
        for file in s3.Bucket(bucket).objects.filter(Prefix=prefix):
            digest.update(f"{file.key} {file.e_tag} ".encode())
        found[name] = digest.hexdigest()
    follow = get_current_context()["params"].get("follow")
    if not follow and not Stage(domain, "bronze").news(found):
        raise AirflowSkipException("silver has all that is in bronze")
    return found


@task
def bronze_taken(domain: str, found: dict[str, str]) -> None:
    """Notes that Spark has taken what was in bronze before it began; comes after Spark."""
    Stage(domain, "bronze").done(found)


def rows_of_source(domain: str, name: str) -> str:
    """Count and checksum of the rows that the source had at the last look; empty if there was none."""
    names = settings()
    s3 = boto3.client("s3")
    key = f"{names['state']['source_keys']}{domain}/{name}.json"
    try:
        look = json.load(s3.get_object(Bucket=names["silver"], Key=key)["Body"])
    except s3.exceptions.NoSuchKey:
        return ""
    return f"{look['rows']} {look['sum']}"
