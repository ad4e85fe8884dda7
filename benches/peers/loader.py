#!/usr/bin/env python3
"""Times PIL, torchvision and a DataLoader, for comparison with `sempairs bench loader`.

    pip install torch torchvision
    python loader.py FOLDER --size 64 --workers 2 --batch 256 --batches 40
    python loader.py FOLDER --size 64 --stages

FOLDER contains one folder of pictures per class. A pair consists of two views of one picture by
SimCLR's transforms. The picture is read twice, as two different pictures would be; with
`--decode-once` it is read once. The crop is bilinear, torchvision's default.

Prints one line of JSON: pairs per second after a first batch, and the memory in bytes: the peak of
this process plus the private memory of its workers at the end.

With `--stages` it prints the microseconds of each stage per picture instead, in a single process:
`us_applied` when the stage is applied, `us_per_view` multiplied by the stage's probability.
"""
import argparse
import json
import multiprocessing
import random
import re
import resource
import sys
import time

import torch
import torchvision
from torchvision.datasets import DatasetFolder
from torchvision.datasets.folder import default_loader as decode
from torchvision.transforms import v2 as T


def arguments():
    flags = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    flags.add_argument("folder", help="folder with one folder per class")
    flags.add_argument("--size", type=int, default=64, help="side length of the views in pixels")
    flags.add_argument("--workers", type=int, default=2, help="worker processes; 0 for none")
    flags.add_argument("--batch", type=int, default=256, help="batch size in pairs")
    flags.add_argument("--batches", type=int, default=40, help="timed batches")
    flags.add_argument("--decode-once", action="store_true", help="read each picture once per pair")
    flags.add_argument("--stages", action="store_true", help="time each stage")
    flags.add_argument("--pictures", type=int, default=500, help="pictures for --stages")
    return flags.parse_args()


def stages(size):
    """Name, transform and probability of each stage of SimCLR's augmentation."""
    kernel = max(3, size // 10 | 1)
    floats = T.Compose([T.ToImage(), T.ToDtype(torch.float32, scale=True)])
    return [
        ("crop_resize", T.RandomResizedCrop(size, scale=(0.08, 1.0), antialias=True), 1.0),
        ("flip", T.RandomHorizontalFlip(1.0), 0.5),
        ("jitter", T.ColorJitter(0.8, 0.8, 0.8, 0.2), 0.8),
        ("grey", T.Grayscale(3), 0.2),
        ("blur", T.GaussianBlur(kernel, (0.1, 2.0)), 0.5),
        ("to_tensor", floats, 1.0),
    ]


class Pair:
    """Two views of the picture at a path."""

    def __init__(self, size, decode_once):
        self.view = T.Compose([t if p == 1 else T.RandomApply([t], p) for _, t, p in stages(size)])
        self.decode_once = decode_once

    def __call__(self, path):
        left = decode(path)
        right = left if self.decode_once else decode(path)
        return self.view(left), self.view(right)


def own_bytes(pid):
    """Private memory of a process in bytes; 0 if the system does not report it."""
    try:
        with open(f"/proc/{pid}/smaps_rollup") as lines:
            kilobytes = re.findall(r"^Private_(?:Clean|Dirty): *(\d+) kB", lines.read(), re.M)
    except OSError:
        return 0
    return 1024 * sum(map(int, kilobytes))


def peak_bytes():
    unit = 1 if sys.platform == "darwin" else 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    return peak + sum(own_bytes(worker.pid) for worker in multiprocessing.active_children())


def time_batches(args, data):
    # The requested number of pairs, repeating pictures if necessary.
    count = (args.batches + 1) * args.batch
    order = torch.utils.data.RandomSampler(data, num_samples=count)
    prefetch = 2 if args.workers else None
    loader = torch.utils.data.DataLoader(
        data, args.batch, sampler=order, num_workers=args.workers, prefetch_factor=prefetch
    )
    batches = iter(loader)
    next(batches)
    start = time.perf_counter()
    for _ in range(args.batches):
        next(batches)
    seconds = time.perf_counter() - start
    return {"pairs_per_s": args.batches * args.batch / seconds, "peak_bytes": peak_bytes()}


def time_stages(args, data):
    torch.set_num_threads(1)  # as in a worker of the DataLoader
    table = stages(args.size)
    warmup = 20
    for number in range(warmup + args.pictures):
        if number in (0, warmup):
            seconds = dict.fromkeys(["decode", *(name for name, _, _ in table)], 0.0)
        path, _ = random.choice(data.samples)
        start = time.perf_counter()
        view = decode(path)
        seconds["decode"] += time.perf_counter() - start
        for name, transform, probability in table:
            start = time.perf_counter()
            changed = transform(view)
            seconds[name] += time.perf_counter() - start
            view = changed if random.random() < probability else view
    share = {"decode": 1.0, **{name: probability for name, _, probability in table}}
    applied = {name: 1e6 * total / args.pictures for name, total in seconds.items()}
    return {
        "us_applied": {name: round(us, 1) for name, us in applied.items()},
        "us_per_view": {name: round(us * share[name], 1) for name, us in applied.items()},
        "us_of_a_view": round(sum(us * share[name] for name, us in applied.items()), 1),
    }


def main():
    args = arguments()
    pair = Pair(args.size, args.decode_once)
    data = DatasetFolder(args.folder, loader=pair, extensions=(".jpeg", ".jpg", ".png"))
    version = torchvision.__version__
    if args.stages:
        line = {"peer": "torchvision stages", "torchvision": version}
        line |= {name: vars(args)[name] for name in ["folder", "size", "pictures"]}
        line |= time_stages(args, data)
    else:
        line = {"peer": "torchvision DataLoader", "torchvision": version}
        settings = ["folder", "size", "workers", "batch", "batches", "decode_once"]
        line |= {name: vars(args)[name] for name in settings}
        line |= time_batches(args, data)
    print(json.dumps(line))


if __name__ == "__main__":
    main()
