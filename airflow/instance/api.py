"""Airflow's REST API on this machine, for whoever is on it: nobody else reaches it, so it asks for no password.

As a program it makes one call, `api.py POST /dags/finance/dagRuns <body in Base64>`, and prints `{"status": 200, "body": {...}}`.
"""

import base64
import json
import os
import sys
from urllib.error import HTTPError
from urllib.request import Request, urlopen

SERVER = "http://127.0.0.1:" + os.environ.get("AIRFLOW__API__PORT", "8080")


def call(method, path, body=None):
    """The status and the answer of a call, of an error too."""
    _, login = send("GET", "/auth/token")
    headers = {"Authorization": "Bearer " + login["access_token"]}
    return send(method, "/api/v2" + path, body, headers)


def send(method, path, body=None, headers=None):
    headers = {"Content-Type": "application/json"} | (headers or {})
    request = Request(SERVER + path, body, headers, method=method)
    try:
        with urlopen(request, timeout=20) as answer:
            return answer.status, json.load(answer)
    except HTTPError as error:
        text = error.read().decode()
        try:
            return error.code, json.loads(text)
        except ValueError:
            return error.code, {"detail": text}


if __name__ == "__main__":
    status, answer = call(*sys.argv[1:3], *map(base64.b64decode, sys.argv[3:4]))
    print(json.dumps({"status": status, "body": answer}))
