"""Measures the platform's jobs beside the peers of ../shared/bench, on the same rows, each on two cores.

Prints a table and writes bench/target/results.json. Times count only where the result equals that of the others.
"""

import argparse
import contextlib
import glob
import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from xml.etree import ElementTree

BENCH = Path(__file__).resolve().parent
ROOT = BENCH.parent
PEERS = ROOT.parent / "shared" / "bench"
# of the files of days that gen.py makes
DAY = "2025-10-31"
WORK = BENCH / "target" / "work"
CONTRACTS = BENCH / "contracts"
TURNS = 3
PEER_MEMORY = "2g"

if not PEERS.is_dir():
    sys.exit(
        f"{PEERS} is not there: the generator of the rows and the peers stand in it"
    )
sys.dont_write_bytecode = True
sys.path.insert(0, str(PEERS))
import duckdb
import psutil
import recent
import run as peers
import yaml


def java():
    """The command that starts our jobs, with what the platform would give a node of two cores and 2 GB."""
    pom = ElementTree.parse(ROOT / "pom.xml").getroot()
    opens = pom.find("{*}properties/{*}spark.opens").text.split()
    settings = {
        "spark.master": "local[2]",
        "spark.ui.enabled": "false",
        "spark.driver.host": "127.0.0.1",
        "spark.sql.shuffle.partitions": "4",
        "spark.local.dir": WORK / "tmp",
        "spark.sql.warehouse.dir": WORK / "warehouse",
    }
    classpath = [BENCH / "target/classes", ROOT / "spark-jobs/target/spark-jobs.jar"]
    classpath.append((ROOT / "spark-jobs/target/spark.classpath").read_text().strip())
    return [
        os.path.join(os.environ["JAVA_HOME"], "bin", "java")
        if os.environ.get("JAVA_HOME")
        else "java",
        *opens,
        "-Xmx1400m",
        "-XX:+UseParallelGC",
        f"-Dlog4j2.configurationFile={BENCH / 'log4j2.properties'}",
        *(f"-D{name}={value}" for name, value in settings.items()),
        "-cp",
        ":".join(map(str, classpath)),
    ]


class Watch(peers.Watch):
    """The peers' watch, which counts a process that forks only once: until it runs its program the child shares the memory."""

    def run(self):
        while not self.stop.wait(0.05):
            try:
                everyone = [self.root, *self.root.children(recursive=True)]
                commands = {}
                total = 0
                for process in everyone:
                    with contextlib.suppress(psutil.Error), process.oneshot():
                        commands[process.pid] = process.cmdline()
                        if commands[process.pid] != commands.get(process.ppid()):
                            total += process.memory_info().rss
                        times = process.cpu_times()
                        self.cpu[process.pid] = times.user + times.system
                self.peak = max(self.peak, total)
            except psutil.Error:
                pass


def timed(name, command):
    """Runs a process to its end: the seconds of its phases, and the peak of its and its children's resident memory."""
    print(f"  {name}", file=sys.stderr, flush=True)
    os.sync()
    process = subprocess.Popen(
        [str(part) for part in command],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
    )
    watch = Watch(process.pid)
    watch.start()
    out, err = process.communicate()
    watch.stop.set()
    watch.join()
    if process.returncode:
        raise SystemExit(
            f"{name} failed with exit code {process.returncode}: {' '.join(map(str, command))}\n{err[-3000:]}"
        )
    lines = {
        line["phase"]: line
        for line in map(json.loads, (x for x in out.splitlines() if x.startswith("{")))
    }
    warm = [line["s"] for phase, line in lines.items() if phase.startswith("work_warm")]
    return {
        "variant": name,
        "session_s": lines["session"]["s"],
        "work_s": lines["work"]["s"],
        "warm_s": min(warm) if warm else None,
        "cpu_s": round(sum(watch.cpu.values()), 1),
        "peak_mb": watch.peak // 2**20,
    }


def fresh(name):
    folder = WORK / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    return folder


def copies(base, name, n):
    """Private copies of a silver folder; what is written once is linked."""
    for i in range(n):
        copy = fresh(f"{name}-{i}")
        shutil.copytree(
            base,
            copy,
            copy_function=lambda a, b: (
                os.link(a, b) if a.endswith(".parquet") else shutil.copyfile(a, b)
            ),
        )
        yield copy


def ours(name, task, source, silver, *options):
    return timed(
        name,
        [
            *java(),
            "dataplatform.bench.Bench",
            "--task",
            task,
            "--source",
            source,
            *options,
            *silver,
        ],
    )


def peer(name, script, task, variant, data, *options):
    out = fresh("peer")
    command = [
        sys.executable,
        PEERS / script,
        "--task",
        task,
        "--variant",
        variant,
        "--data",
        data,
        "--out",
        out,
    ]
    return timed(name, [*command, *options]), out


def spark_peer(name, task, variant, data, *options):
    return peer(
        name,
        "spark_peer.py",
        task,
        variant,
        data,
        "--driver-memory",
        PEER_MEMORY,
        "--jars",
        delta(),
        *options,
    )


def delta():
    jars = (ROOT / "spark-jobs/target/spark.classpath").read_text().strip().split(":")
    return ",".join(
        jar for jar in jars if re.search(r"delta-(spark|storage)[^/]*$", jar)
    )


def state(table):
    return peers.state("cdc", "ours", "merge", None, str(table))


def full_load(data):
    silver = [fresh(f"full-{i}") for i in range(TURNS)]
    row = ours(
        "ours", "full_load", data / "full_load", silver, "--contracts", CONTRACTS
    )
    yield row | {"state": state(silver[0] / "bench/orders"), "ours": True}
    row, _ = spark_peer("tutorial, no checks", "full_load", "seed", data)
    yield row | {"baseline": True}
    row, out = spark_peer("plain Spark", "full_load", "fixed", data, "--repeat", TURNS)
    yield row | {"state": state(out / "silver")}
    for engine in ("duckdb", "polars"):
        row, out = peer(engine, f"{engine}_peer.py", "full_load", "default", data)
        yield row | {
            "state": peers.state("full_load", engine, "default", str(out), None)
        }


def first_load(data):
    """The full load as replication wrote it: what a refresh is compared with."""
    bronze = bronze_of(data, "LOAD")
    silver = [fresh(f"first-{i}") for i in range(TURNS)]
    row = ours("ours", "refresh", bronze, silver, "--contracts", CONTRACTS)
    yield row | {
        "state": state(silver[0] / "bench/orders"),
        "ours": True,
        "baseline": True,
    }


def bronze_of(data, *prefixes):
    """A folder of bronze with those files, always at the same place as the checkpoint knows it."""
    bronze = fresh("bronze")
    orders = bronze / "ecommerce/orders"
    orders.mkdir(parents=True)
    for file in sorted((data / "cdc/ecommerce/orders").glob("*.parquet")):
        if file.name.startswith(prefixes):
            os.link(file, orders / file.name)
    return bronze


def silver_base(data):
    bronze = bronze_of(data, "LOAD")
    base = fresh("silver-base")
    ours(
        "first load, not measured", "refresh", bronze, [base], "--contracts", CONTRACTS
    )
    return base


def peer_base(data):
    _, out = spark_peer("peers' first load, not measured", "cdc", "init", data)
    base = fresh("peer-base")
    os.rename(out / "silver", base)
    return base


def cdc(data, only_merge=False):
    base = silver_base(data)
    bronze = bronze_of(data, "LOAD", "2")
    silver = list(copies(base, "silver", TURNS))
    row = ours("ours", "refresh", bronze, silver, "--contracts", CONTRACTS)
    yield row | {"state": state(silver[-1] / "bench/orders"), "ours": True}

    base = peer_base(data)
    tables = list(copies(base, "merge", TURNS))
    row, _ = spark_peer(
        "plain Spark MERGE",
        "cdc",
        "merge",
        data,
        "--repeat",
        TURNS,
        "--base",
        ",".join(map(str, tables)),
    )
    yield row | {"state": state(tables[-1]), "baseline": True}
    if only_merge:
        return
    row, _ = spark_peer("tutorial, wrong", "cdc", "seed", data)
    yield row
    (table,) = copies(base, "deltars", 1)
    row, _ = peer("delta-rs", "deltars_peer.py", "cdc", "merge", data, "--base", table)
    yield row | {"state": state(table)}
    for engine in ("duckdb", "polars"):
        row, out = peer(engine, f"{engine}_peer.py", "cdc", "anti", data)
        yield row | {"state": peers.state("cdc", engine, "anti", str(out), None)}


def cdc_recent(data):
    folder = data / "recent"
    orders = folder / "cdc/ecommerce/orders"
    if not orders.exists():
        making = folder / "making"
        shutil.rmtree(folder, ignore_errors=True)
        making.mkdir(parents=True)
        for file in (data / "cdc/ecommerce/orders").glob("LOAD*"):
            os.link(file, making / file.name)
        recent.write(f"{making}/LOAD*", making)
        orders.parent.mkdir(parents=True)
        making.rename(orders)
    yield from cdc(folder, only_merge=True)


def nine_tables(data):
    """The platform's own nine tables, each of a few thousand rows, and one of them alone."""
    bronze = data / "nine"
    if not bronze.exists():
        shop_to_bronze(bronze)
    row = ours(
        "one", "refresh", bronze, [fresh("one")], "--data-sets", "ecommerce.orders"
    )
    yield row | {"ours": True, "baseline": True}
    row = ours("nine", "refresh", bronze, [fresh("nine")])
    yield row | {"ours": True}


def days(data, task, data_set, place, state_of):
    """Files of a day to silver, beside the tutorial, plain Spark and engines of one machine."""
    landing = fresh("landing")
    folder = landing / place / DAY
    folder.mkdir(parents=True)
    for file in (data / task).glob("*.csv"):
        os.link(file, folder / file.name)
    silver = [fresh(f"days-{i}") for i in range(TURNS)]
    row = ours("ours", "days", landing, silver, "--data-sets", data_set)
    table = silver[0] / data_set.replace(".", "/")
    yield row | {
        "state": state_of(f"{table}/**/*.parquet", f"{table}_quarantine/*.parquet"),
        "ours": True,
    }
    row, _ = spark_peer("tutorial", task, "seed", data)
    yield row | {"baseline": True}
    row, out = spark_peer("plain Spark", task, "fixed", data, "--repeat", TURNS)
    yield row | {"state": state_of(*written(out, task))}
    for engine in ("duckdb", "polars"):
        row, out = peer(engine, f"{engine}_peer.py", task, "default", data)
        yield row | {"state": state_of(*written(out, task))}


def written(out, task):
    """Where a peer has put what is right, and what is not."""
    if task == "reviews":
        return f"{out}/classified/**/*.parquet", None
    return f"{out}/clean/**/*.parquet", f"{out}/quarantine*/**/*.parquet" if (
        out / "quarantine"
    ).is_dir() else f"{out}/quarantine.parquet"


def one(select, files):
    return duckdb.execute(
        f"select {select} from read_parquet('{files}', hive_partitioning = true, union_by_name = true)"
    ).fetchone()


def events_state(good, bad):
    # the peers call users that are made up otherwise
    user = "regexp_replace(user_id, '^fake_id_(\\d+)_(.*)$', 'synthetic-\\2-\\1')"
    row = f"id::bigint, {user}, session_id, event_type, traffic_source, city, epoch(created_at)::bigint"
    return one(f"count(*), sum(hash({row}))::varchar", good) + one("count(*)", bad)


def reviews_state(good, _):
    return one(
        "count(*), sum(positive_review::int)::bigint, sum(hash(cid::varchar, positive_review))::varchar",
        good,
    )


def customer_events(data):
    yield from days(data, "events", "customers.events", "events_input", events_state)


def reviews(data):
    yield from days(
        data,
        "reviews",
        "user_behaviour.movie_review",
        "raw/movie_review",
        reviews_state,
    )


def shop_to_bronze(bronze):
    """The rows of a generated shop as replication would write them."""
    csv = fresh("shop")
    classes = ":".join(
        str(ROOT / f"{module}/target/classes")
        for module in ("source-data", "contracts")
    )
    subprocess.run(
        [java()[0], "-cp", classes, "dataplatform.source.Generator", csv],
        check=True,
        stderr=subprocess.DEVNULL,
    )
    making = fresh("nine-making")
    for file in glob.glob(f"{ROOT}/contracts/ecommerce/*.odcs.yaml"):
        contract = yaml.safe_load(Path(file).read_text())
        columns = [
            c for c in contract["schema"][0]["properties"] if not c.get("partitioned")
        ]
        name = contract["name"]
        (source,) = (
            f for f in csv.iterdir() if re.sub(r"^olist_|_dataset", "", f.stem) == name
        )
        header = source.open().readline().strip().replace('"', "").split(",")
        texts = (
            ["row_number() over ()", *header] if len(header) < len(columns) else header
        )
        typed = ", ".join(
            f"cast({t} as {c['physicalType']}) {c['name']}"
            for t, c in zip(texts, columns, strict=True)
        )
        (making / "ecommerce" / name).mkdir(parents=True)
        duckdb.execute(
            f"copy (select 'I' as Op, {typed}, '2026-01-01 00:00:00.000000' extracted_at, null::text change_seq"
            f" from read_csv('{source}', header = true, all_varchar = true, quote = '\"', escape = '\"'))"
            f" to '{making}/ecommerce/{name}/LOAD00000001.parquet' (format parquet, compression gzip)"
        )
    bronze.parent.mkdir(parents=True, exist_ok=True)
    making.rename(bronze)


def generated(scale, tasks, folder):
    data = BENCH / "target" / f"{folder}-{scale:g}"
    if not data.exists():
        making = Path(f"{data}-making")
        shutil.rmtree(making, ignore_errors=True)
        command = [
            sys.executable,
            PEERS / "gen.py",
            "--out",
            making,
            "--tasks",
            tasks,
            "--reviews",
            PEERS.parent / "data/movie_review/movie_review.csv.gz",
            "--scale",
            scale,
        ]
        subprocess.run(
            [str(part) for part in command], check=True, stdout=subprocess.DEVNULL
        )
        making.rename(data)
    return data


# of days: what a task is measured on
OF_DAYS = {"customer events": customer_events, "reviews": reviews}
TASKS = OF_DAYS | {
    "full_load": full_load,
    "first_load": first_load,
    "cdc": cdc,
    "cdc recent": cdc_recent,
    "nine tables": nine_tables,
}


def table(results):
    print(
        "\n| task | variant | work s | of the baseline | again, in the session s | session s | peak MB | result |"
    )
    print("|---|---|--:|--:|--:|--:|--:|---|")
    for task, rows in results.items():
        baseline = next(row["work_s"] for row in rows if row.get("baseline"))
        for row in rows:
            warm = (
                f"{row['warm_s']:.1f} ({row['warm_s'] / baseline:.2f})"
                if row["warm_s"]
                else ""
            )
            print(
                f"| {task} | {row['variant']} | {row['work_s']:.1f} | {row['work_s'] / baseline:.2f} | {warm} "
                f"| {row['session_s']:.1f} | {row['peak_mb']} | {row['result']} |"
            )


def compare(rows):
    """Whether a row's result is that of ours; without a state it is not compared."""
    expected = next(
        (row["state"] for row in rows if row.get("ours") and "state" in row), None
    )
    for row in rows:
        row["result"] = (
            "not compared"
            if "state" not in row
            else "equal"
            if row["state"] == expected
            else "DIFFERENT"
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--scale", type=float, default=1, help="1 is five million orders"
    )
    parser.add_argument(
        "--only", default=".", help="regular expression that a task's name contains"
    )
    arguments = parser.parse_args()
    results = {}
    for task, measure in TASKS.items():
        if re.search(arguments.only, task):
            print(f"{task}, load {os.getloadavg()[0]:.1f}", file=sys.stderr, flush=True)
            data = (
                generated(arguments.scale, "events,reviews", "days")
                if task in OF_DAYS
                else generated(arguments.scale, "cdc,full_load", "data")
            )
            results[task] = list(measure(data))
            compare(results[task])
    table(results)
    summary = {
        "scale": arguments.scale,
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "tasks": results,
    }
    (BENCH / "target" / "results.json").write_text(json.dumps(summary, indent=2) + "\n")
    shutil.rmtree(WORK, ignore_errors=True)
    if any(row["result"] == "DIFFERENT" for rows in results.values() for row in rows):
        sys.exit("results differ: the times mean nothing")


if __name__ == "__main__":
    main()
