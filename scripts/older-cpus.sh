#!/usr/bin/env bash
# Tests the fused operations of the CPU on emulated older CPUs: with AVX2 but without AVX-512, and with neither, nor fused
# multiply-adds. An illegal instruction ends a test, and results have to be the same bits as on every other CPU.
#
#   scripts/older-cpus.sh
#
# Needs qemu-user, which it installs on Debian. An emulated CPU takes 20 to 50 times as long.
set -euo pipefail
cd "$(dirname "$0")/.."
if ! command -v qemu-x86_64 >/dev/null; then
    root=()
    [ "$(id -u)" = 0 ] || root=(sudo)
    "${root[@]}" apt-get update -qq
    "${root[@]}" apt-get install -y -qq qemu-user >/dev/null
fi
tests=(parity parity_tokens determinism)
build=(cargo test --package sempairs-kernels)
for test in "${tests[@]}"; do build+=(--test "$test"); done
"${build[@]}" --no-run --message-format json-render-diagnostics | python3 -c '
import json, sys
for line in sys.stdin:
    made = json.loads(line)
    if made.get("reason") == "compiler-artifact" and made.get("executable") and "test" in made["target"]["kind"]:
        print(made["executable"])' | while read -r program; do
    for cpu in Haswell Nehalem; do
        echo "== $(basename "$program") on $cpu"
        # The test of the number of threads repeats large convolutions many times.
        qemu-x86_64 -cpu "$cpu" "$program" --quiet --skip number_of_threads </dev/null \
            2> >(grep -v "TCG doesn't support requested feature" >&2)
    done
done
