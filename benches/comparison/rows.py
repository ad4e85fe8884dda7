"""The rows of the table: what is measured, and against which program."""
import itertools
import os
from pathlib import Path
from typing import NamedTuple

from .commands import Failure, cores, output

PEERS = Path(__file__).resolve().parent.parent / "peers"
CACHE = "pictures.cache"  # file for the decoded pictures
# Modules of the peers and the packages that contain them.
PACKAGES = {
    "torch": "torch",
    "torchvision": "torchvision",
    "timm": "timm",
    "nvidia.dali": "nvidia-dali-cuda120",
    "albumentations": "albumentationsx",
    "simplejpeg": "simplejpeg",
    "cv2": "opencv-python-headless",
}
TORCH = ["torch", "torchvision"]
# Script and modules of each loader.
LOADERS = {
    "PIL": ("loader.py", TORCH),
    "DALI": ("loader_dali.py", ["torch", "nvidia.dali"]),
    "albumentationsX": (
        "loader_albumentations.py",
        ["torch", "albumentations", "simplejpeg", "cv2"],
    ),
}
# Backbone, stem, side and batch size of each step.
STEPS = [
    ("resnet18", None, 64, 32),
    ("resnet50", None, 64, 32),
    ("vit_small_patch8", None, 64, 16),
    ("resnet18", "small", 32, 64),
    ("resnet50", "small", 32, 64),
    ("resnet10_narrow", None, 64, 256),
    ("resnet10_narrow", None, 32, 128),
]


class Row(NamedTuple):
    """A row of the table."""

    name: str
    ours: list  # arguments of sempairs
    theirs: list  # script of the peer and its arguments
    modules: list  # that the peer needs
    needs: str | None = None  # flag that gives the folder of pictures
    cores: int | None = None  # number of cores on which both run; all cores if None


def step_rows(args):
    on = "" if args.device == "flex" else f" {args.device}"
    for backbone, stem, size, batch in STEPS:
        step = ["--backbone", backbone, "--size", str(size), "--batch", str(batch)]
        step += ["--steps", str(args.steps)]
        step += ["--stem", stem] if stem else []
        step += ["--threads", str(len(cores()))] if args.device == "flex" else []
        peer_device = "cpu" if args.device == "flex" else args.device
        shown = f" {stem} stem" if stem else ""
        yield Row(
            f"step {backbone} {size}px{shown} batch {batch}{on}",
            ["bench", "step", *step, "--device", args.device],
            ["step.py", *step, "--device", peer_device],
            [*TORCH, "timm"] if backbone.startswith("vit") else TORCH,
        )


def loader_rows(args, scratch):
    # A build that can choose the filter of the crop uses the one of the peers.
    options = output([args.binary, "bench", "loader", "--help"])
    bilinear = ["--filter", "bilinear"] if "--filter" in options else []
    table = [*itertools.product(["files"], LOADERS, [1, 2]), ("cache", "PIL", 2)]
    table += itertools.product(["native"], LOADERS, [1, 2])
    for source, peer, workers in table:
        needs = "native" if source == "native" else "pictures"
        loader = [getattr(args, needs) or "", "--size", "64", "--batches", str(args.batches)]
        loader += ["--batch", "64" if source == "native" else "256", "--workers", str(workers)]
        cache = ["--cache", os.path.join(scratch, CACHE)] if source == "cache" else []
        script, modules = LOADERS[peer]
        unit = "worker" if workers == 1 else "workers"
        against = "" if peer == "PIL" else f" {peer}"
        yield Row(
            f"loader {source} 64px {workers} {unit}{against}",
            # Two pictures are read per pair, as by the peers.
            ["bench", "loader", *loader, "--semantic", *bilinear, *cache],
            [script, *loader],
            modules,
            needs,
            workers,
        )


def rows(args, scratch):
    """The rows to measure; reports the rows that are skipped."""
    table = [*step_rows(args), *loader_rows(args, scratch)]
    if args.loaded:
        table = [row._replace(name=f"{row.name} loaded") for row in table]
    wanted = [row for row in table if args.only in row.name]
    if not wanted:
        names = ", ".join(row.name for row in table)
        raise Failure(f"--only: no row's name contains `{args.only}`; there are {names}")
    check = str(Path(__file__).with_name("missing.py"))
    missing = output([args.python, check, *PACKAGES]).split()
    kept, skipped = [], {}
    for row in wanted:
        lacking = [name for name in row.modules if name in missing]
        if row.needs and getattr(args, row.needs) is None:
            skipped.setdefault(f"they need --{row.needs} FOLDER", []).append(row.name)
        elif lacking:
            install = " ".join(PACKAGES[name] for name in lacking)
            why = f"{args.python} has no {', '.join(lacking)}: pip install {install}"
            skipped.setdefault(why, []).append(row.name)
        else:
            theirs = [args.python, str(PEERS / row.theirs[0]), *row.theirs[1:]]
            kept.append(row._replace(ours=[args.binary, *row.ours], theirs=theirs))
    for why, names in skipped.items():
        print(f"skipped, since {why}\n    {', '.join(names)}")
    if not kept:
        raise Failure("no row can be measured")
    return kept
