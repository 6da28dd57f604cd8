"""What is deployed beside the DAGs: dbt's connection as each environment gives it, and what MWAA sources."""

import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml
from dataplatform import settings, warehouse
from jinja2 import Environment, StrictUndefined

AIRFLOW = Path(__file__).parents[1]
PROFILES = settings.BUNDLE / "dbt_project/profiles.yml"
WAREHOUSE = {
    "host": "dataplatform-dev-warehouse.123456789012.us-east-1.redshift-serverless.amazonaws.com",
    "port": 5439,
    "database": "dw",
    "identifier": "dataplatform-dev-warehouse",
}


def written_by(script: Path) -> dict[str, str]:
    """The variables that a script gives Airflow, and so dbt."""
    text = script.read_text()
    return dict(
        re.findall(r"^(?:export )?([A-Z][A-Z0-9_]+)=(\S*)$", text, re.MULTILINE)
    )


@pytest.mark.parametrize("script", ["startup.sh", "instance/user-data.sh"])
def test_dbts_connection_needs_nothing_that_is_not_given(script):
    given = written_by(AIRFLOW / script) | warehouse.connection(WAREHOUSE)

    def env_var(name, default=None):
        if name not in given and default is None:
            raise KeyError(f"{script} does not give {name}")
        return given.get(name, default)

    jinja = Environment(undefined=StrictUndefined)
    jinja.filters["as_number"] = int
    profile = yaml.safe_load(
        jinja.from_string(PROFILES.read_text()).render(env_var=env_var)
    )["warehouse"]

    assert profile["target"] == "redshift"
    chosen = profile["outputs"]["redshift"]
    assert chosen["host"] == WAREHOUSE["host"]
    assert chosen["method"] == "iam_role"
    assert "user" not in chosen and "password" not in chosen


@pytest.mark.parametrize("pip_works", [True, False])
@pytest.mark.parametrize("component", ["worker", "webserver"])
def test_mwaas_shell_goes_on_after_the_start_up_script(tmp_path, component, pip_works):
    """MWAA sources it, and exports what Airflow needs in the same shell afterwards."""
    python = tmp_path / "python3"
    # a virtual environment whose pip reaches no index, or one that works
    python.write_text(f"#!/bin/sh\nexit {0 if pip_works else 1}\n")
    python.chmod(0o755)
    pip = tmp_path / "venv/bin/pip"
    pip.parent.mkdir(parents=True)
    pip.write_text("#!/bin/sh\nexit 0\n")
    pip.chmod(0o755)
    script = tmp_path / "startup.sh"
    script.write_text(
        (AIRFLOW / "startup.sh")
        .read_text()
        .replace("/usr/local/airflow/dbt-venv", str(tmp_path / "venv"))
    )
    goes_on = 'false; echo "$SET_BY_NOBODY" "$DBT_TARGET" goes on'
    done = subprocess.run(
        ["bash", "-c", f'source "{script}"; {goes_on}'],
        check=False,
        env=os.environ
        | {
            "PATH": f"{tmp_path}:{os.environ['PATH']}",
            "MWAA_AIRFLOW_COMPONENT": component,
        },
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("redshift goes on\n")
    broken = component == "worker" and not pip_works
    assert ("could NOT be installed" in done.stderr) == broken


def test_mwaas_own_constraints_say_the_versions():
    """A version that differs from theirs installs nothing at all."""
    wanted = (AIRFLOW / "mwaa-requirements.txt").read_text().splitlines()
    names = [line for line in wanted if line and not line.startswith("#")]
    assert names
    assert all(re.fullmatch(r"[a-z-]+", name) for name in names)
