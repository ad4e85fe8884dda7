#!/usr/bin/env python3
"""Times PyTorch's matrix products of 32-bit floats, for comparison with `sempairs bench peak`.

    pip install torch
    python peak.py --threads 2

Prints one line of JSON: the highest speed of a product in 1e9 floating-point operations per second,
where a multiply-add counts as two, and the rows, inner size and columns of that product. The sizes
are squares and the products of a vision transformer's MLP.
"""
import argparse
import json
import os
import time

import torch

SIZES = [(512,) * 3, (1024,) * 3, (2048,) * 3, (2080, 384, 1536), (2080, 1536, 384)]


def arguments():
    flags = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    flags.add_argument("--threads", type=int, default=0, help="0 for one per core")
    flags.add_argument("--time", type=int, default=500, help="milliseconds per product")
    return flags.parse_args()


def cores():
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


def gflops(rows, inner, columns, seconds):
    """The highest speed of one product among repetitions for this many seconds."""
    left, right = torch.randn(rows, inner), torch.randn(inner, columns)
    out = left @ right
    shortest, end = float("inf"), time.perf_counter() + seconds
    while (start := time.perf_counter()) < end:
        torch.mm(left, right, out=out)
        shortest = min(shortest, time.perf_counter() - start)
    return 2e-9 * rows * inner * columns / shortest


def main():
    args = arguments()
    threads = args.threads or cores()
    torch.set_num_threads(threads)
    best, size = max((gflops(*size, args.time / 1e3), size) for size in SIZES)
    print(json.dumps({
        "peer": f"torch {torch.__version__}",
        "threads": threads,
        "products_gflops": best,
        "products_size": size,
    }))


if __name__ == "__main__":
    main()
