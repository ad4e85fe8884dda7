#!/usr/bin/env python3
"""Counts bytes and operations of one step of a ResNet-50 at 64 px on a GPU, per kernel.

    benches/step_bytes.py [VIEWS]     512 views (256 pairs) if omitted

Assumes 16-bit values and the path `gemm` of docs/kernels.md. Every operand counts as one transfer from or to memory per
launch; caches reduce this number, and uncoalesced access increases it. The time is the maximum of the bytes at 80 % of the
memory bandwidth and the operations at 60 % of the peak of the tensor cores. It is a rough lower bound, not a measurement.
Loss, optimiser and views are not counted.
"""
import sys
from collections import defaultdict

VIEWS = int(sys.argv[1]) if len(sys.argv) > 1 else 512
VALUE = 2  # bytes per value; weights and sums have 4
CARDS = {"A100": (0.8 * 2.0e12, 0.6 * 312e12), "H100": (0.8 * 3.35e12, 0.6 * 800e12)}

launches, moved, operations = defaultdict(int), defaultdict(float), defaultdict(float)


def count(kernel, size, work=0):
    launches[kernel] += 1
    moved[kernel] += size
    operations[kernel] += work


def parts(windows, c_out, row):
    """As in crates/sempairs-kernels/src/cube/layers/convolution/gemm.rs."""
    tiles = -(-c_out // 128) * -(-row // 128)
    most = min((64 << 20) // (4 * c_out * row), windows // 256)
    wanted = max(1, min(-(-256 // tiles), most))
    return next(number for number in range(wanted, 0, -1) if windows % number == 0)


def convolution(c_in, c_out, side, kernel, stride, of_input=True):
    """Counts three passes and returns the side of the output."""
    out = side // stride
    windows, taps = VIEWS * out * out, kernel * kernel
    x, y, weights = VIEWS * side * side * c_in, windows * c_out, taps * c_in * c_out
    row = -(-taps * c_in // 8) * 8
    pointwise = kernel == 1 and stride == 1
    work = 2 * windows * row * c_out
    unrolled = x if pointwise else windows * row

    def unroll(source, result):
        count("unrolled maps", VALUE * (min(source, result) + result))

    count("filters", (4 + VALUE) * weights)
    if not pointwise:
        unroll(x, unrolled)
    count("products, forward", VALUE * (unrolled + weights + y), work)
    if not pointwise:
        unroll(x, unrolled)
    number = parts(windows, c_out, row)
    count("products, gradient of filters", VALUE * (unrolled + y) + 4 * number * c_out * row, work)
    count("sum of parts", 4 * number * c_out * row + 4 * weights)
    if of_input:
        count("filters", (4 + VALUE) * weights)
        if kernel == 1:
            count("products, gradient of input", VALUE * (y + weights + windows * c_in), work)
            if stride > 1:
                count("spread rows", VALUE * (windows * c_in + x))
        else:
            unrolled = VIEWS * side * side * taps * c_out
            unroll(y, unrolled)
            work = 2 * VIEWS * side * side * taps * c_out * c_in
            count("products, gradient of input", VALUE * (unrolled + weights + x), work)
    return out


def batch_norm(channels, side, kind):
    """Counts both passes of a layer: `plain`, with a ReLU (`relu`), or with a residual and a ReLU (`add`)."""
    maps = VALUE * VIEWS * side * side * channels
    count("batch norm, moments", maps)
    count("batch norm, normalise", maps * (3 if kind == "add" else 2))
    count("batch norm, gradient sums", maps * {"plain": 2, "relu": 3, "add": 4}[kind])
    count("batch norm, gradient of input", maps * {"plain": 3, "relu": 4, "add": 3}[kind])


side = convolution(3, 64, 64, 7, 2, of_input=False)
batch_norm(64, side, "relu")
maps = VALUE * VIEWS * side * side * 64
count("max pool", maps * 1.25)
count("max pool", maps * 2.5)
side //= 2
channels = 64
for width, blocks, first in [(64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2)]:
    for block in range(blocks):
        stride = first if block == 0 else 1
        convolution(channels, width, side, 1, 1)
        batch_norm(width, side, "relu")
        out = convolution(width, width, side, 3, stride)
        batch_norm(width, out, "relu")
        convolution(width, 4 * width, out, 1, 1)
        batch_norm(4 * width, out, "add")
        if block == 0:
            convolution(channels, 4 * width, side, 1, stride)
            batch_norm(4 * width, out, "plain")
        count("sum of two gradients", 3 * VALUE * VIEWS * side * side * channels)
        channels, side = 4 * width, out

print("| kernel | launches | GB | GFLOP |", " | ".join(f"ms on an {card}" for card in CARDS), "|")
print("|---|---:|---:|---:|" + "---:|" * len(CARDS))
total = [0.0] * len(CARDS)
for kernel in sorted(moved, key=lambda kernel: -moved[kernel]):
    times = [1e3 * max(moved[kernel] / rate, operations[kernel] / peak) for rate, peak in CARDS.values()]
    total = [sum(both) for both in zip(total, times)]
    cells = " | ".join(f"{time:.1f}" for time in times)
    print(f"| {kernel} | {launches[kernel]} | {moved[kernel] / 1e9:.1f} | {operations[kernel] / 1e9:.0f} | {cells} |")
cells = " | ".join(f"{time:.1f}" for time in total)
print(f"| all | {sum(launches.values())} | {sum(moved.values()) / 1e9:.1f} | {sum(operations.values()) / 1e9:.0f} | {cells} |")
