#!/usr/bin/env bash
# Compiles every kernel for compute capability 8.0 (A100) on a machine without a GPU, and assembles it: PTX by way of
# CubeCL and LLVM, machine code by NVIDIA's ptxas. ptxas and libdevice, the mathematics that LLVM links in, come from
# PyPI. Prints registers, shared memory and spills of each kernel.
#
#   scripts/system-llvm.sh      # once, where the prebuilt LLVM cannot be had
#   scripts/ptx.sh [FOLDER]     # FOLDER keeps PTX and machine code; ARCH=sm_90 assembles for another GPU
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
# With the features that the tests of cuDNN's plans have, so that one build serves both: they differ in no kernel. CUDA_PATH
# is for the program alone, since a build that sees it is another one.
program=$(cargo test --package sempairs-kernels --features cuda,cudnn --lib --no-run 2>&1 | tee /dev/stderr |
    sed -n 's/^ *Executable .* (\(.*\))$/\1/p')
SEMPAIRS_PTX=$folder CUDA_PATH=${ptxas%/bin/ptxas} "$program" every_kernel_compiles
for text in "$folder"/*.ptx; do
    "$ptxas" --gpu-name "${ARCH:-sm_80}" --verbose "$text" --output-file "${text%.ptx}.cubin" 2>"$folder/log" ||
        { cat "$folder/log" && exit 1; }
    printf '%-34s %s\n' "$(basename "$text" .ptx)" \
        "$(grep -oE 'Used [0-9]+ registers|[0-9]+ bytes spill stores' "$folder/log" | paste -sd' ')"
done
