#!/usr/bin/env bash
# Checks the feature `cudnn` against NVIDIA's library on a machine without a GPU: installs cuDNN from PyPI (1.7 GB) if
# it is missing, passes descriptors of convolutions to it and compares what it reads back. cuDNN is proprietary: the
# installed package is NVIDIA's wheel, under NVIDIA's licence.
#
#   scripts/system-llvm.sh      # once, if the prebuilt LLVM cannot be downloaded
#   scripts/cudnn-check.sh      # CUDNN=FOLDER uses the library in a folder instead
set -euo pipefail
cd "$(dirname "$0")/.."
tools=${XDG_CACHE_HOME:-$HOME/.cache}/sempairs/cudnn
wheel() { compgen -G "$tools/lib/python*/site-packages/nvidia/cudnn/lib" | head -n 1; }
if [ -z "${CUDNN:-}" ] && [ -z "$(wheel)" ]; then
    python3 -m venv "$tools"
    "$tools/bin/pip" install --quiet nvidia-cudnn-cu13
fi
export LD_LIBRARY_PATH=${CUDNN:-$(wheel)}
cargo test --package sempairs-kernels --features cudnn --lib -- --ignored --nocapture the_installed_library
