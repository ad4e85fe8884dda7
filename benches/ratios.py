#!/usr/bin/env python3
"""Compares the speed of sempairs with other programs (benches/peers) and prints a table.

    cargo build --release --bin sempairs
    pip install torch torchvision lightly timm
    pip install nvidia-dali-cuda120 albumentationsx simplejpeg opencv-python-headless
    python benches/ratios.py --pictures FOLDER --native FOLDER [--only step] [--loaded] [--save]

`--python` selects another interpreter with these packages; rows whose packages are missing are
skipped. Rows of a loader are against PIL and torchvision unless they name another program.

Each measurement is a separate process, and the two programs alternate, so that both run under the
same conditions. The ratio is the median over all rounds of the pairs per second of sempairs divided
by those of the peer, with minimum and maximum. Speeds are medians, memory is the maximum. A step
has a thread per core. A loader with n workers runs on n cores, including its other threads.

The peak is the highest speed of 32-bit floats that was found with all cores: multiply-adds in
registers and matrix products of sempairs, and matrix products of PyTorch. It is measured once,
before the rows. The share of a step is the floating-point operations that its convolutions and
products have by their definition, per second, divided by the peak. It can exceed 1 by algorithms
that need fewer operations.

With `--loaded` every core also has a process that is always busy while the rows are measured, but
not while the peak is. The names of these rows end in "loaded".

`--save` stores the measured rows in benches/ratios.json, under the kind of processor and number of
cores. Otherwise the exit status is 1 if a ratio is lower than the stored one of the same kind by
more than the tolerance, and 2 if a command fails or no row can be measured.
"""
import argparse
import contextlib
import datetime
import os
import re
import statistics
import sys
import tempfile
from pathlib import Path

from comparison.commands import Failure, cores, measure, neighbours, output
from comparison.rows import CACHE, PEERS, rows
from comparison.store import BASELINE, described, machine, save, stored_machines


def arguments():
    flags = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    flags.add_argument("--binary", help="sempairs; by default the newest build")
    flags.add_argument("--python", default=sys.executable, help="Python interpreter of the peer")
    flags.add_argument("--only", default="", metavar="FILTER", help="rows with this in their name")
    flags.add_argument("--rounds", type=positive, default=3)
    flags.add_argument("--steps", type=positive, default=10, help="timed steps per measurement")
    flags.add_argument("--batches", type=positive, default=40, help="timed batches of the loader")
    flags.add_argument("--device", type=device, default="flex", help="flex, cuda or cuda:N")
    flags.add_argument("--pictures", metavar="FOLDER", help="a folder of pictures per class")
    flags.add_argument("--native", metavar="FOLDER", help="pictures of native size, likewise")
    flags.add_argument("--loaded", action="store_true", help="with a busy process on every core")
    flags.add_argument("--tolerance", type=float, default=0.1, help="permitted decrease of a ratio")
    flags.add_argument("--save", action="store_true", help=f"store the ratios in {BASELINE.name}")
    return flags.parse_args()


def positive(text):
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


def device(text):
    if not re.fullmatch(r"flex|cuda(:\d+)?", text):
        raise argparse.ArgumentTypeError(f"`{text}` has no peer; use flex, cuda or cuda:N")
    return text


def newest_binary():
    target = Path(os.environ.get("CARGO_TARGET_DIR") or BASELINE.parent.parent / "target")
    found = [target / profile / "sempairs" for profile in ["release", "debug"]]
    found = [path for path in found if path.is_file()]
    if not found:
        raise Failure(
            f"there is no sempairs in {target}/release or {target}/debug; "
            "build it with `cargo build --release --bin sempairs` or give --binary"
        )
    return str(max(found, key=lambda path: path.stat().st_mtime))


def peak_gflops(args):
    """The highest speed of 32-bit floats with all cores, in 1e9 operations per second."""
    threads = ["--threads", str(len(cores()))]
    keys = ["multiply_adds_gflops", "products_gflops"]
    ours = measure([args.binary, "bench", "peak", *threads], *keys)
    theirs = measure([args.python, str(PEERS / "peak.py"), *threads], "products_gflops")
    speeds = {
        "multiply-adds of sempairs": ours["multiply_adds_gflops"],
        "products of sempairs": ours["products_gflops"],
        "products of PyTorch": theirs["products_gflops"],
    }
    parts = ", ".join(f"{name} {speed:.1f}" for name, speed in speeds.items())
    print(f"peak in GFLOP/s, {threads[1]} threads: {max(speeds.values()):.1f} ({parts})")
    return max(speeds.values())


def in_turns(row, rounds, peak):
    """Measures both commands alternately, `rounds` times; `peak` is None if it is not known."""
    pairs = []
    for number in range(1, rounds + 1):
        print(f"{row.name}: round {number} of {rounds}", file=sys.stderr)
        commands = row.ours, row.theirs
        pairs.append([measure(command, "pairs_per_s", on=row.cores) for command in commands])
    speeds = [[line["pairs_per_s"] for line in side] for side in zip(*pairs)]
    ratios = [a / b for a, b in zip(*speeds)]
    peaks = [[line.get("peak_bytes") or 0 for line in side] for side in zip(*pairs)]
    medians = [statistics.median(side) for side in speeds]
    found = {
        "ratio": round(statistics.median(ratios), 4),
        "lowest": round(min(ratios), 4),
        "highest": round(max(ratios), 4),
        "sempairs_pairs_per_s": round(medians[0], 2),
        "peer_pairs_per_s": round(medians[1], 2),
        "sempairs_peak_bytes": max(peaks[0]) or None,
        "peer_peak_bytes": max(peaks[1]) or None,
        "peer": pairs[0][1].get("peer"),
    }
    line = pairs[0][0]
    if peak and line.get("gflop"):
        # Both sides do the same work.
        shares = [line["gflop"] / line["batch"] * speed / peak for speed in medians]
        found["peak_gflops"] = round(peak, 1)
        found["sempairs_share"], found["peer_share"] = (round(share, 4) for share in shares)
    return found


def megabytes(count):
    return "-" if count is None else f"{count / 1e6:.0f}"


def percent(share):
    return "-" if share is None else f"{100 * share:.0f}"


def print_table(measured):
    head = ["what", "sempairs pairs/s", "peer pairs/s", "ratio [lowest, highest]"]
    head += ["sempairs % of peak", "peer % of peak", "sempairs MB", "peer MB"]
    lines = [head, ["---", *["---:"] * (len(head) - 1)]]
    for name, row in measured.items():
        lines.append([
            name,
            f"{row['sempairs_pairs_per_s']:.1f}",
            f"{row['peer_pairs_per_s']:.1f}",
            f"{row['ratio']:.2f} [{row['lowest']:.2f}, {row['highest']:.2f}]",
            percent(row.get("sempairs_share")),
            percent(row.get("peer_share")),
            megabytes(row["sempairs_peak_bytes"]),
            megabytes(row["peer_peak_bytes"]),
        ])
    for line in lines:
        print("| " + " | ".join(line) + " |")


def compare(measured, before, tolerance):
    """Prints the change of each ratio; returns whether one fell by more than the tolerance."""
    fallen = False
    for name, row in measured.items():
        if name not in before:
            print(f"{name}: {row['ratio']:.2f}, not stored")
            continue
        old, new = before[name]["ratio"], row["ratio"]
        print(f"{name}: {new:.2f}, stored {old:.2f}, {100 * (new / old - 1):+.1f} %")
        if new < old * (1 - tolerance):
            fallen = True
            print(
                f"REGRESSION {name}: the ratio fell from {old:.2f} to {new:.2f}, "
                f"by {100 * (1 - new / old):.1f} % (tolerance {100 * tolerance:g} %)"
            )
    return fallen


def run(args):
    args.binary = args.binary or newest_binary()
    output([args.binary, "--version"])
    for flag in ["pictures", "native"]:
        folder = getattr(args, flag)
        if folder is not None and not Path(folder).is_dir():
            raise Failure(f"--{flag}: there is no folder {folder}")
    stored = stored_machines()
    key, here = machine(args.device)
    with tempfile.TemporaryDirectory() as scratch:
        table = rows(args, scratch)
        if any("--cache" in row.ours for row in table):
            cache = os.path.join(scratch, CACHE)
            output([args.binary, "cache", args.pictures, "--out", cache])
        has_steps = any("step" in row.ours for row in table)
        peak = peak_gflops(args) if has_steps and args.device == "flex" else None
        with neighbours() if args.loaded else contextlib.nullcontext():
            measured = {row.name: in_turns(row, args.rounds, peak) for row in table}
    print(f"{described(here)} ({key}); sempairs: {args.binary}; rounds: {args.rounds}")
    peers = dict.fromkeys(str(row["peer"]) for row in measured.values())
    print(f"peers: {'; '.join(peers)}\n")
    print_table(measured)
    print()
    fallen = False
    if key in stored:
        fallen = compare(measured, stored[key], args.tolerance)
    else:
        others = ", ".join(stored) or "no machine"
        print(f"nothing to compare: {BASELINE.name} has no rows of {key}; it has those of {others}")
    if not args.save:
        return 1 if fallen else 0
    about = {"machine": here, "date": datetime.date.today().isoformat()}
    new = {name: {**row, **about} for name, row in measured.items()}
    save({**stored, key: {**stored.get(key, {}), **new}})
    print(f"stored in {BASELINE}")
    return 0


def main():
    args = arguments()
    try:
        return run(args)
    except Failure as failure:
        print(f"ratios.py: {failure}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
