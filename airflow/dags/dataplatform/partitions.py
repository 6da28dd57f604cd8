"""The partitions that the catalog shows Redshift Spectrum; Athena reads them from the Delta logs."""

from collections.abc import Iterable, Iterator

# the most that one request may name
CREATE_LIMIT = 100
DELETE_LIMIT = 25


def keep_in_step(glue, s3, database: str, names: Iterable[str]) -> None:
    """Makes tables of the catalog have the partitions for which silver has a manifest, and no others.

    :param glue: a client of boto3
    :param s3: a client of boto3
    :param database: of the catalog, with the tables as they are read by manifests
    :param names: of tables; those without partition keys are left alone
    """
    wanted = set(names)
    for page in glue.get_paginator("get_tables").paginate(DatabaseName=database):
        for table in page["TableList"]:
            if table["Name"] in wanted and table.get("PartitionKeys"):
                keep_table_in_step(glue, s3, database, table)


def keep_table_in_step(glue, s3, database: str, table: dict) -> None:
    """The same for a table.

    :param table: as ``GetTables`` describes it
    """
    name, storage = table["Name"], table["StorageDescriptor"]
    where = {"DatabaseName": database, "TableName": name}
    wanted = {
        tuple(folder.partition("=")[2] for folder in folders): "/".join(folders)
        for folders in manifests(s3, table)
    }
    gone = []
    # which columns a partition has, Spectrum reads of the table
    for page in glue.get_paginator("get_partitions").paginate(
        **where, ExcludeColumnSchema=True
    ):
        for partition in page["Partitions"]:
            values = tuple(partition["Values"])
            if values not in wanted:
                gone.append(values)
            wanted.pop(values, None)
    for some in batches(gone, DELETE_LIMIT):
        answer = glue.batch_delete_partition(
            **where, PartitionsToDelete=[{"Values": list(values)} for values in some]
        )
        check(name, answer)
    for some in batches(list(wanted), CREATE_LIMIT):
        answer = glue.batch_create_partition(
            **where,
            PartitionInputList=[
                {
                    "Values": list(values),
                    "StorageDescriptor": storage
                    | {"Location": f"{storage['Location']}/{wanted[values]}"},
                }
                for values in some
            ],
        )
        check(name, answer)
    print(f"{name}: {len(gone)} partitions less, {len(wanted)} more")


def manifests(s3, table: dict) -> Iterator[list[str]]:
    """The folders that a table has manifests in, such as ``["month=2026-01"]``."""
    bucket, _, prefix = (
        table["StorageDescriptor"]["Location"].removeprefix("s3://").partition("/")
    )
    for page in s3.get_paginator("list_objects_v2").paginate(
        Bucket=bucket, Prefix=prefix + "/"
    ):
        for found in page.get("Contents", []):
            *folders, last = found["Key"].removeprefix(prefix + "/").split("/")
            # S3A leaves objects for folders among them
            if last == "manifest" and len(folders) == len(table["PartitionKeys"]):
                yield folders


def batches(all_of_them: list, limit: int) -> Iterator[list]:
    """The same in lists of at most so many."""
    for start in range(0, len(all_of_them), limit):
        yield all_of_them[start : start + limit]


def check(table: str, answer: dict) -> None:
    """Fails where the catalog has refused a partition.

    :raises RuntimeError: says which, and why
    """
    if refused := answer.get("Errors"):
        raise RuntimeError(f"the catalog refused partitions of {table}: {refused}")
