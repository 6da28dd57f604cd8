"""Where things are: Airflow's own configuration names the environment, and SSM knows the rest."""

import json
from datetime import timedelta
from pathlib import Path

import boto3
import yaml
from airflow.configuration import conf
from airflow.sdk import task

SECTION = "dataplatform"

ENVIRONMENT = conf.get(SECTION, "environment", fallback="dev")

# what EMR runs a job on: an application (serverless) or a cluster of its own (cluster)
SERVERLESS = conf.get(SECTION, "spark", fallback="serverless") == "serverless"

# what the warehouse's name is the name of, for the Data API: a workgroup (serverless) or a cluster
WAREHOUSE = (
    "workgroup_name"
    if conf.get(SECTION, "warehouse", fallback="serverless") == "serverless"
    else "cluster_identifier"
)

# whether silver raises an alarm when it is staler than its contracts promise
KEEPS_PROMISES = conf.getboolean(SECTION, "keeps_promises", fallback=False)

# whether web events are taken
WEB_EVENTS = conf.getboolean(SECTION, "web_events", fallback=False)

# seconds between two looks at what AWS does
POLL = conf.getint(SECTION, "poll_seconds", fallback=20)

# seconds to wait for a file that is expected
WAIT = conf.getint(SECTION, "wait_seconds", fallback=24 * 60 * 60)

# seconds that a change may take from the source to bronze
PATIENCE = conf.getint(SECTION, "patience_seconds", fallback=10 * 60)

# of the folder that holds this package, the contracts and the dbt project
BUNDLE = Path(__file__).parents[1]

DEFAULT_ARGS = {
    "owner": "data-platform",
    "retries": conf.getint(SECTION, "retries", fallback=2),
    "retry_delay": timedelta(
        seconds=conf.getint(SECTION, "retry_seconds", fallback=300)
    ),
    "execution_timeout": timedelta(hours=2),
}


def parameter(name: str) -> str:
    """The value of the environment's parameter in SSM; a task's to call, as it asks AWS."""
    path = f"/dataplatform/{ENVIRONMENT}/{name}"
    return boto3.client("ssm").get_parameter(Name=path)["Parameter"]["Value"]


def settings() -> dict:
    """What the environment's parts are called, as the deployment has written it (``DagSettings``).

    landing, bronze, silver, gold: buckets. replicated: the folder of bronze that replication writes under.
    transformed: the folder of bronze with web events by data set.
    state: folders of silver where the platform keeps what it has to remember: reports, passed,
    freshness, done, source_keys. gold_database and spectrum_database: in the Glue catalog.
    replication: ARN of the DMS task, on replication_instance; replication_may_rest: whether it is
    all right that it is stopped. source_keys_function: looks which rows the source has.
    warehouse: identifier of its workgroup or cluster, host, port, database, and unload_role, the
    ARN of the role that writes to gold.
    """
    return json.loads(parameter("airflow/settings"))


@task
def setting(name: str) -> str:
    """One of the settings, for operators, which can't ask for it themselves."""
    return settings()[name]


def arrivals() -> dict[str, dict[str, list[str]]]:
    """Names of the data sets that come in files, by domain and by what notices a file: event or sensor."""
    found = {}
    for domain in domains():
        for contract in contracts(domain):
            if comes_in_files(contract):
                by_arrival = found.setdefault(domain, {"event": [], "sensor": []})
                arrival = properties(contract).get("arrival", "event")
                by_arrival[arrival].append(contract["name"])
    return found


def replicated() -> dict[str, list[str]]:
    """Ids of the data sets that come from a database, by domain."""
    found = {}
    for domain in domains():
        for contract in contracts(domain):
            if is_replicated(contract):
                found.setdefault(domain, []).append(contract["id"])
    return found


def domains() -> list[str]:
    """Names of the domains; without those of web events where none are taken."""
    names = sorted(folder.name for folder in (BUNDLE / "contracts").iterdir())
    return [
        name
        for name in names
        if WEB_EVENTS or not any(is_streamed(each) for each in contracts(name))
    ]


def contracts(domain: str) -> list[dict]:
    """The contracts of a domain, as their YAML says it."""
    files = sorted((BUNDLE / "contracts" / domain).glob("*.odcs.yaml"))
    return [yaml.safe_load(file.read_text()) for file in files]


def contract_of(data_set: str) -> dict:
    """The contract of a data set, by its id."""
    domain = data_set.partition(".")[0]
    return next(each for each in contracts(domain) if each["id"] == data_set)


def properties(contract: dict) -> dict[str, str]:
    """The custom properties of a contract."""
    return {each["property"]: each["value"] for each in contract["customProperties"]}


def bronze_folder(contract: dict) -> tuple[str, str]:
    """The bucket and the prefix of the files that replication, or what transforms web events, writes of a data set."""
    names = settings()
    if is_streamed(contract):
        return names["bronze"], f"{names['transformed']}/{table_name(contract)}/"
    schema = properties(contract)["sourceSchema"]
    return names["bronze"], f"{names['replicated']}/{schema}/{contract['name']}/"


def table_name(contract: dict) -> str:
    """The name of its table in silver's catalog and in the warehouse."""
    schema = contract["schema"][0]
    return schema.get("physicalName", schema["name"])


def comes_in_files(contract: dict) -> bool:
    """Whether a data set comes in files of partners."""
    return properties(contract)["load"] in ("snapshot", "append")


def is_daily(contract: dict) -> bool:
    """Whether a data set comes in files of the day."""
    return properties(contract)["load"] == "daily"


def is_replicated(contract: dict) -> bool:
    """Whether a data set comes from a database."""
    return properties(contract)["load"] == "cdc"


def is_streamed(contract: dict) -> bool:
    """Whether a data set is made of web events."""
    return properties(contract)["load"] == "stream"


def marts(domain: str) -> list[str]:
    """Names of the domain's marts."""
    return sorted(
        file.stem
        for file in (BUNDLE / "dbt_project/models/marts" / domain).glob("*.sql")
    )
