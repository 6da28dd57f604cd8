"""Airflow reads its configuration when it is imported: before any test is."""

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import boto3
import pytest

MOTO = Path(__file__).parents[2] / ".venv/bin/moto_server"
BUNDLE = Path(__file__).parents[1] / "target/bundle/dags"

os.environ["AIRFLOW_HOME"] = tempfile.mkdtemp(prefix="airflow-")
os.environ["AIRFLOW__CORE__LOAD_EXAMPLES"] = "False"
os.environ["AIRFLOW__CORE__DAGS_FOLDER"] = str(BUNDLE)
os.environ["AIRFLOW__DATAPLATFORM__WEB_EVENTS"] = "True"
# as the DAG processor sees to
sys.path.insert(0, str(BUNDLE))
sys.dont_write_bytecode = True


@pytest.fixture(scope="session")
def endpoint(tmp_path_factory):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = tmp_path_factory.mktemp("moto") / "log"
    with (
        log.open("w") as output,
        subprocess.Popen(
            [MOTO, "--port", str(port)], stdout=output, stderr=output
        ) as server,
    ):
        url = f"http://localhost:{port}"
        for _ in range(300):
            try:
                urllib.request.urlopen(url + "/moto-api/").close()
                break
            except OSError:
                time.sleep(0.1)
        else:
            server.kill()
            raise RuntimeError("moto does not answer: " + log.read_text())
        yield url
        server.terminate()


@pytest.fixture
def aws(endpoint, monkeypatch):
    """An account with buckets and settings, and nothing else in it."""
    for name, value in {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    boto3.setup_default_session()
    reset = urllib.request.Request(endpoint + "/moto-api/reset", method="POST")
    urllib.request.urlopen(reset).close()
    s3 = boto3.client("s3")
    for bucket in ("landing", "bronze", "silver"):
        s3.create_bucket(Bucket=bucket)
    ssm = boto3.client("ssm")
    state = ("reports", "passed", "freshness", "done", "source_keys")
    for name, value in {
        "airflow/settings": {
            "landing": "landing",
            "bronze": "bronze",
            "replicated": "ecommerce_rds",
            "transformed": "web-data/transformed",
            "silver": "silver",
            "replication_instance": "dataplatform-dev-replication",
            "state": {name: f"_state/{name}/" for name in state},
        },
        "spark/bronze-to-silver": {"jobDriver": {}},
    }.items():
        ssm.put_parameter(
            Name="/dataplatform/dev/" + name, Type="String", Value=json.dumps(value)
        )
