"""The partitions that Redshift Spectrum is shown, over the catalog and S3 as moto has them."""

import boto3
import pytest
from dataplatform import partitions

DATABASE = "spectrum"
FOLDER = "ecommerce/orders/_symlink_format_manifest"


def columns(*names):
    return [{"Name": name, "Type": "string"} for name in names]


def table(name, *names, keys=("month",)):
    return {
        "Name": name,
        "PartitionKeys": columns(*keys),
        "StorageDescriptor": {
            "Location": f"s3://silver/ecommerce/{name}/_symlink_format_manifest",
            "Columns": columns(*names),
            "SerdeInfo": {"SerializationLibrary": "of Parquet"},
        },
    }


@pytest.fixture(autouse=True)
def catalog(aws):
    glue = boto3.client("glue")
    glue.create_database(DatabaseInput={"Name": DATABASE})
    for each in [
        table("orders", "order_id"),
        table("sellers", "seller_id", keys=()),
        table("events", "id"),
    ]:
        glue.create_table(DatabaseName=DATABASE, TableInput=each)


def manifest(month, table="orders"):
    return f"ecommerce/{table}/_symlink_format_manifest/month={month}/manifest"


def put(*keys):
    for key in keys:
        boto3.client("s3").put_object(Bucket="silver", Key=key, Body=b"")


def keep_in_step(*names):
    partitions.keep_in_step(
        boto3.client("glue"), boto3.client("s3"), DATABASE, names or ["orders"]
    )


def shown(table="orders"):
    pages = boto3.client("glue").get_paginator("get_partitions")
    return {
        partition["Values"][0]: partition["StorageDescriptor"]
        for page in pages.paginate(DatabaseName=DATABASE, TableName=table)
        for partition in page["Partitions"]
    }


def test_are_those_that_silver_has_manifests_for():
    # as S3A leaves it for a folder
    put(f"{FOLDER}/")
    # more than one request may create
    months = [f"{y}-{m:02}" for y in range(2010, 2020) for m in range(1, 13)]
    put(*map(manifest, months))
    put(manifest("2010-01", "sellers"))
    keep_in_step("orders", "sellers")
    assert sorted(shown()) == months
    assert shown()["2019-12"]["Location"] == "s3://silver/" + FOLDER + "/month=2019-12"
    assert shown("sellers") == {}

    put(manifest("2020-01"))
    # more than one request may delete
    for month in months[:36]:
        boto3.client("s3").delete_object(Bucket="silver", Key=manifest(month))
    keep_in_step()
    assert sorted(shown()) == months[36:] + ["2020-01"]


def test_of_another_domain_are_left_alone():
    put(manifest("2026-01"), manifest("2026-01", "events"))
    keep_in_step("orders")
    assert shown("events") == {}


def test_that_are_in_step_are_not_written_again(monkeypatch):
    put(manifest("2026-01"))
    keep_in_step()
    calls = []
    glue = boto3.client("glue")
    glue.meta.events.register(
        "before-call.glue", lambda model, **_: calls.append(model.name)
    )
    partitions.keep_in_step(glue, boto3.client("s3"), DATABASE, ["orders"])
    assert set(calls) == {"GetTables", "GetPartitions"}


def test_that_the_catalog_refuses_fail_the_task():
    answer = {"Errors": [{"PartitionValues": ["2026-01"], "ErrorDetail": {}}]}
    with pytest.raises(RuntimeError, match="partitions of orders.*2026-01"):
        partitions.check("orders", answer)
