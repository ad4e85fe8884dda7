#!/usr/bin/env bash
# Fault injection: a disk that fails, fills up or is disconnected at each operation of a small run, and damaged files
# for every reader (docs/robustness.md). Takes a quarter of an hour on two cores, or one minute with --short. --seed N
# changes the random seed of the damaged files; --only disk, --only command or --only with the name of a reader (png,
# pth, ...) runs a part. Linux only.
set -euo pipefail
cd "$(dirname "$0")/.."
exec cargo test --quiet --package sempairs --test faults -- "$@"
