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
#   PACK_PROFILE    profile of the program: release or dev (release). The tests, one executable, are built with dev, which
#                   is optimised, but links in a tenth of the time
#   PACK_KEEP       1 keeps the executables that an earlier call has linked, if nothing has changed since
#   PACK_FEATURES   comma-separated features; empty for none
set -euo pipefail
cd "$(dirname "$0")/.."
archive=$(realpath -m "${1:?usage: gpu-pack.sh ARCHIVE.tar.xz [PICTURES]}")
pictures=${2:-}
most=50000000
profile=${PACK_PROFILE:-release}

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
mkdir -p "$root/data"

# The linker merges identical functions, most of them instances of generic kernels. As its flags are part of no crate's
# fingerprint here, nothing but the executables is built again.
mkdir "$folder/bin"
printf '#!/bin/sh\nexec %s "$@" -Wl,--icf=all\n' "$(command -v cc)" >"$folder/bin/cc"
chmod +x "$folder/bin/cc"
if [ -z "${PACK_KEEP:-}" ]; then touch crates/sempairs/src/main.rs crates/sempairs/tests/devices/main.rs; fi

# built NAME CARGO_ARGUMENTS...: builds, and prints the path of the executable NAME.
built() {
    local name=$1
    shift
    PATH="$folder/bin:$PATH" cargo "$@" --message-format json-render-diagnostics | python3 -c '
import json, sys
for line in sys.stdin:
    made = json.loads(line)
    if made.get("reason") == "compiler-artifact" and made.get("executable") and made["target"]["name"] == sys.argv[1]:
        print(made["executable"])' "$name"
}
binary=$(built sempairs build "${build[@]}" --profile "$profile" --bin sempairs)
tests=$(built devices test "${build[@]}" --profile dev --no-run --test devices)
install -m 755 "$binary" "$root/sempairs"
install -m 755 "$tests" "$root/devices"
strip "$root/sempairs" "$root/devices"

mkdir "$root/benches"
cp -r benches/gpu.sh benches/peers "$root/benches/"
rm -rf "$root/benches/peers/__pycache__"
cp -r data/reference "$root/data/"
if [ -n "$pictures" ]; then
    # Files alternate between classes, so that few files cover many classes. awk reads its input to the end, unlike head,
    # whose exit would be an error of the pipe.
    (cd "$pictures" && find . -mindepth 2 -maxdepth 2 -type f | sort | awk -F / '{ print ++n[$2] "\t" $0 }' | sort -n -k1,1 -s | cut -f2 |
        awk 'NR <= 400' | tar cf - --null -T <(tr '\n' '\0')) | (mkdir -p "$root/pictures" && tar xf - -C "$root/pictures")
else
    "$root/sempairs" scenes --out "$root/pictures" --per-class 32 --size 96 >/dev/null
fi

tar cf - -C "$folder" sempairs-gpu | xz -T1 --x86 --lzma2=preset=9e,dict=192MiB >"$archive"
size=$(stat -c %s "$archive")
echo "$archive: $size bytes, features: ${features:-none}"
if [ "$size" -ge "$most" ]; then
    echo "gpu-pack.sh: the archive is $((size - most)) bytes too large" >&2
    exit 1
fi
cat <<END
On the machine with the GPU:
  tar xf $(basename "$archive") && cd sempairs-gpu
  OUT=results benches/gpu.sh one ./sempairs
  OUT=results benches/gpu.sh two ./sempairs ./devices
END
