"""What a run finds done already, over S3 as moto has it."""

import json

import boto3
import pytest
from airflow.exceptions import AirflowSkipException
from dataplatform import progress, warehouse

pytestmark = pytest.mark.usefixtures("aws")

FILE = "ecommerce_rds/ecommerce/orders/LOAD00000001.parquet"


@pytest.fixture(autouse=True)
def params(monkeypatch):
    given = {}
    monkeypatch.setattr(progress, "get_current_context", lambda: {"params": given})
    return given


def put(bucket, key, body):
    boto3.client("s3").put_object(Bucket=bucket, Key=key, Body=body)


def look(rows, total):
    body = json.dumps({"taken_at": "whenever", "rows": rows, "sum": total})
    put("silver", "_state/source_keys/ecommerce/orders.json", body)


def new_in_bronze():
    return progress.new_in_bronze.function("ecommerce")


def take():
    progress.bronze_taken.function("ecommerce", new_in_bronze())
    with pytest.raises(AirflowSkipException):
        new_in_bronze()


def test_what_is_in_bronze_is_taken_once():
    put("bronze", FILE, "rows")
    look(1, 7)
    # until it is known to be taken, it is new
    assert new_in_bronze() == new_in_bronze()
    take()
    # the source has said the same again
    look(1, 7)
    with pytest.raises(AirflowSkipException):
        new_in_bronze()


@pytest.mark.parametrize(
    "change",
    [
        lambda: put("bronze", FILE.replace("LOAD00000001", "20260301-1"), "rows"),
        # a load that was made again keeps the names of its files
        lambda: put("bronze", FILE, "other rows"),
        lambda: boto3.client("s3").delete_object(Bucket="bronze", Key=FILE),
        # changes that replication has not brought
        lambda: look(0, 0),
        lambda: look(1, 8),
        lambda: boto3.client("ssm").put_parameter(
            Name="/dataplatform/dev/spark/bronze-to-silver",
            Value='{"jobDriver": {"sparkSubmit": {"entryPointArguments": ["--bronze", "s3://bronze/ecommerce_rds", "--new"]}}}',
            Overwrite=True,
        ),
    ],
)
def test_whatever_differs_is_new(change):
    put("bronze", FILE, "rows")
    look(1, 7)
    take()
    change()
    take()


def test_a_run_that_is_to_do_something_is_not_skipped(params):
    put("bronze", FILE, "rows")
    take()
    params["again"] = True
    assert new_in_bronze()
    params["again"] = False
    params["follow"] = ["ecommerce.orders"]
    assert new_in_bronze()


def test_a_stage_is_done_for_the_versions_that_it_saw():
    stage = progress.Stage("ecommerce", "dbt")
    log = "ecommerce/orders/_delta_log/0000000000000000000"
    put("silver", log + "0.json", "made")
    put("silver", "ecommerce/orders/_delta_log/_last_checkpoint", "{}")
    put("silver", "ecommerce/sellers/_delta_log/00000000000000000003.json", "it")
    before = progress.versions("ecommerce")
    put("silver", log + "1.json", "changed while the stage was at work")
    stage.done(before)
    assert stage.news(progress.versions("ecommerce")) == ["orders"]
    stage.done(progress.versions("ecommerce"))
    assert stage.news(progress.versions("ecommerce")) == []

    # made anew, it comes to the same number again
    put("silver", log + "1.json", "another table's")
    assert stage.news(progress.versions("ecommerce")) == ["orders"]
    # and another domain's stages are none of this one's
    assert progress.Stage("finance", "dbt").done_for() == {}


def test_other_models_are_built_for_all(monkeypatch, params):
    stage = progress.Stage("ecommerce", "dbt")
    assert not stage.was_done_otherwise()
    put("silver", "ecommerce/orders/_delta_log/00000000000000000000.json", "it")
    put("silver", "ecommerce/sellers/_delta_log/00000000000000000000.json", "it")
    stage.done(progress.versions("ecommerce"))
    assert not stage.was_done_otherwise()
    monkeypatch.setattr(progress, "code", lambda: "of the next deployment")
    assert stage.was_done_otherwise()
    found = progress.versions("ecommerce")
    assert stage.news(found) == ["orders", "sellers"]
    assert all(
        selector.startswith("path:")
        for selector in warehouse.selection("ecommerce", ["orders", "sellers"], found)
    )
    stage.done(found)
    assert not stage.was_done_otherwise()
    params["again"] = True
    assert stage.was_done_otherwise()
    assert "source:*.orders+,path:models/marts/ecommerce" in warehouse.selection(
        "ecommerce", ["orders"], found
    )
