"""Changes as a shop has them: nine in ten fall on the orders of the last two months.

They are laid out like the changes of the peers' gen.py, whose full load they belong to.
"""

import glob
import os

import gen
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

RECENT = np.datetime64("2024-11-01")
STAMP = "2025-10-31 12:{:02d}:00.000000"


def pick(rng, purchased, n):
    """n positions, nine in ten of them of recent orders."""
    recent = np.flatnonzero(purchased >= RECENT)
    old = np.flatnonzero(purchased < RECENT)
    return np.concatenate(
        [
            rng.choice(recent, n * 9 // 10, replace=False),
            rng.choice(old, n - n * 9 // 10, replace=False),
        ]
    )


def purchased(orders):
    return orders["order_purchase_timestamp"].to_numpy().astype("datetime64[us]")


def write(loads, folder, seed=7, files=8):
    """One per cent of the rows of the full load change: 70 % updates, 10 % deletes, 20 % inserts.

    A fifth of the updated keys change twice and a tenth of the inserted keys are deleted again, and within a file the
    changes are in no order.
    """
    rng = np.random.default_rng(seed)
    orders = pa.concat_tables(
        [
            pq.read_table(file, columns=gen_columns())
            for file in sorted(glob.glob(loads))
        ]
    )
    changed = orders.num_rows // 100
    updates, deletes = int(changed * 0.7), int(changed * 0.1)
    inserts = changed - updates - deletes
    keys = rng.permutation(pick(rng, purchased(orders), updates + deletes))
    update, delete = (
        orders.take(pa.array(keys[:updates])),
        orders.take(pa.array(keys[updates:])),
    )
    pool = gen.orders_table(rng, inserts * 14)
    insert = pool.take(pa.array(pick(rng, purchased(pool), inserts)))
    update = replaced(
        update, "order_status", gen.pick(gen.STATUS, rng.integers(4, 8, size=updates))
    )
    update = replaced(
        update, "order_total", gen.money(rng.integers(500, 500000, size=updates))
    )
    again = update.slice(0, updates // 5)
    again = replaced(
        again,
        "order_status",
        gen.pick(gen.STATUS, rng.integers(5, 7, size=again.num_rows)),
    )
    gone = insert.slice(0, inserts // 10)

    parts = {"U": update, "I": insert, "D": delete}
    later = {"U": again, "D": gone}
    rows = pa.concat_tables([*parts.values(), *later.values()]).combine_chunks()
    ops = np.concatenate(
        [np.full(t.num_rows, op) for p in (parts, later) for op, t in p.items()]
    )
    first = sum(t.num_rows for t in parts.values())
    order = np.concatenate(
        [rng.permutation(first), first + rng.permutation(len(ops) - first)]
    )
    seq = np.array([f"2025103112000000{n:019d}" for n in order])
    file_of = order * files // len(ops)
    for file in range(files):
        chosen = rng.permutation(np.flatnonzero(file_of == file))
        pq.write_table(
            gen.with_dms(
                rows.take(pa.array(chosen)),
                pa.array(ops[chosen]),
                pa.array(seq[chosen]),
                STAMP.format(file),
            ),
            os.path.join(folder, f"20251031-12{file:02d}00000.parquet"),
            compression="gzip",
        )


def gen_columns():
    return gen.orders_table(np.random.default_rng(0), 1).column_names


def replaced(table, column, values):
    return table.set_column(
        table.column_names.index(column), column, pc.cast(values, table[column].type)
    )
