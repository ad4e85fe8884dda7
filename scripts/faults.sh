#!/usr/bin/env bash
# Faults on purpose: a disk that fails, fills up or is cut off at every operation of a small run, and damaged files for
# every reader (docs/robustness.md). A quarter of an hour on two cores; --short takes a minute, --seed N draws other
# files, --only disk, command or a reader's name (png, pth, ...) runs a part. Linux alone.
set -euo pipefail
cd "$(dirname "$0")/.."
exec cargo test --quiet --package sempairs --test faults -- "$@"
