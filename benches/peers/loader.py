#!/usr/bin/env python3
"""Times PIL, torchvision and a DataLoader, for comparison with `sempairs bench loader`.

    pip install torch torchvision
    python loader.py FOLDER --size 64 --workers 2 --batch 256 --batches 40
    python loader.py FOLDER --size 64 --stages

FOLDER contains one folder of pictures per class. A pair consists of two views of one picture by
SimCLR's transforms. The picture is read twice, as two different pictures would be; with
`--decode-once` it is read once. With one worker, all processes run on one core.

The work differs from SimCLR's in sempairs as follows:

- The crop is bilinear with antialiasing, torchvision's default.
- The two views are of one picture, whose file is read twice.
- All stages compute on bytes.

Prints one line of JSON: pairs per second after a first batch, and the memory in bytes: the peak of
this process plus the private memory of its workers at the end.

With `--stages` it prints the microseconds of each stage per picture instead, in a single process:
`us_applied` when the stage is applied, `us_per_view` multiplied by the stage's probability.
"""
import random
import time

import PIL
import torch
import torchvision
from torchvision.datasets import DatasetFolder
from torchvision.datasets.folder import default_loader as decode
from torchvision.transforms import v2 as T

from timing import SETTINGS, blur_kernel, flags, pin, tell, time_dataloader


def arguments():
    parser = flags(__doc__.splitlines()[0], workers="worker processes; 0 for none")
    parser.add_argument("--decode-once", action="store_true", help="read a picture once per pair")
    parser.add_argument("--stages", action="store_true", help="time each stage")
    parser.add_argument("--pictures", type=int, default=500, help="pictures for --stages")
    return parser.parse_args()


def stages(size):
    """Name, transform and probability of each stage of SimCLR's augmentation."""
    floats = T.Compose([T.ToImage(), T.ToDtype(torch.float32, scale=True)])
    return [
        ("crop_resize", T.RandomResizedCrop(size, scale=(0.08, 1.0), antialias=True), 1.0),
        ("flip", T.RandomHorizontalFlip(1.0), 0.5),
        ("jitter", T.ColorJitter(0.8, 0.8, 0.8, 0.2), 0.8),
        ("grey", T.Grayscale(3), 0.2),
        ("blur", T.GaussianBlur(blur_kernel(size), (0.1, 2.0)), 0.5),
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
    peer = {name.__name__: name.__version__ for name in [torch, torchvision]}
    peer["Pillow"] = PIL.__version__
    if args.stages:
        found = time_stages(args, data)
        tell(args, peer, found, settings=["folder", "size", "pictures"])
    else:
        pin(args.workers)
        tell(args, peer, time_dataloader(args, data), settings=[*SETTINGS, "decode_once"])


if __name__ == "__main__":
    main()
