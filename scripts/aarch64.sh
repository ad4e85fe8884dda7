#!/usr/bin/env bash
# Tests the fused operations of the CPU on an emulated 64-bit ARM processor: they are cross-compiled, and results have to be
# the same bits as on x86-64. A cold build takes about ten minutes on two cores.
#
#   scripts/aarch64.sh
#
# Needs Rust's target aarch64-unknown-linux-gnu, Debian's cross compiler and qemu-user, which it installs.
set -euo pipefail
cd "$(dirname "$0")/.."
target=aarch64-unknown-linux-gnu
if ! command -v qemu-aarch64 >/dev/null || ! command -v aarch64-linux-gnu-gcc >/dev/null; then
    root=()
    [ "$(id -u)" = 0 ] || root=(sudo)
    "${root[@]}" apt-get update -qq
    "${root[@]}" apt-get install -y -qq qemu-user gcc-aarch64-linux-gnu g++-aarch64-linux-gnu libc6-dev-arm64-cross >/dev/null
fi
rustup target add "$target"
export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc
export CC_aarch64_unknown_linux_gnu=aarch64-linux-gnu-gcc CXX_aarch64_unknown_linux_gnu=aarch64-linux-gnu-g++
export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER="qemu-aarch64 -L /usr/aarch64-linux-gnu"
# The test of the number of threads repeats large convolutions many times.
cargo test --package sempairs-kernels --target "$target" --test parity --test parity_tokens --test determinism --test steps \
    -- --skip number_of_threads
