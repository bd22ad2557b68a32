#!/usr/bin/env python3
"""Joins the times of GpuBench and of cudnn_baseline.py: python3 gpu_table.py LETHE.json CUDNN.json OUT.json

Prints a table, checks that both computed the same, and exits with 1 if they did not. The limit of a row is that of an
H200: the arithmetic of the input projections at the peak rate, and for each step of the chain the larger of its
arithmetic, of one wait of all work-groups for each other, and of reading what weights do not fit on the chip.
"""
import json
import sys

PEAK = {"fp32": 67e12, "tf32": 494e12, "bf16": 989e12, "fp16": 989e12}  # operations per second
WAIT_MS = 1e-3
ON_CHIP = 132 * 256 * 1024 + 50e6  # bytes: registers and second-level cache
MEMORY = 4.8e9  # bytes in a millisecond
BYTES = {"fp32": 4, "tf32": 4, "bf16": 2, "fp16": 2}
# Largest difference between two results of this kind; cuDNN also keeps h in the precision.
CLOSE = {"fp32": 1e-4, "tf32": 1e-2, "bf16": 6e-2, "fp16": 1e-2}
KEYS = ("name", "T", "B", "I", "H", "layers", "directions", "precision")


def limit_ms(row):
    peak = PEAK[row["precision"]] / 1e3
    hidden, directions, layers = row["H"], row["directions"], row["layers"]
    inputs = row["I"] + (layers - 1) * hidden * directions
    projection = 8 * row["T"] * row["B"] * hidden * inputs * directions / peak
    step = 8 * row["B"] * hidden * hidden * directions / peak
    weights = 4 * hidden * hidden * directions * BYTES[row["precision"]]
    step = max(step, (weights - ON_CHIP) / MEMORY)
    # one direction's layers could run as a wavefront; with two, a layer waits for the whole of the one below
    steps = row["T"] + layers - 1 if directions == 1 else row["T"] * layers
    together = row["T"] * layers / steps
    return projection + steps * max(step * together, WAIT_MS)


def main():
    lethe, cudnn = (json.load(open(path, encoding="utf-8")) for path in sys.argv[1:3])
    theirs = {tuple(row[k] for k in KEYS): row for row in cudnn["rows"]}
    h200 = "H200" in lethe.get("device", "")
    rows, wrong = [], 0
    print(f"{'row':22} {'precision':9} {'Lethe ms':>10} {'cuDNN ms':>10} {'ratio':>6} {'of limit':>8} {'differ':>8} {'with transfers':>21}  kernel")
    for mine in lethe["rows"]:
        other = theirs.get(tuple(mine[k] for k in KEYS), {})
        row = {k: mine[k] for k in KEYS}
        row["variant"] = mine.get("variant", mine.get("error"))
        row["lethe_ms"] = mine.get("lethe_ms")
        row["lethe_total_ms"] = mine.get("lethe_total_ms")
        row["launches"] = mine.get("launches")
        row["cudnn_ms"] = other.get("cudnn_ms")
        row["cudnn_total_ms"] = other.get("cudnn_total_ms")
        row["cudnn_algo"] = other.get("cudnn_algo", other.get("error"))
        row["limit_ms"] = round(limit_ms(row), 5) if h200 else None
        rows.append(row)
        differ = None
        if "y" in mine and "y" in other:
            pairs = list(zip(mine["y"], other["y"]))
            missing = any(a is None or b != b for a, b in pairs)
            differ = float("inf") if missing else max(abs(a - b) for a, b in pairs)
            wrong += differ > CLOSE[row["precision"]]
        ours, cu, limit = row["lethe_ms"], row["cudnn_ms"], row["limit_ms"]
        cells = [
            f"{ours:10.4f}" if ours else f"{'-':>10}",
            f"{cu:10.4f}" if cu else f"{'-':>10}",
            f"{cu / ours:6.2f}" if ours and cu else f"{'-':>6}",
            f"{100 * limit / ours:7.1f}%" if ours and limit else f"{'-':>8}",
            f"{differ:8.1e}" if differ is not None else f"{'-':>8}",
            f"{row['lethe_total_ms']:10.4f}" if row["lethe_total_ms"] else f"{'-':>10}",
            f"{row['cudnn_total_ms']:10.4f}" if row["cudnn_total_ms"] else f"{'-':>10}",
        ]
        print(f"{row['name']:22} {row['precision']:9}", *cells, "", row["variant"])
    head = {k: lethe.get(k) for k in ("device", "driver", "date")}
    with open(sys.argv[3], "w", encoding="utf-8") as file:
        file.write(json.dumps(head)[:-1] + ', "rows": [\n')
        file.write(",\n".join(json.dumps(row) for row in rows) + "\n]}\n")
    print("ratio above 1: Lethe is faster")
    if wrong:
        print(f"gpu-compare: {wrong} rows differ by more than they may", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
