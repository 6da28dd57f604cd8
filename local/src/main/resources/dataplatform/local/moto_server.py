"""moto's server, with DMS tasks as AWS's SDK for Java can read them."""

import os
from datetime import UTC, datetime

from moto.dms.models import FakeReplicationTask
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

# out of reach of Ctrl-C, at which moto would stop though the program that started it goes on
os.setpgrp()
main()
