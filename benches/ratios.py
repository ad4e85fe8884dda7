#!/usr/bin/env python3
"""Compares the speed of sempairs with PyTorch (benches/peers) and prints a table.

    cargo build --release --bin sempairs
    pip install torch torchvision lightly        # or --python INTERPRETER of another environment
    python benches/ratios.py --pictures FOLDER [--only step] [--save]

Each measurement is a separate process, and the two programs alternate, so that both run under the
same conditions. The ratio is the median over all rounds of the pairs per second of sempairs divided
by those of the peer, with minimum and maximum. Speeds are medians, memory is the maximum.

`--save` stores the measured rows in benches/ratios.json. Otherwise the exit status is 1 if a ratio
is lower than the stored one by more than the tolerance, and 2 if a command fails.
"""
import argparse
import datetime
import json
import os
import platform
import re
import shlex
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

BENCHES = Path(__file__).resolve().parent
BASELINE = BENCHES / "ratios.json"
CACHE = "pictures.cache"
INSTALL = "pip install torch torchvision lightly"


class Failure(Exception):
    """Error with a message for the user."""


def arguments():
    flags = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    flags.add_argument("--binary", help="sempairs; by default the newest build")
    flags.add_argument("--python", default=sys.executable, help="Python interpreter of the peer")
    flags.add_argument("--only", default="", metavar="FILTER", help="rows with this in their name")
    flags.add_argument("--rounds", type=positive, default=3)
    flags.add_argument("--steps", type=positive, default=10, help="timed steps per measurement")
    flags.add_argument("--batches", type=positive, default=40, help="timed batches of the loader")
    flags.add_argument("--device", type=device, default="flex", help="flex, cuda or cuda:N")
    flags.add_argument("--pictures", metavar="FOLDER", help="pictures, a folder per class")
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
    target = Path(os.environ.get("CARGO_TARGET_DIR") or BENCHES.parent / "target")
    found = [target / profile / "sempairs" for profile in ["release", "debug"]]
    found = [path for path in found if path.is_file()]
    if not found:
        raise Failure(
            f"there is no sempairs in {target}/release or {target}/debug; "
            "build it with `cargo build --release --bin sempairs` or give --binary"
        )
    return str(max(found, key=lambda path: path.stat().st_mtime))


def output(command):
    """Runs a command and returns its standard output."""
    shown = shlex.join(command)
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    except OSError as error:
        raise Failure(f"`{shown}` cannot be started: {error.strerror}") from None
    if done.returncode != 0:
        raise Failure(f"`{shown}` failed: {reason(done)}")
    return done.stdout


def reason(done):
    """The most informative line of standard error: the first error, or else the last line."""
    lines = [line.strip() for line in done.stderr.splitlines()]
    lines = [line for line in lines if line and not line.startswith("note:")]
    errors = [line for line in lines if line.lower().startswith("error")]
    return (errors[:1] or lines[-1:] or [f"exit status {done.returncode} and no message"])[0]


def measure(command):
    """Runs a command and returns the JSON object in the last line of its output."""
    last = (output(command).strip().splitlines() or [""])[-1]
    try:
        line = json.loads(last)
    except ValueError:
        line = None
    speed = line.get("pairs_per_s") if isinstance(line, dict) else None
    if not isinstance(speed, (int, float)) or speed <= 0:
        shown = shlex.join(command)
        raise Failure(f"`{shown}` printed no JSON with pairs_per_s; its last line is `{last[:80]}`")
    return line


def peer_version(python):
    code = "import torch, torchvision; print(torch.__version__, torchvision.__version__)"
    try:
        torch, torchvision = output([python, "-c", code]).split()[-2:]
        return f"torch {torch}, torchvision {torchvision}"
    except Failure as failure:
        raise Failure(
            f"the peer's interpreter has no torch and torchvision ({failure}); "
            f"run `{INSTALL}`, or select another interpreter with --python"
        ) from None


def rows(args, scratch):
    """Name, command of sempairs and command of the peer for each row; reports skipped rows."""
    on = "" if args.device == "flex" else f" {args.device}"
    peer_device = "cpu" if args.device == "flex" else args.device
    table = []
    for backbone, batch in [("resnet18", 32), ("resnet50", 32), ("vit_small_patch8", 16)]:
        step = ["--backbone", backbone, "--size", "64"]
        step += ["--batch", str(batch), "--steps", str(args.steps)]
        ours = ["bench", "step", *step, "--device", args.device]
        theirs = [str(BENCHES / "peers" / "step.py"), *step, "--device", peer_device]
        table.append((f"step {backbone} 64px batch {batch}{on}", ours, theirs))
    for source, workers in [("files", 1), ("files", 2), ("cache", 2)]:
        loader = ["--size", "64", "--batch", "256", "--batches", str(args.batches)]
        loader = [args.pictures, *loader, "--workers", str(workers)]
        cache = ["--cache", os.path.join(scratch, CACHE)] if source == "cache" else []
        # Two pictures are read per pair; the peer reads one picture twice.
        ours = ["bench", "loader", *loader, "--semantic", *cache]
        theirs = [str(BENCHES / "peers" / "loader.py"), *loader]
        unit = "worker" if workers == 1 else "workers"
        table.append((f"loader {source} 64px {workers} {unit}", ours, theirs))
    wanted = [row for row in table if args.only in row[0]]
    if not wanted:
        names = ", ".join(name for name, _, _ in table)
        raise Failure(f"--only: no row's name contains `{args.only}`; there are {names}")
    kept = []
    for name, ours, theirs in wanted:
        if "loader" in ours and args.pictures is None:
            print(f"{name}: skipped, since it needs --pictures FOLDER")
        else:
            kept.append((name, [args.binary, *ours], [args.python, *theirs]))
    return kept


def in_turns(name, ours, theirs, rounds):
    """Measures both commands alternately, `rounds` times."""
    pairs = []
    for number in range(1, rounds + 1):
        print(f"{name}: round {number} of {rounds}", file=sys.stderr)
        pairs.append((measure(ours), measure(theirs)))
    speeds = [[line["pairs_per_s"] for line in side] for side in zip(*pairs)]
    ratios = [a / b for a, b in zip(*speeds)]
    peaks = [[line.get("peak_bytes") or 0 for line in side] for side in zip(*pairs)]
    return {
        "ratio": round(statistics.median(ratios), 4),
        "lowest": round(min(ratios), 4),
        "highest": round(max(ratios), 4),
        "sempairs_pairs_per_s": round(statistics.median(speeds[0]), 2),
        "peer_pairs_per_s": round(statistics.median(speeds[1]), 2),
        "sempairs_peak_bytes": max(peaks[0]) or None,
        "peer_peak_bytes": max(peaks[1]) or None,
    }


def machine(device):
    model = platform.processor() or platform.machine()
    try:
        text = Path("/proc/cpuinfo").read_text()
        model = re.search(r"^model name\s*: (.*)$", text, re.M).group(1).strip()
    except (OSError, AttributeError):
        pass
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    found = {"cpu": model, "cores": cores}
    if device != "flex":
        query = ["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"]
        gpus = output(query).strip().splitlines()
        number = int(device.partition(":")[2] or 0)
        found["gpu"] = gpus[number] if number < len(gpus) else "unknown"
    return found


def described(machine):
    parts = (f"{what} cores" if name == "cores" else what for name, what in machine.items())
    return ", ".join(parts)


def stored_rows():
    try:
        rows = json.loads(BASELINE.read_text())["rows"]
        return {name: {**row, "ratio": float(row["ratio"])} for name, row in rows.items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise Failure(f"{BASELINE} is not a file written by --save: {error!r}") from None


def save(baseline):
    """Writes a temporary file and renames it, so that the baseline is never incomplete."""
    partial = BASELINE.with_suffix(".json.partial")
    try:
        with open(partial, "w") as file:
            file.write(json.dumps({"rows": dict(sorted(baseline.items()))}, indent=2) + "\n")
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, BASELINE)
    except OSError as error:
        raise Failure(f"{BASELINE} cannot be written: {error}") from None


def megabytes(count):
    return "-" if count is None else f"{count / 1e6:.0f}"


def print_table(measured, stored):
    head = ["what", "sempairs pairs/s", "peer pairs/s", "ratio [lowest, highest]"]
    head += ["sempairs MB", "peer MB", "stored", "change"]
    lines = [head]
    for name, row in measured.items():
        before = stored.get(name, {}).get("ratio")
        lines.append([
            name,
            f"{row['sempairs_pairs_per_s']:.1f}",
            f"{row['peer_pairs_per_s']:.1f}",
            f"{row['ratio']:.2f} [{row['lowest']:.2f}, {row['highest']:.2f}]",
            megabytes(row["sempairs_peak_bytes"]),
            megabytes(row["peer_peak_bytes"]),
            "-" if before is None else f"{before:.2f}",
            "-" if before is None else f"{100 * (row['ratio'] / before - 1):+.1f} %",
        ])
    widths = [max(map(len, column)) for column in zip(*lines)]
    lines.insert(1, ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])])
    for line in lines:
        cells = [line[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(line[1:], widths[1:])]
        print("| " + " | ".join(cells) + " |")


def run(args):
    args.binary = args.binary or newest_binary()
    output([args.binary, "--version"])
    if args.pictures is not None and not Path(args.pictures).is_dir():
        raise Failure(f"--pictures: there is no folder {args.pictures}")
    stored = stored_rows()
    peer = peer_version(args.python)
    here = machine(args.device)
    with tempfile.TemporaryDirectory() as scratch:
        table = rows(args, scratch)
        if not table:
            return 0
        if any("--cache" in ours for _, ours, _ in table):
            cache = os.path.join(scratch, CACHE)
            output([args.binary, "cache", args.pictures, "--out", cache])
        measured = {row[0]: in_turns(*row, args.rounds) for row in table}
    print(f"{described(here)}; sempairs: {args.binary}; peer: {peer}; rounds: {args.rounds}\n")
    print_table(measured, stored)
    print()
    fallen = False
    for name, row in measured.items():
        before = stored.get(name)
        if before is None:
            continue
        there = before.get("machine", {})
        if there != here:
            print(f"{name}: the stored ratio is from another machine, {described(there)}")
        if row["ratio"] < before["ratio"] * (1 - args.tolerance):
            fallen = True
            fall = 100 * (1 - row["ratio"] / before["ratio"])
            print(
                f"REGRESSION {name}: the ratio fell from {before['ratio']:.2f} to "
                f"{row['ratio']:.2f}, by {fall:.1f} % (tolerance {100 * args.tolerance:g} %)"
            )
    if not args.save:
        return 1 if fallen else 0
    about = {"machine": here, "date": datetime.date.today().isoformat(), "peer": peer}
    save({**stored, **{name: {**row, **about} for name, row in measured.items()}})
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
