"""What the loaders in this folder share: flags, cores, files, timing and the line of JSON."""
import argparse
import json
import multiprocessing
import os
import re
import resource
import sys
import time
from pathlib import Path

SETTINGS = ["folder", "size", "workers", "batch", "batches"]


def flags(description, workers="worker processes", fewest=0):
    """Parser of the flags that all loaders have; `workers` describes what works."""

    def number(text):
        if int(text) < fewest:
            raise argparse.ArgumentTypeError(f"must be at least {fewest}")
        return int(text)

    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("folder", help="folder with one folder per class")
    parser.add_argument("--size", type=int, default=64, help="side length of the views in pixels")
    parser.add_argument("--workers", type=number, default=2, help=workers)
    parser.add_argument("--batch", type=int, default=256, help="batch size in pairs")
    parser.add_argument("--batches", type=int, default=40, help="timed batches")
    return parser


def pin(workers):
    """With one worker, keeps this process, and those it will start, on one core."""
    if workers != 1 or not hasattr(os, "sched_setaffinity"):
        return
    core = min(os.sched_getaffinity(0))
    for thread in os.listdir("/proc/self/task"):
        os.sched_setaffinity(int(thread), {core})


def jpeg_files(folder):
    """Paths of the JPEG files in the folder's class folders."""
    found = [path for path in Path(folder).glob("*/*") if path.suffix.lower() in (".jpeg", ".jpg")]
    if not found:
        sys.exit(f"error: {folder} has no folders with files named .jpeg or .jpg")
    return sorted(map(str, found))


def blur_kernel(size):
    """SimCLR's size of the blur's kernel: a tenth of the side, made odd."""
    return max(3, size // 10 | 1)


def own_bytes(pid):
    """Private memory of a process in bytes; 0 if the system does not report it."""
    try:
        with open(f"/proc/{pid}/smaps_rollup") as lines:
            kilobytes = re.findall(r"^Private_(?:Clean|Dirty): *(\d+) kB", lines.read(), re.M)
    except OSError:
        return 0
    return 1024 * sum(map(int, kilobytes))


def peak_bytes():
    """Peak of this process plus the private memory of its worker processes now."""
    unit = 1 if sys.platform == "darwin" else 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    return peak + sum(own_bytes(worker.pid) for worker in multiprocessing.active_children())


def time_batches(args, batches):
    """Times the next `args.batches` batches of an iterator."""
    start = time.perf_counter()
    for _ in range(args.batches):
        next(batches)
    seconds = time.perf_counter() - start
    return {"pairs_per_s": args.batches * args.batch / seconds, "peak_bytes": peak_bytes()}


def time_dataloader(args, data):
    """Times a DataLoader over a dataset of pairs, after a first batch."""
    from torch.utils.data import DataLoader, RandomSampler

    # The requested number of pairs, repeating pictures if necessary.
    order = RandomSampler(data, num_samples=(args.batches + 1) * args.batch)
    prefetch = 2 if args.workers else None
    loader = DataLoader(
        data, args.batch, sampler=order, num_workers=args.workers, prefetch_factor=prefetch
    )
    batches = iter(loader)
    next(batches)
    return time_batches(args, batches)


def tell(args, peer, found, settings=SETTINGS):
    """Prints the line of JSON; `peer` maps the names of the libraries to their versions."""
    line = {"peer": ", ".join(f"{name} {version}" for name, version in peer.items()), **peer}
    line |= {name: getattr(args, name) for name in settings}
    print(json.dumps(line | found))
