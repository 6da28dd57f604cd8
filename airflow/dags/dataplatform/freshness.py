"""How old silver is, against what the contracts promise.

What silver is known to hold stands in ``freshness/<data set>.json`` in its state. Only a run whose Spark job has
succeeded moves it forward, so whatever fails or never starts shows as age:

complete_until
    Time up to which silver holds all that replication brought, or all files that had arrived.
taken
    Files that arrived later and were taken all the same, with the time of their arrival.
"""

import json
import re
from datetime import UTC, datetime, timedelta

import boto3
from airflow.exceptions import (
    AirflowException,
    AirflowFailException,
    AirflowSkipException,
)
from airflow.sdk import PokeReturnValue, get_current_context, task

from dataplatform.replication import bronze_complete_until
from dataplatform.settings import (
    DEFAULT_ARGS,
    ENVIRONMENT,
    POLL,
    bronze_folder,
    contract_of,
    contracts,
    domains,
    is_daily,
    is_replicated,
    is_streamed,
    settings,
)

# where nothing is known
NEVER = datetime.fromtimestamp(0, UTC)

# S3 has times to the second
TICK = timedelta(seconds=1)

# what transforms web events writes several files at once: one may be seen after another that has a later time
TRANSFORMING = timedelta(minutes=15)

# files of a day that have not come are looked for so often, a minute apart, and again half an hour later; sooner where tests run
LOOKS = 3
LOOK_AGAIN = min(60, 3 * POLL)
TRY_AGAIN = min(timedelta(minutes=30), 6 * DEFAULT_ARGS["retry_delay"])

# a change file is named by the time of its first change, and written later
NAMED_EARLIER = timedelta(days=1)


@task(trigger_rule="none_failed")
def freshness(domain: str, complete_until: str | None) -> dict[str, int]:
    """Notes that Spark has taken what replication had brought before it began, and measures; comes after Spark, also where that had
    nothing to take.

    :param complete_until: what ``replication_is_healthy`` has returned
    """
    if complete_until is None:
        raise AirflowSkipException(
            "replication rests, or does not say how late it is: silver is as complete as it was known to be"
        )
    until = datetime.fromisoformat(complete_until)
    for contract in contracts(domain):
        if is_replicated(contract):
            state = State(contract)
            # a task that is cleared brings back the time of its first try
            state.complete_until = max(state.complete_until, until)
            state.write()
    return measure([domain], until)


@task
def new_in_stream(domain: str) -> dict[str, dict[str, str]]:
    """The files of web events that silver lacks, as ``waiting`` says them; skipped if there is none."""
    files = waiting(domain, [contract["name"] for contract in contracts(domain)])
    if not any(files.values()) and not get_current_context()["params"].get("again"):
        raise AirflowSkipException("silver has all web events that are in bronze")
    return files


@task.sensor(
    poke_interval=LOOK_AGAIN,
    mode="reschedule",
    # that it gives up, to try again later, is its own business
    timeout=timedelta(days=1).total_seconds(),
    retries=3,
    retry_delay=TRY_AGAIN,
)
def came(data_set: str, day: str) -> PokeReturnValue:
    """Waits until files of a day have come, for three looks.

    :param data_set: one that comes by the day
    :param day: such as ``2026-01-31``
    """
    context = get_current_context()
    bucket, prefix, name = landing(contract_of(data_set))
    folder = f"{prefix}{day}/"
    found = boto3.client("s3").list_objects_v2(Bucket=bucket, Prefix=folder)
    if any(name.fullmatch(each["Key"]) for each in found.get("Contents", [])):
        return PokeReturnValue(True)
    where = f"no files of {data_set} are in s3://{bucket}/{folder}"
    if context["task_reschedule_count"] + 1 >= LOOKS:
        raise AirflowException(f"{where} after {LOOKS} looks")
    print(where)
    return PokeReturnValue(False)


@task.sensor(
    poke_interval=LOOK_AGAIN,
    mode="reschedule",
    timeout=timedelta(hours=12).total_seconds(),
    # it has waited long enough
    retries=0,
)
def complete(data_set: str, day: str) -> PokeReturnValue:
    """Waits until silver has all changes of a day of a data set that comes from a database.

    :param day: such as ``2026-01-31``
    """
    end = datetime.fromisoformat(day).replace(tzinfo=UTC) + timedelta(days=1)
    until = silver_until(
        State(contract_of(data_set)), datetime.now(UTC), bronze_complete_until()
    )
    print(f"silver is complete up to {until}")
    return PokeReturnValue(until >= end)


@task
def landed_on(domain: str, day: str) -> dict[str, dict[str, str]]:
    """The files of a day that silver lacks, as ``waiting`` says them."""
    files = waiting(domain, [contract["name"] for contract in contracts(domain)])
    return {
        name: {key: time for key, time in of.items() if f"/{day}/" in key}
        for name, of in files.items()
    }


@task(trigger_rule="all_done")
def new_in_landing(domain: str) -> dict[str, dict[str, str]]:
    """The files of days that silver lacks, as ``waiting`` says them; skipped if there is none. Comes after ``came``, also where that has
    failed: another day's file may be late."""
    files = waiting(domain, [contract["name"] for contract in contracts(domain)])
    if not any(files.values()) and not get_current_context()["params"].get("again"):
        raise AirflowSkipException("silver has all files that are in landing")
    return files


@task(trigger_rule="none_failed")
def age(domain: str) -> dict[str, int]:
    """Measures a domain that has no data set from a database; comes after ``taken``, also where nothing was."""
    return measure([domain], None)


def waiting(domain: str, names: list[str]) -> dict[str, dict[str, str]]:
    """The files of data sets that silver lacks: by name of the data set, and by key the time of arrival."""
    return {
        contract["name"]: {
            key: time.isoformat() for key, time in State(contract).waiting().items()
        }
        for contract in contracts(domain)
        if contract["name"] in names
    }


@task
def taken(domain: str, files: dict) -> None:
    """Notes that Spark has taken files; comes after it."""
    for contract in contracts(domain):
        if files.get(contract["name"]):
            state = State(contract)
            state.take(files[contract["name"]])
            state.write()


@task
def ages() -> dict[str, int]:
    """Measures all data sets."""
    return measure(domains(), bronze_complete_until())


def measure(of_domains: list[str], bronze_until: datetime | None) -> dict[str, int]:
    """Seconds that silver is behind, by data set, also as a metric; fails if that is more than a contract promises.

    :param bronze_until: time up to which bronze is complete; none if replication does not run
    """
    now = datetime.now(UTC)
    seconds, broken = {}, []
    for domain in of_domains:
        for contract in contracts(domain):
            until = silver_until(State(contract), now, bronze_until)
            if until == NEVER:
                # the metric stays away, which the alarm takes for a broken promise
                broken.append(f"{contract['id']} has never been complete")
                continue
            age = now - until
            seconds[contract["id"]] = int(age.total_seconds())
            if age > promised(contract):
                broken.append(f"{contract['id']} is {age} old")
    if seconds:
        boto3.client("cloudwatch").put_metric_data(
            Namespace="DataPlatform",
            MetricData=[
                {
                    "MetricName": "Age",
                    "Dimensions": [
                        {"Name": "Environment", "Value": ENVIRONMENT},
                        {"Name": "DataSet", "Value": data_set},
                    ],
                    "Timestamp": now,
                    "Value": value,
                    "Unit": "Seconds",
                }
                for data_set, value in seconds.items()
            ],
        )
    if broken:
        # another try would find the same
        raise AirflowFailException(
            f"staler than promised: {'; '.join(broken)}. See docs/runbooks/stale-tables.md"
        )
    return seconds


def silver_until(
    state: "State", now: datetime, bronze_until: datetime | None
) -> datetime:
    """Time up to which silver is complete."""
    if state.in_files:
        return min(state.waiting().values(), default=now)
    if state.complete_until == NEVER or not bronze_until or state.has_newer_changes():
        return state.complete_until
    # nothing has changed since
    return max(state.complete_until, bronze_until)


class State:
    """What silver is known to hold of a data set, and what it lacks."""

    def __init__(self, contract: dict):
        self.contract = contract
        self.in_files = not is_replicated(contract)
        names = settings()
        self.bucket = names["silver"]
        self.key = f"{names['state']['freshness']}{contract['id']}.json"
        self.s3 = boto3.client("s3")
        known, self.condition = {}, {"IfNoneMatch": "*"}
        try:
            found = self.s3.get_object(Bucket=self.bucket, Key=self.key)
            known, self.condition = (
                json.load(found["Body"]),
                {"IfMatch": found["ETag"]},
            )
        except self.s3.exceptions.NoSuchKey:
            pass
        self.complete_until = datetime.fromisoformat(
            known.get("complete_until", NEVER.isoformat())
        )
        self.taken = {
            key: datetime.fromisoformat(time)
            for key, time in known.get("taken", {}).items()
        }

    def write(self) -> None:
        """Keeps it; fails, to be tried again, if another run has written since it was read."""
        known = {"complete_until": self.complete_until.isoformat()}
        if self.in_files:
            known["taken"] = {
                key: time.isoformat() for key, time in sorted(self.taken.items())
            }
        self.s3.put_object(
            Bucket=self.bucket,
            Key=self.key,
            Body=json.dumps(known).encode(),
            ContentType="application/json",
            **self.condition,
        )

    def waiting(self) -> dict[str, datetime]:
        """Files that silver lacks, with the time of their arrival."""
        if is_streamed(self.contract):
            bucket, prefix = bronze_folder(self.contract)
            name = re.compile(".*[.]parquet")
        else:
            bucket, prefix, name = landing(self.contract)
        return {
            file["Key"]: file["LastModified"]
            for file in self._objects(bucket, prefix)
            if name.fullmatch(file["Key"])
            and file["LastModified"] > self.complete_until
            # a file that was replaced has arrived anew
            and self.taken.get(file["Key"]) != file["LastModified"]
        }

    def take(self, files: dict[str, str]) -> None:
        """Notes that files have been taken, by key the time of their arrival."""
        self.taken |= {key: datetime.fromisoformat(files[key]) for key in files}
        waiting = self.waiting()
        until = min(waiting.values()) if waiting else max(self.taken.values())
        margin = TRANSFORMING if is_streamed(self.contract) else TICK
        self.complete_until = max(self.complete_until, until - margin)
        # the others are known to be
        self.taken = {
            key: time for key, time in self.taken.items() if time > self.complete_until
        }

    def has_newer_changes(self) -> bool:
        """Whether bronze holds changes that silver may lack."""
        bucket, prefix = bronze_folder(self.contract)
        start = max(self.complete_until - NAMED_EARLIER, NEVER)
        return any(
            file["LastModified"] > self.complete_until
            for file in self._objects(
                bucket, prefix, StartAfter=f"{prefix}{start:%Y%m%d-%H%M%S}"
            )
        )

    def _objects(self, bucket: str, prefix: str, **arguments):
        pages = self.s3.get_paginator("list_objects_v2").paginate(
            Bucket=bucket, Prefix=prefix, **arguments
        )
        for page in pages:
            yield from page.get("Contents", [])


def landing(contract: dict) -> tuple[str, str, re.Pattern]:
    """Where the files of a data set that comes in files are: the bucket, what their keys begin with, and what they are like."""
    pattern = contract["servers"][0]["location"].removeprefix("s3://").partition("/")[2]
    if is_daily(contract):
        name = re.escape(pattern).replace(r"\*", "[^/]*")
    else:
        # in folders, too
        name = re.escape(pattern).replace(r"\*", ".*")
    return settings()["landing"], pattern.partition("*")[0], re.compile(name)


def promised(contract: dict) -> timedelta:
    """The freshness that a contract promises."""
    units = {"d": "days", "h": "hours", "m": "minutes", "s": "seconds"}
    for sla in contract["slaProperties"]:
        if sla["property"] == "freshness":
            return timedelta(**{units[sla["unit"][0].lower()]: float(sla["value"])})
    raise AirflowFailException(f"the contract {contract['id']} promises no freshness")
