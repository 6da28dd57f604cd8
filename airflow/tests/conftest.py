"""Airflow reads its configuration when it is imported: before any test is."""

import os
import sys
import tempfile
from pathlib import Path

BUNDLE = Path(__file__).parents[1] / "target/bundle/dags"

os.environ["AIRFLOW_HOME"] = tempfile.mkdtemp(prefix="airflow-")
os.environ["AIRFLOW__CORE__LOAD_EXAMPLES"] = "False"
os.environ["AIRFLOW__CORE__DAGS_FOLDER"] = str(BUNDLE)
# as the DAG processor sees to
sys.path.insert(0, str(BUNDLE))
sys.dont_write_bytecode = True
