"""moto's server, with DMS tasks as AWS's SDK for Java can read them, and with EC2's client tokens."""

import os
from datetime import UTC, datetime
from threading import Lock

from moto.dms.models import FakeReplicationTask
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models import EC2Backend
from moto.server import main

create = FakeReplicationTask.__init__
to_dict = FakeReplicationTask.to_dict


def create_ready(task, *args, **kwargs):
    """As in AWS a new task becomes ready by itself."""
    create(task, *args, **kwargs)
    task.ready()


def with_numbers(fields):
    """Dates as the seconds that AWS sends, not as moto's text."""
    return {name: with_number(name, value) for name, value in fields.items()}


def with_number(name, value):
    if isinstance(value, dict):
        return with_numbers(value)
    if value and name.endswith("Date"):
        return datetime.fromisoformat(value).replace(tzinfo=UTC).timestamp()
    return value


FakeReplicationTask.__init__ = create_ready
FakeReplicationTask.to_dict = lambda task: with_numbers(to_dict(task))

run_instances = EC2Backend.run_instances
running = Lock()


def run_instances_once(backend, *args, **kwargs):
    """As in AWS the same client token again answers with what it has started, and fails when that is terminated."""
    with running:
        for reservation in backend.reservations.values():
            states = [
                each.state
                for each in reservation.instances
                if each.client_token == kwargs["client_token"]
            ]
            if "terminated" in states:
                raise EC2ClientError(
                    "IdempotentInstanceTerminated",
                    "the client token is a terminated instance's",
                )
            if states:
                return reservation
        return run_instances(backend, *args, **kwargs)


EC2Backend.run_instances = run_instances_once

# out of reach of Ctrl-C, at which moto would stop though the program that started it goes on
os.setpgrp()
main()
