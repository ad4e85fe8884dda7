#!/usr/bin/env bash
# Builds for CUDA and packs the files that benches/gpu.sh needs into an archive of less than 50 MB, for a machine with a GPU
# but without Rust and without a network connection.
#
#   scripts/system-llvm.sh                 # once, if the prebuilt LLVM cannot be downloaded
#   scripts/gpu-pack.sh ARCHIVE.tar.xz [PICTURES]
#
# PICTURES is a folder with one folder of pictures per class, of which the first 400 files are packed; without it, scenes are
# rendered. The default features are cuda and, if the workspace has them, cudnn and tuned.
#
#   PACK_PROFILE    profile of the program: release or dev (release). The tests are built with dev, which is
#                   optimised, but links in a tenth of the time
#   PACK_FEATURES   comma-separated features; empty for none
#   PACK_TESTS      test binaries (losses steps views launches convolutions layers tokens step_launches reference vit
#                   objectives optim)
set -euo pipefail
cd "$(dirname "$0")/.."
archive=$(realpath -m "${1:?usage: gpu-pack.sh ARCHIVE.tar.xz [PICTURES]}")
pictures=${2:-}
most=50000000
profile=${PACK_PROFILE:-release}
read -ra tests <<<"${PACK_TESTS:-losses steps views launches convolutions layers tokens step_launches reference vit objectives optim}"

if [ -n "${PACK_FEATURES+set}" ]; then
    features=$PACK_FEATURES
else
    features=cuda
    for feature in cudnn tuned; do
        if grep -q "^$feature *=" crates/sempairs/Cargo.toml; then features+=,$feature; fi
    done
fi
build=(--workspace)
if [ -n "$features" ]; then build+=(--features "$features"); fi

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
root=$folder/sempairs-gpu
mkdir -p "$root/tests" "$root/data"

# The requested tests that exist in a crate.
known=()
for test in "${tests[@]}"; do
    if compgen -G "crates/*/tests/$test.rs" >/dev/null || compgen -G "crates/*/tests/$test/main.rs" >/dev/null; then
        known+=("$test")
    else
        echo "gpu-pack.sh: there is no test named $test" >&2
    fi
done
names=()
for test in ${known[@]+"${known[@]}"}; do names+=(--test "$test"); done

# executables: reads the JSON messages of cargo and prints name, crate and path of each executable.
executables() {
    python3 -c '
import json, sys
for line in sys.stdin:
    made = json.loads(line)
    if made.get("reason") == "compiler-artifact" and made.get("executable"):
        crate = made["package_id"].split("#")[0].rsplit("/", 1)[-1]
        print(made["target"]["name"], crate, made["executable"], sep="\t")'
}
cargo build "${build[@]}" --profile "$profile" --bin sempairs --message-format json-render-diagnostics | executables >"$folder/made"
binary=$(awk -F '\t' '$1 == "sempairs" { print $3 }' "$folder/made")
install -m 755 "$binary" "$root/sempairs"
if [ "${#names[@]}" -gt 0 ]; then
    cargo test "${build[@]}" --profile dev --no-run "${names[@]}" --message-format json-render-diagnostics | executables >"$folder/tested"
    while IFS=$'\t' read -r name crate program; do
        # Only the requested tests. Tests of two crates may have the same name.
        case " ${known[*]} " in
        *" $name "*) install -m 755 "$program" "$root/tests/$name-${crate#sempairs-}" ;;
        esac
    done <"$folder/tested"
fi
strip "$root/sempairs" "$root"/tests/* 2>/dev/null || true

mkdir "$root/benches"
cp -r benches/gpu.sh benches/peers "$root/benches/"
rm -rf "$root/benches/peers/__pycache__"
cp -r data/reference "$root/data/"
if [ -n "$pictures" ]; then
    # Files alternate between classes, so that few files cover many classes.
    (cd "$pictures" && find . -mindepth 2 -maxdepth 2 -type f | sort | awk -F / '{ print ++n[$2] "\t" $0 }' | sort -n -k1,1 -s | cut -f2 |
        head -n 400 | tar cf - --null -T <(tr '\n' '\0')) | (mkdir -p "$root/pictures" && tar xf - -C "$root/pictures")
else
    "$root/sempairs" scenes --out "$root/pictures" --per-class 32 --size 96 >/dev/null
fi

# The executables share most of their code; the dictionary is larger than an executable, so that xz finds the repetitions.
tar cf - -C "$folder" sempairs-gpu | xz -T1 --x86 --lzma2=preset=6,dict=128MiB >"$archive"
size=$(stat -c %s "$archive")
echo "$archive: $size bytes, features: ${features:-none}"
if [ "$size" -ge "$most" ]; then
    echo "gpu-pack.sh: the archive is $((size - most)) bytes too large; omit some of these tests with PACK_TESTS:" >&2
    for file in "$root"/tests/*; do echo "$(xz -c "$file" | wc -c) $(basename "$file")"; done | sort -rn >&2
    exit 1
fi
cat <<END
On the machine with the GPU:
  tar xf $(basename "$archive") && cd sempairs-gpu
  OUT=results benches/gpu.sh one ./sempairs
  OUT=results benches/gpu.sh two ./sempairs tests/*
END
