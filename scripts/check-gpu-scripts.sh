#!/usr/bin/env bash
# Tests benches/gpu.sh without a GPU: with a mock nvidia-smi, the device SEMPAIRS_DEVICE (flex) and a small workload. Every
# row must be present and none may fail. If a program crashes or hangs, its rows must fail and all others must be present.
#
#   cargo build --workspace --bin sempairs
#   scripts/check-gpu-scripts.sh BINARY [TESTS]      TESTS is the executable of `cargo test --test devices`
#
# PEER_PYTHON is a Python interpreter with PyTorch; without it, the rows of PyTorch are skipped. GPU_SECONDS is the time limit
# of a part (280); increase it if the machine is busy with other work.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 2
binary=$(realpath "${1:?usage: check-gpu-scripts.sh BINARY [TESTS]}")
shift
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/bin"
printf '#!/bin/sh\necho "Mock GPU, 1.0, 1 MiB"\n' >"$folder/bin/nvidia-smi"
printf '#!/bin/sh\nkill -SEGV $$\n' >"$folder/crash"
printf '#!/bin/sh\ntrap "" TERM INT\nwhile :; do sleep 1; done\n' >"$folder/hang"
chmod +x "$folder/bin/nvidia-smi" "$folder/crash" "$folder/hang"
"$binary" scenes --out "$folder/pictures" --per-class 4 --size 32 >/dev/null || exit 2

export PATH="$folder/bin:$PATH" GPU_PRETEND=1 SEMPAIRS_DEVICE=${SEMPAIRS_DEVICE:-flex} PICTURES=$folder/pictures
export GPU_BACKBONE=resnet18 GPU_VIT=vit_small_patch8 GPU_PAIRS=4 GPU_SIZE=32 GPU_STEPS=2 GPU_WARMUP=1 GPU_SAMPLES=1
export GPU_ERROR_PICTURES=2 GPU_RUN_STEPS=6 GPU_BATCHES=4 GPU_PRECISIONS="f32" GPU_COMPILE=0
limit=${GPU_SECONDS:-280}
wrong=0
complain() {
    echo "check-gpu-scripts.sh: $*" >&2
    wrong=1
}

# part NAME SECONDS PART PROGRAM [TESTS]: runs a part; sets status, and table to the path of its rows.
part() {
    local name=$1 seconds=$2 begun=$SECONDS
    shift 2
    OUT=$folder/$name-$1 GPU_SECONDS=$seconds benches/gpu.sh "$@"
    status=$?
    table=$folder/$name-$1/gpu-$1.txt
    if [ $((SECONDS - begun)) -gt $((seconds + 15)) ]; then complain "part $1 of $name took $((SECONDS - begun)) s"; fi
    if [ "$(find "$folder/$name-$1" -type f | wc -l)" != 3 ]; then complain "part $1 of $name did not write exactly three files"; fi
}

has() { grep -q "| $1.*| *$2 *|" "$table" || complain "$table has no row '$1' with result $2"; }

expected_one=("GPU, driver" "sempairs devices" "errors of cudnn" "errors of gemm" "errors of direct"
    "step resnet18 f32, gemm, plain 0" "step resnet18 f32, gemm, plain 1" "convolutions, PyTorch" "convolutions, gemm"
    "profile resnet18" "step vit_small_patch8 f32, plain 1" "step resnet18, PyTorch bf16 compiled" "part one")
expected_two=("loader, .*, sempairs" "loader, .* views on the GPU" "SimCLR, .* views on the host" "SimCLR, .* views on the device"
    "one convolution, tuned" "part two")

part whole "$limit" one "$binary"
if [ "$status" != 0 ]; then complain "part one has the exit status $status"; fi
for what in "${expected_one[@]}"; do has "$what" '\(ok\|SKIPPED\)'; done
if grep -q FAILED "$table"; then complain "a row of part one failed"; fi
grep -q '64-64k3s1i8 forward  *[0-9.-]' "$table" || complain "the table of shapes is missing"

GPU_TUNED_SHAPE=64-64k3s1i8 part whole "$limit" two "$binary" "$@"
if [ "$status" != 0 ]; then complain "part two has the exit status $status"; fi
for what in "${expected_two[@]}"; do has "$what" '\(ok\|SKIPPED\)'; done
if [ $# -gt 0 ]; then
    for name in convolutions layers losses steps tokens views objectives optim reference vit; do has "tests of $name" ok; done
    for name in launches step_launches; do has "tests of $name" '\(ok\|SKIPPED\)'; done
fi
if grep -q FAILED "$table"; then complain "a row of part two failed"; fi

# Programs that crash or hang, without PyTorch to save time.
export PEER_PYTHON=/nonexistent
part crash 60 one "$folder/crash"
if [ "$status" != 1 ]; then complain "a crash gives the exit status $status"; fi
for what in "sempairs devices" "errors of gemm" "convolutions, gemm" "step vit_small_patch8 f32, plain 1"; do has "$what" FAILED; done
has "GPU, driver" ok
part hang 25 one "$folder/hang"
if [ "$status" != 1 ]; then complain "a hang gives the exit status $status"; fi
for what in "sempairs devices" "step vit_small_patch8 f32, plain 1"; do has "$what" FAILED; done
part mixed 120 two "$binary" "$folder/crash"
if [ "$status" != 1 ]; then complain "a crashed test gives the exit status $status"; fi
has "tests of layers" FAILED
has "tests of vit" FAILED
has "loader, .*, sempairs" ok

if [ "$wrong" = 0 ]; then echo "check-gpu-scripts.sh: all rows are as expected"; fi
exit "$wrong"
