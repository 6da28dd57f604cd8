"""Spark jobs as tasks, on EMR Serverless or on a cluster that is there for the one job."""

import json

import boto3
from airflow.providers.amazon.aws.operators.emr import (
    EmrCreateJobFlowOperator,
    EmrServerlessStartJobOperator,
)
from airflow.providers.amazon.aws.sensors.emr import EmrStepSensor
from airflow.sdk import task, task_group

from dataplatform.settings import POLL, SERVERLESS, parameter

# what a job may take, in looks
LOOKS = 2 * 60 * 60 // POLL


def spark_job(job: str, arguments: list, objects=None):
    """A group of tasks that runs a job of the Spark jar and fails when the job does.

    :param job: whose request stands in SSM, such as ``bronze-to-silver``
    :param arguments: that it is given beside those in the request; templated
    :param objects: the only files that it is to take; default: all that are new
    """

    @task_group(group_id=job.replace("-", "_"))
    def group():
        asked = request(job, arguments, objects)
        if SERVERLESS:
            EmrServerlessStartJobOperator(
                task_id="run",
                aws_conn_id=None,
                application_id=asked["applicationId"],
                execution_role_arn=asked["executionRoleArn"],
                job_driver=asked["jobDriver"],
                configuration_overrides=asked["configurationOverrides"],
                name=job,
                deferrable=True,
                waiter_delay=POLL,
                waiter_max_attempts=LOOKS,
            )
        else:
            cluster = EmrCreateJobFlowOperator(
                task_id="create_cluster",
                aws_conn_id=None,
                emr_conn_id=None,
                job_flow_overrides=asked,
                deferrable=True,
                waiter_delay=POLL,
                waiter_max_attempts=LOOKS,
            )
            # that a cluster has ended says nothing: one that somebody terminates has ended, too
            EmrStepSensor(
                task_id="run",
                aws_conn_id=None,
                job_flow_id=cluster.output,
                step_id=step(cluster.output),
                deferrable=True,
                poke_interval=POLL,
                max_attempts=LOOKS,
            )

    return group()


@task(multiple_outputs=True)
def request(job: str, arguments: list, objects: list[str] | None) -> dict:
    """What EMR is asked for, from SSM, with the run's own arguments."""
    asked = json.loads(parameter(f"spark/{job}"))
    # EMR takes an argument of so many characters
    for i in range(0, len(objects or []), 50):
        arguments = [*arguments, "--objects", ",".join(objects[i : i + 50])]
    if SERVERLESS:
        asked["jobDriver"]["sparkSubmit"]["entryPointArguments"] += arguments
    else:
        asked["Steps"][0]["HadoopJarStep"]["Args"] += arguments
    return asked


@task
def step(cluster: str) -> str:
    """The id of the cluster's only step."""
    return boto3.client("emr").list_steps(ClusterId=cluster)["Steps"][0]["Id"]
