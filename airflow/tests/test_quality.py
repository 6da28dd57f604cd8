"""What the quality gate makes of the reports of the Spark jobs, over S3 and CloudWatch as moto has them."""

import json
from datetime import UTC, datetime, timedelta

import boto3
import pytest
from airflow.exceptions import AirflowFailException
from dataplatform import quality

pytestmark = pytest.mark.usefixtures("aws")

SOUND = {
    "table": "one",
    "batch": 1,
    "rows": 0,
    "reasons": {},
    "silver_rows": 10,
    "set_aside": {},
}


@pytest.fixture
def accepted(monkeypatch):
    names = []
    monkeypatch.setattr(
        quality, "get_current_context", lambda: {"params": {"accept": names}}
    )
    return names


def report(data_set, **differences):
    boto3.client("s3").put_object(
        Bucket="silver",
        Key=f"_state/reports/{data_set.replace('.', '/')}.json",
        Body=json.dumps(SOUND | differences),
    )


def metric(name):
    """The sum of a metric."""
    now = datetime.now(UTC)
    found = boto3.client("cloudwatch").get_metric_data(
        MetricDataQueries=[
            {
                "Id": "it",
                "MetricStat": {
                    "Metric": {
                        "Namespace": "DataPlatform",
                        "MetricName": name,
                        "Dimensions": [{"Name": "Environment", "Value": "dev"}],
                    },
                    "Period": 86400,
                    "Stat": "Sum",
                },
            }
        ],
        StartTime=now - timedelta(hours=12),
        EndTime=now + timedelta(hours=12),
    )
    return sum(found["MetricDataResults"][0]["Values"])


def test_files_that_are_set_aside_stop_nothing_and_are_told(accepted, capsys):
    report("ecommerce.orders", set_aside={"s3://bronze/1.parquet": "is no Parquet"})
    report("finance.accounts", set_aside={"s3://landing/1.csv": "x", "2.csv": "y"})
    quality.quality_gate.function("ecommerce")
    assert "1.parquet is not in silver and is not tried any more" in (
        said := capsys.readouterr().out
    )
    assert "--retry s3://bronze/1.parquet" in said
    assert metric("FilesSetAside") == 1
    assert metric("Drift") == 0

    quality.quality_gate.function("finance")
    assert "drop it again" in (said := capsys.readouterr().out)
    assert "--retry" not in said
    assert metric("FilesSetAside") == 3

    report("web.posts", set_aside={"s3://bronze/2.parquet": "is no Parquet"})
    quality.quality_gate.function("web")
    assert "of its raw file again" in capsys.readouterr().out


def test_rows_in_quarantine_are_refused_until_they_are_accepted(accepted):
    report("ecommerce.orders", batch=7, rows=1, reasons={"id is required": 1})
    for _ in range(2):
        with pytest.raises(AirflowFailException, match=r"1 of 11 rows \(9\.1%\)"):
            quality.quality_gate.function("ecommerce")
    accepted.append("ecommerce.orders")
    quality.quality_gate.function("ecommerce")
    accepted.clear()
    quality.quality_gate.function("ecommerce")

    # a table that was made anew counts its batches anew
    report("ecommerce.orders", table="two", batch=1, rows=1, reasons={"x": 1})
    with pytest.raises(AirflowFailException, match="1 of 11 rows"):
        quality.quality_gate.function("ecommerce")


def test_a_difference_from_the_source_is_refused_and_told(accepted):
    report("ecommerce.orders", drift="it differs from the source")
    report("ecommerce.sellers", drift="it differs from the source")
    accepted.append("ecommerce.sellers")
    with pytest.raises(AirflowFailException, match="orders: it differs") as refusal:
        quality.quality_gate.function("ecommerce")
    assert "sellers" not in str(refusal.value)
    assert metric("Drift") == 2
