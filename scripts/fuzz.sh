#!/usr/bin/env bash
# Runs the fuzz targets for five minutes each, two at a time, with the fixtures as seeds. --seconds N changes the
# time, --data excludes the targets that need Burn, and names select targets. Requires cargo-fuzz
# (cargo install cargo-fuzz). Prints executions and crashes per target; crashing inputs are in fuzz/artifacts.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=300 features=(--features networks) names=()
while [ $# -gt 0 ]; do
    case $1 in
    --seconds) seconds=$2; shift ;;
    --data) features=() ;;
    *) names+=("$1") ;;
    esac
    shift
done
data=(jpeg png gif bmp webp tiff manifest cache cifar stl10)
networks=(experiment checkpoint safetensors pth scores metrics features)
if [ ${#names[@]} = 0 ]; then
    names=("${data[@]}")
    [ ${#features[@]} = 0 ] || names+=("${networks[@]}")
fi
export CARGO_TARGET_DIR=${CARGO_FUZZ_TARGET_DIR:-$HOME/.cache/sempairs/fuzz}
# The stable toolchain supports coverage counters but no address sanitiser. None is needed: the readers are safe Rust.
cp Cargo.lock fuzz/Cargo.lock
cargo fuzz build -s none "${features[@]}"
tests=crates/sempairs/tests
seeds() {
    case $1 in
    jpeg) echo $tests/faults/seeds/jpeg/* $tests/fixtures/pictures/*/*.jpg crates/sempairs-data/tests/files/*.jpg ;;
    png | gif | bmp | webp | tiff) echo $tests/faults/seeds/"$1"/* ;;
    manifest) echo $tests/fixtures/pairs.csv ;;
    cache) echo $tests/fixtures/pictures.cache ;;
    experiment) echo data/experiments/*.toml $tests/faults/seeds/experiment/* $tests/fixtures/*/experiment.toml ;;
    checkpoint) echo $tests/fixtures/dino/*.ckpt ;;
    safetensors) echo $tests/fixtures/*/*.safetensors ;;
    pth) echo $tests/fixtures/*/*.pth crates/sempairs-backbone/tests/torch_save/*.pth ;;
    scores | metrics) find $tests/fixtures -name "$1.jsonl" ;;
    features) echo $tests/fixtures/features/* ;;
    esac
}
fuzz() {
    local name=$1 corpus=fuzz/corpus/$1 file log
    mkdir -p "$corpus" fuzz/artifacts
    for file in $(seeds "$name"); do cp "$file" "$corpus/$(echo "$file" | tr / _)"; done
    # Seed for the record formats, which have no fixture; too short to matter for the others.
    printf 'abcdefgh' >"$corpus/short"
    log=fuzz/artifacts/$name.log
    # Each checkpoint is restored into a new network, of which Burn never frees about 25 kB.
    local memory=1536
    [ "$name" != checkpoint ] || memory=8192
    cargo fuzz run -s none "${features[@]}" "$name" -- -max_total_time="$seconds" -rss_limit_mb=$memory -timeout=10 \
        -max_len=100000 -print_final_stats=1 >"$log" 2>&1 || true
    printf '%-12s %10s executions, %s crashes\n' "$name" \
        "$(grep -oP 'number_of_executed_units: \K\d+' "$log" || echo none)" "$(grep -c 'Test unit written to' "$log" || true)"
}
running=0
for name in "${names[@]}"; do
    fuzz "$name" &
    running=$((running + 1))
    if [ $running -ge 2 ]; then
        wait -n
        running=$((running - 1))
    fi
done
wait
