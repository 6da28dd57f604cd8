"""Notes each call of AWS that a Python program makes, as ``service:Operation``; Python imports this by itself where it is on its path."""

import os
from pathlib import Path


def note(client, operation):
    service = client.meta.service_model.signing_name
    with Path(os.environ["AWS_CALLS"]).open("a") as calls:
        calls.write(f"{service}:{operation}\n")


try:
    from botocore.client import BaseClient
except ImportError:
    pass
else:
    call = BaseClient._make_api_call

    def noted(client, operation, parameters):
        note(client, operation)
        return call(client, operation, parameters)

    BaseClient._make_api_call = noted

try:
    from aiobotocore.client import AioBaseClient
except ImportError:
    pass
else:
    # what triggers call
    call_later = AioBaseClient._make_api_call

    async def noted_later(client, operation, parameters):
        note(client, operation)
        return await call_later(client, operation, parameters)

    AioBaseClient._make_api_call = noted_later
