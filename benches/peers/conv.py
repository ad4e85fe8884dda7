#!/usr/bin/env python3
"""Times the convolutions of a ResNet in PyTorch, for comparison with `sempairs bench conv`.

    pip install torch torchvision
    python conv.py --backbone resnet50 --batch 512 --size 64 --device cuda --precision bf16

Shapes are those of torchvision's network, named as in `sempairs bench conv`: input and output channels, kernel size,
stride, side of the input. Tensors are channels-last and the output gradient is all ones, as in `sempairs bench conv`. On a
GPU the calls of a sample are queued behind a sleep kernel, so that `seconds` is the time on the device; `clock_s` is the
wall-clock time, including the host.

Prints a line of JSON for each shape and pass, and a line for each pass over all shapes, each counted as often as it occurs
in the network.
"""
import argparse
import json
import statistics
import time

import torch
import torchvision
from torch import nn

PASSES = ["forward", "input", "weight"]


def arguments():
    flags = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    flags.add_argument("--backbone", default="resnet50", choices=["resnet18", "resnet50"])
    flags.add_argument("--batch", type=int, default=512, help="batch size in pictures")
    flags.add_argument("--size", type=int, default=64, help="side length of the pictures in pixels")
    flags.add_argument("--precision", default="f32", choices=["f32", "bf16"])
    flags.add_argument("--samples", type=int, default=10)
    flags.add_argument("--calls", type=int, default=10, help="calls per sample")
    flags.add_argument("--device", default="cpu", help="cpu, cuda or cuda:N")
    return flags.parse_args()


def sizes(backbone, size):
    """Maps each shape of a convolution to its number of occurrences in the network."""
    found = {}

    def note(module, inputs, _):
        key = (module.in_channels, module.out_channels, module.kernel_size[0], module.stride[0], inputs[0].shape[-1])
        found[key] = found.get(key, 0) + 1

    network = torchvision.models.get_model(backbone, weights=None).eval()
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            module.register_forward_hook(note)
    with torch.no_grad():
        network(torch.zeros(1, 3, size, size))
    return found


def seconds(call, args, device):
    """Seconds per call: on the device, and wall-clock."""
    wait = torch.cuda.synchronize if device.type == "cuda" else lambda: None
    for _ in range(3):
        call()
    clocks, devices = [], []
    for _ in range(args.samples):
        wait()
        start = time.perf_counter()
        for _ in range(args.calls):
            call()
        wait()
        clocks.append((time.perf_counter() - start) / args.calls)
        if device.type == "cuda":
            begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
            torch.cuda._sleep(int(2e9 * min(1.5 * clocks[-1] * args.calls, 0.02)))
            begin.record()
            for _ in range(args.calls):
                call()
            end.record()
            wait()
            devices.append(begin.elapsed_time(end) / 1e3 / args.calls)
    return statistics.median(devices or clocks), statistics.median(clocks)


def main():
    args = arguments()
    device = torch.device(args.device)
    torch.backends.cuda.matmul.allow_tf32 = True
    torch.backends.cudnn.allow_tf32 = True
    torch.backends.cudnn.benchmark = True
    dtype = torch.bfloat16 if args.precision == "bf16" else torch.float32

    def maps(make, *shape):
        return make(*shape, device=device, dtype=dtype).to(memory_format=torch.channels_last)

    def tell(shape, name, count, device_s, clock_s, operations):
        print(json.dumps({
            "peer": f"torch {torch.__version__}",
            "shape": shape,
            "pass": name,
            "count": count,
            "batch": args.batch,
            "precision": args.precision,
            "device": args.device,
            "seconds": device_s,
            "clock_s": clock_s,
            "gflop_per_s": operations / device_s / 1e9,
        }), flush=True)

    totals = {name: [0.0] * 3 for name in PASSES}
    everything = sizes(args.backbone, args.size)
    for (into, out, kernel, stride, side), count in everything.items():
        padding = kernel // 2
        after = (side + 2 * padding - kernel) // stride + 1
        x = maps(torch.randn, args.batch, into, side, side)
        w = maps(torch.randn, out, into, kernel, kernel)
        ones = maps(torch.ones, args.batch, out, after, after)

        def gradient(*wanted):
            return torch.ops.aten.convolution_backward(
                ones, x, w, None, [stride] * 2, [padding] * 2, [1, 1], False, [0, 0], 1, list(wanted)
            )

        calls = [
            lambda: nn.functional.conv2d(x, w, None, stride, padding),
            lambda: gradient(True, False, False),
            lambda: gradient(False, True, False),
        ]
        operations = 2.0 * args.batch * out * after**2 * into * kernel**2
        for name, call in zip(PASSES, calls):
            with torch.no_grad():
                device_s, clock_s = seconds(call, args, device)
            tell(f"{into}-{out}k{kernel}s{stride}i{side}", name, count, device_s, clock_s, operations)
            sums = zip(totals[name], (device_s, clock_s, operations))
            totals[name] = [total + count * part for total, part in sums]
    for name in PASSES:
        tell("all", name, sum(everything.values()), *totals[name])


if __name__ == "__main__":
    main()
