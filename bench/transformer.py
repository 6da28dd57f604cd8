"""The function that makes Parquet of raw web events, beside a plain transformer in Python, on the same object and one core.

python transformer.py [megabytes]
"""

import gzip
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path

import pandas

HOME = Path(__file__).parents[1]
TURNS = 4
# by the name that the tables have
TABLES = {
    "identify": "users",
    "Post Created": "posts",
    "User Followed": "follows",
    "User Unfollowed": "unfollows",
}


def write_object(path: Path, megabytes: int) -> int:
    """Writes a raw object of so many megabytes before it is packed; returns how many events it has."""
    events, size, at = 0, 0, 1_795_842_000.0
    rng = random.Random(1)
    with gzip.open(path, "wb", compresslevel=1) as file:
        while size < megabytes << 20:
            at += 0.01
            line = (json.dumps(event(rng, at), ensure_ascii=False) + "\n").encode()
            file.write(line)
            events, size = events + 1, size + len(line)
    return events


def event(rng: random.Random, at: float) -> dict:
    """A message as the collector writes it."""
    user = f"u{rng.randrange(5000)}"
    time_of = pandas.Timestamp(at, unit="s").isoformat(timespec="milliseconds") + "Z"
    path = f"/p/{rng.randrange(300)}"
    common = {
        "userId": user,
        "anonymousId": f"browser-{user}",
        "context": {
            "page": {
                "path": path,
                "title": "Ünser Feed",
                "url": f"https://social.example{path}",
            },
            "userAgent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
            "library": {"name": "analytics.js", "version": "npm:next-1.84.3"},
            "locale": "en-US",
            "ip": f"203.0.113.{rng.randrange(250)}",
        },
        "messageId": f"ajs-next-{uuid.UUID(int=rng.getrandbits(128))}",
        "originalTimestamp": time_of,
        "sentAt": time_of,
        "timestamp": time_of,
        "receivedAt": time_of,
        "source": "web",
    }
    what = rng.random()
    if what < 0.05:
        traits = {
            "username": user,
            "email": f"{user}@example.com",
            "about_me": 'says "hi"',
        }
        return {"type": "identify", "traits": traits, **common}
    if what < 0.2:
        text = "Some text that says what somebody wants to say today, and a bit more of it."
        properties = {"id": f"p{rng.getrandbits(40)}", "author": user, "content": text}
        return {
            "type": "track",
            "event": "Post Created",
            "properties": properties,
            **common,
        }
    if what < 0.33:
        name = "User Followed" if what < 0.3 else "User Unfollowed"
        properties = {"followed_id": f"u{rng.randrange(5000)}"}
        return {"type": "track", "event": name, "properties": properties, **common}
    if what < 0.6:
        properties = {"id": f"p{rng.randrange(1000)}", "position": 3.5}
        return {
            "type": "track",
            "event": "Post Liked",
            "properties": properties,
            **common,
        }
    return {"type": "page", "name": "Feed", "properties": {"path": path}, **common}


def pandas_transformer(path: Path, folder: Path) -> None:
    """As tutorials do it: all lines to dictionaries, a data frame for each kind of event, each to Parquet."""
    with gzip.open(path, "rt") as file:
        events = [json.loads(line) for line in file]
    tables = {}
    for each in events:
        kind = each["event"] if each["type"] == "track" else each["type"]
        tables.setdefault(TABLES.get(kind, "events"), []).append(each)
    for table, rows in tables.items():
        frame = pandas.json_normalize(rows)
        for column in ("timestamp", "receivedAt"):
            frame[column] = pandas.to_datetime(frame[column])
        frame.to_parquet(folder / f"{table}.parquet", compression="zstd")


def contents(folder: Path, names: dict[str, str]) -> dict[str, list[tuple]]:
    """The rows by table, with the values that both have."""
    found = {}
    for file in folder.glob("*.parquet"):
        frame = pandas.read_parquet(file, columns=list(names))
        rows = zip(*(frame[name].astype(str) for name in names), strict=True)
        found[file.stem] = sorted(rows)
    return found


def run(name: str, command: list[str]) -> list[float]:
    """Runs a command on one core; returns the seconds that it prints and says what memory it took."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    done = subprocess.run(
        ["taskset", "--cpu-list", "0", *command],
        check=True,
        capture_output=True,
        text=True,
    )
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    seconds = [float(line) for line in done.stdout.split()]
    at_most = "" if peak > before else "at most "
    print(f"{name}: {at_most}{peak >> 10} MB of memory")
    return seconds


def main() -> None:
    if sys.argv[1:2] == ["pandas"]:
        start = time.perf_counter()
        pandas_transformer(Path(sys.argv[2]), Path(sys.argv[3]))
        print(time.perf_counter() - start)
        return
    megabytes = int(sys.argv[1]) if sys.argv[1:] else 128
    with tempfile.TemporaryDirectory() as scratch:
        raw, ours, theirs = (
            Path(scratch) / name for name in ("raw.gz", "ours", "pandas")
        )
        ours.mkdir()
        theirs.mkdir()
        events = write_object(raw, megabytes)
        print(
            f"transformer, an object of {megabytes} MB with {events:,} events, on one core"
        )
        jar = HOME / "lambdas/event-transformer/target/event-transformer.jar"
        java = [HOME / ".venv/bin/java-25", "-Xmx256m", "-XX:+UseSerialGC"]
        path = f"{HOME / 'bench/target/classes'}:{jar}"
        bench = ["-cp", path, "dataplatform.bench.TransformerBench", raw, ours, TURNS]
        turns = run("transformer, ours", [str(each) for each in [*java, *bench]])
        plain = run(
            "transformer, pandas",
            [sys.executable, __file__, "pandas", str(raw), str(theirs)],
        )
        for name, seconds in (
            ("first", turns[0]),
            ("warm", min(turns)),
            ("pandas", plain[0]),
        ):
            print(
                f"transformer, {name}: {events / seconds:,.0f} events a second, {seconds:.1f} s"
            )
        one = contents(ours, {"message_id": "", "user_id": "", "occurred_at": ""})
        other = contents(theirs, {"messageId": "", "userId": "", "timestamp": ""})
        print(f"transformer, results: {'equal' if one == other else 'DIFFERENT'}")


main()
