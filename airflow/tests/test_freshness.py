"""How old silver is said to be, over S3 and CloudWatch as moto has them."""

import json
import time
from datetime import UTC, datetime, timedelta

import boto3
import pytest
from airflow.exceptions import (
    AirflowException,
    AirflowFailException,
    AirflowSkipException,
)
from botocore.exceptions import ClientError
from dataplatform import freshness, replication
from dataplatform.settings import contracts

ORDERS = "ecommerce_rds/ecommerce/orders/"
POSTS = "web-data/transformed/posts/"
# a day, as the contracts promise, and some more
STALE = timedelta(hours=25)


pytestmark = pytest.mark.usefixtures("aws")


def put(bucket, key):
    boto3.client("s3").put_object(Bucket=bucket, Key=key, Body=b"x")


def complete(domain, until):
    return freshness.freshness.function(domain, until.isoformat())


def has_arrived(name="accounts", file=None):
    files = freshness.waiting("finance", [name])[name]
    return {name: {key: files[key] for key in files if file in (None, key)}}


def age_as_a_metric(data_set):
    now = datetime.now(UTC)
    found = boto3.client("cloudwatch").get_metric_statistics(
        Namespace="DataPlatform",
        MetricName="Age",
        Dimensions=[
            {"Name": "Environment", "Value": "dev"},
            {"Name": "DataSet", "Value": data_set},
        ],
        StartTime=now - timedelta(hours=1),
        EndTime=now + timedelta(minutes=1),
        Period=3600,
        Statistics=["Maximum"],
    )
    return [point["Maximum"] for point in found["Datapoints"]]


def make_older(data_set, age):
    """As if all that silver holds had come that much earlier."""
    key = f"_state/freshness/{data_set}.json"
    s3 = boto3.client("s3")
    known = json.load(s3.get_object(Bucket="silver", Key=key)["Body"])
    until = datetime.fromisoformat(known["complete_until"]) - age
    known["complete_until"] = until.isoformat()
    s3.put_object(Bucket="silver", Key=key, Body=json.dumps(known))


def test_silver_is_as_old_as_what_replication_had_brought_before_spark_began():
    until = datetime.now(UTC) - timedelta(hours=2)
    assert complete("ecommerce", until)["ecommerce.orders"] == pytest.approx(7200, 5)
    assert age_as_a_metric("ecommerce.orders") == [pytest.approx(7200, 5)]


def test_a_data_set_whose_changes_spark_did_not_take_ages_and_no_other():
    now = datetime.now(UTC)
    complete("ecommerce", now)
    make_older("ecommerce.orders", STALE)
    make_older("ecommerce.sellers", STALE)
    put("bronze", f"{ORDERS}{now:%Y%m%d-%H%M%S}000.parquet")

    with pytest.raises(AirflowFailException) as broken:
        freshness.measure(["ecommerce"], now)

    assert "ecommerce.orders is 1 day, 1:00" in str(broken.value)
    assert str(broken.value).count("ecommerce.") == 1
    assert age_as_a_metric("ecommerce.orders")[0] >= STALE.total_seconds()
    assert age_as_a_metric("ecommerce.sellers") == [pytest.approx(0, abs=5)]


def test_what_was_in_bronze_before_is_silvers():
    put("bronze", ORDERS + "LOAD00000001.parquet")
    time.sleep(1)
    complete("ecommerce", datetime.now(UTC))
    seconds = freshness.measure(["ecommerce"], datetime.now(UTC))
    assert seconds["ecommerce.orders"] == 0


def test_everything_ages_while_nobody_knows_how_replication_goes():
    complete("ecommerce", datetime.now(UTC))
    for contract in contracts("ecommerce"):
        make_older(contract["id"], STALE)
    with pytest.raises(AirflowFailException) as broken:
        freshness.measure(["ecommerce"], None)
    assert str(broken.value).count("ecommerce.") == len(contracts("ecommerce"))


def test_a_task_that_is_cleared_does_not_make_silver_older():
    now = datetime.now(UTC)
    complete("ecommerce", now)
    assert complete("ecommerce", now - STALE)["ecommerce.orders"] < 5


def test_a_run_whose_spark_job_did_not_come_to_know_what_is_complete_changes_nothing():
    with pytest.raises(AirflowSkipException):
        freshness.freshness.function("ecommerce", None)
    assert "Contents" not in boto3.client("s3").list_objects_v2(Bucket="silver")


def test_what_has_never_been_complete_has_no_age_and_fails():
    with pytest.raises(AirflowFailException, match="orders has never been complete"):
        freshness.measure(["ecommerce"], datetime.now(UTC))
    assert age_as_a_metric("ecommerce.orders") == []


def test_files_age_from_their_arrival_until_they_are_taken(monkeypatch):
    assert freshness.measure(["finance"], None)["finance.accounts"] == 0
    put("landing", "finance/accounts/bad.csv")
    time.sleep(1.1)
    put("landing", "finance/accounts/good.csv")
    put("landing", "finance/accounts/notes.txt")

    # the first one fails
    good = has_arrived(file="finance/accounts/good.csv")
    freshness.taken.function("finance", good)

    assert list(has_arrived()["accounts"]) == ["finance/accounts/bad.csv"]
    assert freshness.measure(["finance"], None)["finance.accounts"] >= 1
    assert freshness.measure(["finance"], None)["finance.budgets"] == 0
    monkeypatch.setattr(freshness, "promised", lambda contract: timedelta(0))
    with pytest.raises(AirflowFailException, match="finance.accounts is"):
        freshness.measure(["finance"], None)
    monkeypatch.undo()


def test_a_file_that_is_taken_or_gone_is_not_waited_for():
    for name in ("1", "2", "3"):
        put("landing", f"finance/accounts/{name}.csv")
    for name in ("2", "1"):
        one = has_arrived(file=f"finance/accounts/{name}.csv")
        freshness.taken.function("finance", one)
    assert list(has_arrived()["accounts"]) == ["finance/accounts/3.csv"]
    boto3.client("s3").delete_object(Bucket="landing", Key="finance/accounts/3.csv")
    assert freshness.measure(["finance"], None)["finance.accounts"] == 0

    time.sleep(1.1)
    put("landing", "finance/accounts/1.csv")
    assert list(has_arrived()["accounts"]) == ["finance/accounts/1.csv"]


def test_the_list_of_taken_files_stays_short():
    for name in range(3):
        put("landing", f"finance/accounts/{name}.csv")
        time.sleep(1.1)
        freshness.taken.function("finance", has_arrived())
    state = freshness.State(contracts("finance")[0])
    assert list(state.taken) == ["finance/accounts/2.csv"]
    assert state.waiting() == {}


def test_two_runs_that_write_at_once_lose_nothing():
    put("landing", "finance/accounts/1.csv")
    first, second = (freshness.State(contracts("finance")[0]) for _ in range(2))
    first.write()
    with pytest.raises(ClientError, match="PreconditionFailed"):
        second.write()


@pytest.fixture
def params(monkeypatch):
    given = {}
    monkeypatch.setattr(freshness, "get_current_context", lambda: {"params": given})
    return given


def new_in_stream():
    return freshness.new_in_stream.function("web")


def test_web_events_age_from_their_transformation_until_they_are_taken(
    params, monkeypatch
):
    monkeypatch.setattr(freshness, "promised", lambda contract: timedelta(seconds=2))
    with pytest.raises(AirflowSkipException):
        new_in_stream()
    assert freshness.age.function("web")["web.posts"] == 0
    put("bronze", POSTS + "arrived_hour=2026-03-01-10/a.parquet")
    # raw files, and what is no data set's
    put("bronze", "web-data/raw/2026/03/01/10/a.gz")
    put("bronze", "web-data/transformed/posts_of_others/a.parquet")
    time.sleep(2.1)
    with pytest.raises(AirflowFailException, match="web.posts is"):
        freshness.age.function("web")

    news = new_in_stream()
    assert list(news["posts"]) == [POSTS + "arrived_hour=2026-03-01-10/a.parquet"]
    # comes while Spark is at work: the next run's
    put("bronze", POSTS + "arrived_hour=2026-03-01-11/b.parquet")
    freshness.taken.function("web", news)

    assert list(new_in_stream()["posts"]) == [
        POSTS + "arrived_hour=2026-03-01-11/b.parquet"
    ]
    assert freshness.age.function("web")["web.follows"] == 0


def test_web_events_that_were_taken_or_have_expired_start_nothing(params):
    # S3 shows the one that was begun first last
    put("bronze", POSTS + "arrived_hour=2026-03-01-10/a.parquet")
    begun_first = new_in_stream()
    time.sleep(1.1)
    put("bronze", POSTS + "arrived_hour=2026-03-01-10/b.parquet")
    news = new_in_stream()
    for key in begun_first["posts"]:
        del news["posts"][key]
    freshness.taken.function("web", news)
    assert new_in_stream() == begun_first | {
        name: {} for name in begun_first if name != "posts"
    }
    freshness.taken.function("web", begun_first)
    with pytest.raises(AirflowSkipException):
        new_in_stream()

    boto3.client("s3").delete_object(
        Bucket="bronze", Key=POSTS + "arrived_hour=2026-03-01-10/a.parquet"
    )
    with pytest.raises(AirflowSkipException):
        new_in_stream()
    params["again"] = True
    assert not any(new_in_stream().values())


def latency_says(seconds):
    boto3.client("cloudwatch").put_metric_data(
        Namespace="AWS/DMS",
        MetricData=[
            {
                "MetricName": "CDCLatencyTarget",
                "Value": seconds,
                "Timestamp": datetime.now(UTC) - timedelta(minutes=3),
            }
        ],
    )


def test_bronze_is_as_complete_as_dms_says_it_is_late():
    latency_says(700)
    late = datetime.now(UTC) - replication.now_less_latency()
    assert late.total_seconds() == pytest.approx(700, abs=5)


def test_silence_of_dms_is_no_proof_where_promises_are_kept(monkeypatch):
    assert replication.now_less_latency()
    monkeypatch.setattr(replication, "KEEPS_PROMISES", True)
    assert replication.now_less_latency() is None
    latency_says(0)
    assert replication.now_less_latency()


EVENTS = "events_input/2026-03-01/"


@pytest.fixture
def looked(monkeypatch):
    """Looks for the files of the first of March."""

    def look(reschedules):
        context = {"task_reschedule_count": reschedules}
        monkeypatch.setattr(freshness, "get_current_context", lambda: context)
        return freshness.came.function("customers.events", "2026-03-01").is_done

    return look


def test_files_of_a_day_are_looked_for_three_times(looked):
    put("landing", "events_input/2026-03-02/events_1.csv")
    put("landing", EVENTS + "notes.csv")
    put("landing", EVENTS + "old/events_1.csv")
    assert not looked(0)
    assert not looked(1)
    with pytest.raises(AirflowException, match=f"s3://landing/{EVENTS} after 3 looks"):
        looked(2)

    put("landing", EVENTS + "events_1.csv")
    assert looked(0)


def test_files_of_days_wait_until_they_are_taken_whatever_day_they_are_of(params):
    with pytest.raises(AirflowSkipException):
        freshness.new_in_landing.function("customers")
    put("landing", EVENTS + "events_1.csv")
    put("landing", EVENTS + "notes.csv")
    put("landing", "customers/events/events_1.csv")

    news = freshness.new_in_landing.function("customers")
    assert list(news["events"]) == [EVENTS + "events_1.csv"]
    freshness.taken.function("customers", news)
    with pytest.raises(AirflowSkipException):
        freshness.new_in_landing.function("customers")

    time.sleep(1.1)
    put("landing", "events_input/2026-01-01/events_2.csv")
    assert list(freshness.new_in_landing.function("customers")["events"]) == [
        "events_input/2026-01-01/events_2.csv"
    ]


def test_a_day_of_purchases_is_complete_when_silver_has_all_changes_of_it(monkeypatch):
    def is_complete(day):
        return freshness.complete.function("retail.user_purchase", day).is_done

    monkeypatch.setattr(freshness, "bronze_complete_until", lambda: None)
    assert not is_complete("2026-03-01")
    state = freshness.State(
        next(each for each in contracts("retail") if each["name"] == "user_purchase")
    )
    state.complete_until = datetime(2026, 3, 2, tzinfo=UTC)
    state.write()
    assert is_complete("2026-03-01")
    assert not is_complete("2026-03-02")


def test_files_of_one_day_are_told_from_those_of_others():
    put("landing", "raw/movie_review/2026-03-01/movie_review.csv")
    put("landing", "raw/movie_review/2026-03-02/movie_review.csv")
    found = freshness.landed_on.function("user_behaviour", "2026-03-02")
    assert list(found["movie_review"]) == [
        "raw/movie_review/2026-03-02/movie_review.csv"
    ]
