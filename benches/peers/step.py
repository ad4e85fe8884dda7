#!/usr/bin/env python3
"""Times a training step of SimCLR in PyTorch, for comparison with `sempairs bench step`.

    pip install torch torchvision          # lightly for its NT-Xent, timm for vit_small_patch8
    python step.py --backbone resnet50 --batch 32 --size 64 --steps 10
    python step.py --backbone resnet18 --stem small --batch 64 --size 32
    python step.py --batch 256 --device cuda --amp bf16 --channels-last --compile

A step consists of the backbone, a projection head with 2048 hidden and 128 output units, NT-Xent
with temperature 0.5 on two views, the backward pass and SGD with momentum. The views are random and
already on the device, so only the step is timed. `--amp none` keeps PyTorch's defaults, which use
TF32 for convolutions on a GPU but not for matrix products.

Prints one line of JSON: the median time of a step in seconds, pairs per second, and the peak memory
in bytes of the process or, on a GPU, of PyTorch's allocations; on a GPU also the time per step in
kernels (`gpu_s`, from PyTorch's profiler; null elsewhere) and the number of kernels. The memory of
the process includes the libraries: PyTorch's CPU-only build needs less than the one for GPUs.
"""
import argparse
import json
import resource
import statistics
import sys
import time

import torch
import torch.nn.functional as F
from torch import nn
from torchvision.models.resnet import BasicBlock, Bottleneck, ResNet

WIDTHS = [64, 128, 256, 512]  # torchvision's

# Block, number of blocks and width of each stage, and the stem without --stem.
NETWORKS = {
    "resnet18": (BasicBlock, [2, 2, 2, 2], WIDTHS, "imagenet"),
    "resnet50": (Bottleneck, [3, 4, 6, 3], WIDTHS, "imagenet"),
    "resnet10_narrow": (BasicBlock, [1, 1, 1, 1], [32, 64, 128, 512], "strided"),
}
STEMS = {"imagenet": (7, 2), "small": (3, 1), "strided": (3, 2)}  # kernel and stride


def arguments():
    flags = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    flags.add_argument("--backbone", default="resnet50", choices=[*NETWORKS, "vit_small_patch8"])
    flags.add_argument("--stem", choices=[*STEMS], help="by default that of the backbone")
    flags.add_argument("--batch", type=int, default=32, help="batch size in pairs")
    flags.add_argument("--size", type=int, default=64, help="side length of the views in pixels")
    flags.add_argument("--steps", type=int, default=10, help="timed steps")
    flags.add_argument("--warmup", type=int, default=2, help="untimed steps before them")
    flags.add_argument("--device", default="cpu", help="cpu, cuda or cuda:N")
    flags.add_argument("--amp", default="none", choices=["none", "tf32", "bf16"])
    flags.add_argument("--channels-last", action="store_true")
    flags.add_argument("--compile", action="store_true")
    flags.add_argument("--threads", type=int, default=0, help="0 for PyTorch's default")
    args = flags.parse_args()
    if args.backbone in NETWORKS:
        args.stem = args.stem or NETWORKS[args.backbone][-1]
    elif args.stem:
        flags.error("--stem: a vision transformer has no stem")
    return args


def residual(name, stem):
    """torchvision's residual network with another stem or other widths, without its classifier."""
    block, layers, widths, _ = NETWORKS[name]
    body = ResNet(block, layers)
    if widths != WIDTHS:
        body.inplanes = widths[0]
        body.bn1 = nn.BatchNorm2d(widths[0])
        stages = zip(widths, layers, [1, 2, 2, 2])
        body.layer1, body.layer2, body.layer3, body.layer4 = [
            body._make_layer(block, width, count, stride) for width, count, stride in stages
        ]
    kernel, stride = STEMS[stem]
    body.conv1 = nn.Conv2d(3, widths[0], kernel, stride, padding=kernel // 2, bias=False)
    if stem != "imagenet":
        body.maxpool = nn.Identity()
    features, body.fc = body.fc.in_features, nn.Identity()
    return body, features


def backbone(name, stem, size):
    """The network without its classifier, and its number of features."""
    if name in NETWORKS:
        return residual(name, stem)
    import timm

    return timm.create_model("vit_small_patch8_224", num_classes=0, img_size=size), 384


def nt_xent(left, right, temperature=0.5):
    """Mean over all 2n views of the cross-entropy of the partner among the other views."""
    n = len(left)
    z = F.normalize(torch.cat([left, right]), dim=1)
    itself = torch.eye(2 * n, dtype=torch.bool, device=z.device)
    logits = (z @ z.T / temperature).masked_fill(itself, float("-inf"))
    return F.cross_entropy(logits, torch.arange(2 * n, device=z.device).roll(n))


def loss_of_two_views():
    try:
        from lightly.loss import NTXentLoss
    except ImportError:
        return nt_xent
    return NTXentLoss(temperature=0.5)


def peak_bytes(device):
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def kernels_of(step, device, steps=3):
    """Time per step in GPU kernels, in seconds, and the number of kernels."""
    if device.type != "cuda":
        return None, None
    from torch.autograd import DeviceType
    from torch.profiler import ProfilerActivity, profile

    with profile(activities=[ProfilerActivity.CUDA]) as profiled:
        for _ in range(steps):
            step()
    kernels = [event for event in profiled.events() if event.device_type == DeviceType.CUDA]
    microseconds = sum(event.time_range.elapsed_us() for event in kernels)
    return microseconds / 1e6 / steps, len(kernels) / steps


def main():
    args = arguments()
    device = torch.device(args.device)
    if args.threads:
        torch.set_num_threads(args.threads)
    if args.amp != "none":
        torch.backends.cuda.matmul.allow_tf32 = True
        torch.backends.cudnn.allow_tf32 = True
    torch.backends.cudnn.benchmark = True
    memory = torch.channels_last if args.channels_last else torch.contiguous_format

    body, features = backbone(args.backbone, args.stem, args.size)
    head = nn.Sequential(nn.Linear(features, 2048), nn.ReLU(), nn.Linear(2048, 128))
    model = nn.Sequential(body, head).to(device, memory_format=memory)
    forward = torch.compile(model) if args.compile else model
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    criterion = loss_of_two_views()
    views = torch.randn(2 * args.batch, 3, args.size, args.size, device=device)
    views = views.to(memory_format=memory)

    def step():
        with torch.autocast(device.type, torch.bfloat16, enabled=args.amp == "bf16"):
            z = forward(views)
        loss = criterion(z[: args.batch].float(), z[args.batch :].float())
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        return loss.item()  # waits for the device

    times = []
    for number in range(args.warmup + args.steps):
        start = time.perf_counter()
        step()
        if number >= args.warmup:
            times.append(time.perf_counter() - start)
    median = statistics.median(times)
    try:
        gpu_s, kernels = kernels_of(step, device)
    except Exception as error:  # the wall-clock time is valid without it
        print(f"no profile: {error}", file=sys.stderr)
        gpu_s, kernels = None, None
    print(json.dumps({
        "peer": f"torch {torch.__version__}",
        **vars(args),
        "median_s": median,
        "pairs_per_s": args.batch / median,
        "gpu_s": gpu_s,
        "kernels": kernels,
        "peak_bytes": peak_bytes(device),
    }))


if __name__ == "__main__":
    main()
