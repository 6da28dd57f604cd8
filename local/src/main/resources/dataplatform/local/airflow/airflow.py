"""Airflow's command line, where ``dags test`` builds the API that its tasks call once, and not for each task: a second each."""

import functools

from airflow.__main__ import main
from airflow.sdk.execution_time import supervisor

supervisor.in_process_api_server = functools.cache(supervisor.in_process_api_server)
main()
