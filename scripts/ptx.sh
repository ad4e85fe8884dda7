#!/usr/bin/env bash
# Compiles and assembles every kernel for compute capability 8.0 (A100) on a machine without a GPU: PTX with CubeCL
# and LLVM, machine code with NVIDIA's ptxas. ptxas and libdevice (the mathematical functions that LLVM links) come
# from PyPI. Prints registers and spills of each kernel.
#
#   scripts/system-llvm.sh      # once, if the prebuilt LLVM cannot be downloaded
#   scripts/ptx.sh [FOLDER]     # FOLDER receives PTX and machine code; ARCH=sm_90 assembles for another GPU
set -euo pipefail
cd "$(dirname "$0")/.."
folder=$(realpath -m "${1:-$(mktemp -d)}")
mkdir -p "$folder"
tools=${XDG_CACHE_HOME:-$HOME/.cache}/sempairs/ptxas
toolkit() { compgen -G "$tools/lib/python*/site-packages/nvidia/*/bin/ptxas" | head -n 1; }
if [ -z "$(toolkit)" ]; then
    python3 -m venv "$tools"
    "$tools/bin/pip" install --quiet nvidia-cuda-nvcc
fi
ptxas=$(toolkit)
# Uses the same features as the tests of the cuDNN plans, so that one build serves both; the kernels are the same.
# CUDA_PATH is set only for the program, since setting it during the build would cause a rebuild.
program=$(cargo test --package sempairs-kernels --features cuda,cudnn --lib --no-run 2>&1 | tee /dev/stderr |
    sed -n 's/^ *Executable .* (\(.*\))$/\1/p')
SEMPAIRS_PTX=$folder CUDA_PATH=${ptxas%/bin/ptxas} "$program" every_kernel_compiles
for text in "$folder"/*.ptx; do
    "$ptxas" --gpu-name "${ARCH:-sm_80}" --verbose "$text" --output-file "${text%.ptx}.cubin" 2>"$folder/log" ||
        { cat "$folder/log" && exit 1; }
    printf '%-34s %s\n' "$(basename "$text" .ptx)" \
        "$(grep -oE 'Used [0-9]+ registers|[0-9]+ bytes spill stores' "$folder/log" | paste -sd' ')"
done
