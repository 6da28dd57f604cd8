"""Sends events with Segment's client for Python: send.py <endpoint> <write key> <how many> <gzip or plain>."""

import sys
from datetime import UTC, datetime, timedelta

from segment.analytics import Client

_, host, key, count, form = sys.argv
failures = []
client = Client(
    key,
    host=host,
    gzip=form == "gzip",
    on_error=lambda error, items: failures.append(error),
)
client.identify("u1", {"name": "Ångström 🚀", "age": 41})
for number in range(int(count)):
    client.track(
        f"u{number % 7}",
        "Clicked",
        {"number": number, "price": 19.975, "nested": {"list": [1, {"a": None}]}},
        context={"ip": "203.0.113.7"},
        timestamp=datetime(2020, 2, 29, 3, 4, 5, tzinfo=UTC)
        + timedelta(milliseconds=number),
    )
client.page(anonymous_id="a1", name="Home")
client.group("u1", "g1", {"plan": "pro"})
client.alias("a1", "u1")
client.shutdown()
sys.exit(f"failed: {failures}" if failures else 0)
