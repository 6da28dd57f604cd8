"""Every DAG as Airflow loads it."""

from pathlib import Path

import pytest
from airflow.models.dagbag import DagBag
from dataplatform import settings

FOLDER = Path(__file__).parents[1] / "target/bundle/dags"
BY_ARRIVAL = settings.arrivals()
REPLICATED = settings.replicated()
# one file makes those of the domains that come in files, and one those of the domains that come from a database
DAGS = sorted(
    {file.stem for file in FOLDER.glob("*.py")} - {"landing_files", "replicated_tables"}
    | set(BY_ARRIVAL)
    | set(REPLICATED)
    | {f"{domain}_expected" for domain in BY_ARRIVAL if BY_ARRIVAL[domain]["sensor"]}
)
# what waits for something outside
PATIENT = {"came": 3}
# what retrying does not help
ONCE = {
    "quality_gate",
    "complete",
    *(f"expected.{name}" for each in BY_ARRIVAL.values() for name in each["sensor"]),
}


@pytest.fixture(scope="module")
def bag(tmp_path_factory) -> DagBag:
    return DagBag(FOLDER, include_examples=False)


def test_all_are_there_without_an_error(bag):
    assert bag.import_errors == {}
    assert sorted(bag.dags) == DAGS


@pytest.mark.parametrize("name", DAGS)
def test_says_whose_it_is_what_it_is_for_and_when_to_give_up(bag, name):
    dag = bag.dags[name]
    assert dag.tags
    assert dag.doc_md
    assert not dag.catchup
    assert dag.max_active_runs <= 1
    assert dag.dagrun_timeout
    for task in dag.tasks:
        assert task.owner == "data-platform", task.task_id
        assert task.execution_timeout, task.task_id
        assert task.retries == (
            0 if task.task_id in ONCE else PATIENT.get(task.task_id, 2)
        ), task.task_id


@pytest.mark.parametrize("name", DAGS)
def test_has_no_cycle_and_nothing_on_its_own(bag, name):
    dag = bag.dags[name]
    assert dag.topological_sort()
    assert len(dag.roots) == 1


def test_parsing_asks_aws_nothing(monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError("AWS is called while a DAG is parsed")

    monkeypatch.setattr("botocore.client.BaseClient._make_api_call", refuse)
    monkeypatch.setattr("boto3.client", refuse)
    monkeypatch.setattr("boto3.resource", refuse)
    assert DagBag(FOLDER, include_examples=False).import_errors == {}


def test_web_events_are_known_only_where_they_are_taken(monkeypatch):
    file = FOLDER / "web_events.py"
    assert "web" in settings.domains()
    assert list(DagBag(file, include_examples=False).dags) == ["web_events"]
    monkeypatch.setattr(settings, "WEB_EVENTS", False)
    assert settings.domains() == [
        "customers",
        "ecommerce",
        "finance",
        "retail",
        "user_behaviour",
    ]
    assert DagBag(file, include_examples=False).dags == {}


def test_each_domain_of_a_database_has_a_dag_of_its_tables_alone(bag):
    assert list(REPLICATED) == ["ecommerce", "retail"]
    assert REPLICATED["retail"] == ["retail.user_purchase"]
    for domain, data_sets in REPLICATED.items():
        job = bag.dags[domain].get_task("bronze_to_silver.request")
        arguments = job.op_kwargs.get("arguments") or job.op_args[1]
        assert arguments[arguments.index("--data-sets") + 1] == ",".join(data_sets)


def test_web_events_are_no_files_of_partners():
    assert list(BY_ARRIVAL) == ["finance"]


@pytest.mark.parametrize("keeps, schedule", [(True, "30 * * * *"), (False, "None")])
def test_freshness_is_measured_by_schedule_where_promises_are_kept(
    monkeypatch, keeps, schedule
):
    """Where Airflow runs on demand, a run an hour would keep it from ending."""
    monkeypatch.setattr(settings, "KEEPS_PROMISES", keeps)
    dag = DagBag(FOLDER / "freshness.py", include_examples=False).dags["freshness"]
    assert dag.timetable.summary == schedule
