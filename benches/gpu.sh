#!/usr/bin/env bash
# Checks and times a build for CUDA on a machine with an NVIDIA GPU, which needs neither Rust nor a
# network, in under eight minutes.
#
#   cargo build --release --features cuda --bin sempairs
#   cargo test --release --workspace --features cuda --no-run
#   benches/gpu.sh target/release/sempairs TEST_BINARY...
#
# The test binaries are those that the second command names whose tests compute on the GPU: losses, steps, views and
# launches, which hold each kernel to its twin, and reference (of sempairs-backbone), vit, objectives and optim, which hold
# networks, methods and optimisers to PyTorch's numbers. All may be stripped. The machine needs this repository's
# benches/ and data/reference, and may set
#
#   PEER_PYTHON         the interpreter that has PyTorch and torchvision for CUDA (python3)
#   PICTURES            a folder of class folders of pictures, for the loader
#   SEMPAIRS_DEVICE     the GPU (cuda:0)
#   SEMPAIRS_REFERENCE  the folder of reference numbers (data/reference)
#
# The exit status is 0 if nothing failed, 1 if something did, 2 if it could not begin.
set -uo pipefail
export LC_ALL=C

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
if [ $# -lt 1 ] || [ "$1" = -h ] || [ "$1" = --help ]; then
    sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}"
    exit 2
fi
binary=$1
shift
python=${PEER_PYTHON:-python3}
pictures=${PICTURES:-}
device=${SEMPAIRS_DEVICE:-cuda:0}
if ! [[ $device =~ ^cuda:[0-9]+$ ]]; then
    echo "gpu.sh: SEMPAIRS_DEVICE=$device is no GPU of CUDA, which is called cuda:N" >&2
    exit 2
fi
if [ ! -x "$binary" ] || [ -d "$binary" ]; then
    echo "gpu.sh: $binary is no program" >&2
    exit 2
fi
# A name without a slash would be looked for in PATH.
case $binary in */*) ;; *) binary=./$binary ;; esac
export SEMPAIRS_DEVICE=$device
export SEMPAIRS_REFERENCE=${SEMPAIRS_REFERENCE:-$here/../data/reference}

if ! gpu=$(nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader); then
    echo "gpu.sh: nvidia-smi finds no GPU" >&2
    exit 2
fi
echo "GPU, driver, memory: $gpu"

# The GPU's kernels are compiled when they are first used, by a library that comes with CUDA.
cuda=${CUDA_PATH:-/usr/local/cuda}
if ldconfig -p 2>/dev/null | grep -q libnvrtc; then
    echo "libnvrtc: known to the loader"
elif compgen -G "$cuda/lib64/libnvrtc.so*" >/dev/null; then
    export LD_LIBRARY_PATH=$cuda/lib64${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
    echo "libnvrtc: taken from $cuda/lib64"
else
    echo "libnvrtc: neither known to the loader nor in $cuda/lib64; sempairs may not start"
fi
# LLVM takes the mathematics of kernels from the toolkit; PyPI's nvidia-nvvm has the file, too.
for folder in "$cuda" /usr/local/cuda /opt/cuda /usr/lib/cuda \
    "$("$python" -c 'import nvidia.cu13 as c; print(next(iter(c.__path__)))' 2>/dev/null)"; do
    if [ -f "$folder/nvvm/libdevice/libdevice.10.bc" ]; then
        export CUDA_PATH=$folder
        echo "libdevice: taken from $folder"
        break
    fi
done
[ -f "${CUDA_PATH:-}/nvvm/libdevice/libdevice.10.bc" ] ||
    echo "libdevice: not found, so kernels with exponentials will not compile; set CUDA_PATH to a folder with nvvm/libdevice"

total=440 # seconds for everything
scratch=$(mktemp -d) || exit 2
trap 'rm -rf "$scratch"' EXIT
failed=0
rows=() # "what|result|pairs/s|seconds of a step|note"
ours= # pairs/s of sempairs in what is measured now

row() {
    rows+=("$1|$2|${3:--}|${4:--}|${5:-}")
    if [ "$2" = FAILED ]; then failed=1; fi
    echo "== $1: $2${5:+, $5}"
}

# attempt WHAT SECONDS COMMAND...: runs it for so long at most and shows its output; a failure is a
# row of the table.
attempt() {
    local what=$1 limit=$2 status left=$((total - SECONDS))
    shift 2
    if [ "$limit" -gt "$left" ]; then limit=$left; fi
    echo
    echo "== $what: $*"
    if [ "$limit" -lt 5 ]; then
        row "$what" FAILED "" "" "no time was left for it"
        return 1
    fi
    timeout -s "${signal:-TERM}" -k 10 "$limit" "$@" >"$scratch/out" 2>"$scratch/err" </dev/null
    status=$?
    # An interrupted run has kept what it did.
    if [ "$status" = 124 ] && [ "${signal:-}" = INT ]; then status=0; fi
    cat "$scratch/out"
    tail -n 30 "$scratch/err" >&2
    case $status in
    0) return 0 ;;
    124) row "$what" FAILED "" "" "stopped after $limit s" ;;
    137) row "$what" FAILED "" "" "killed, within $limit s or after them" ;;
    *) row "$what" FAILED "" "" "exit status $status: $(reason)" ;;
    esac
    return 1
}

# The line of the last command that tells most of why it failed.
reason() {
    local line
    line=$(grep -m1 -i '^error' "$scratch/err") ||
        line=$(grep -m1 '^test result' "$scratch/out") ||
        line=$(grep -v '^note:' "$scratch/err" | grep . | tail -n 1) ||
        line="no message"
    printf '%s' "${line//|//}" | cut -c1-120
}

# fields KEY: the number of that name in each line of JSON.
fields() {
    sed -n "s/.*\"$1\": *\([0-9][0-9.eE+-]*\).*/\1/p"
}

# number KEY: a number in the last line of JSON that a command wrote.
number() {
    tail -n 1 "$scratch/out" | fields "$1"
}

# measure WHAT SECONDS COMMAND...: a command that prints a line of JSON with pairs_per_s.
measure() {
    local what=$1 speed median note=
    attempt "$@" || return 1
    speed=$(number pairs_per_s)
    median=$(number median_s)
    if [ -z "$speed" ]; then
        row "$what" FAILED "" "" "it printed no JSON with pairs_per_s"
        return 1
    fi
    if [ -n "$ours" ]; then
        note=$(awk -v a="$ours" -v b="$speed" 'BEGIN { printf "%.2f", a / b }')
        note="sempairs is $note times as fast"
    fi
    printf -v speed '%.1f' "$speed"
    if [ -n "$median" ]; then printf -v median '%.4f' "$median"; fi
    row "$what" ok "$speed" "$median" "$note"
}

attempt "sempairs devices" 20 "$binary" devices && row "sempairs devices" ok

# The tests may use two fifths of the time, so that a hang in them leaves the rest.
if [ $# -eq 0 ]; then row "parity tests" SKIPPED "" "" "no test binary was given"; fi
for test in "$@"; do
    name=$(basename "$test")
    what="tests $name"
    if [ ! -x "$test" ] || [ -d "$test" ]; then
        row "$what" FAILED "" "" "it is no program"
        continue
    fi
    case $test in */*) ;; *) test=./$test ;; esac
    # All tests of the kernels; of others, those that compare with reference numbers.
    filters=(reference)
    case $name in losses* | steps* | views* | launches*) filters=() ;; esac
    limit=$((total * 2 / 5 - SECONDS))
    if [ "$limit" -gt 60 ]; then limit=60; fi
    attempt "$what" "$limit" "$test" "${filters[@]+"${filters[@]}"}" || continue
    passed=$(sed -n 's/^test result: ok\. \([0-9]*\) passed.*/\1/p' "$scratch/out")
    case $passed in
    '') row "$what" FAILED "" "" "it printed no test result" ;;
    0) row "$what" FAILED "" "" "no test in it is named reference" ;;
    *) row "$what" ok "" "" "$passed passed" ;;
    esac
done

what="step resnet50 64px batch 256"
shape=(--backbone resnet50 --batch 256 --size 64 --steps 30 --warmup 5 --device "$device")
# Empty without PyTorch, else whether it can use a GPU.
seen='import torch, torchvision; print(torch.cuda.is_available())'
torch=$(timeout -k 5 40 "$python" -c "$seen" 2>"$scratch/torch" </dev/null)
case $torch in
True) ;;
'') row "$what, PyTorch" SKIPPED "" "" "$python: $(tail -n 1 "$scratch/torch")" ;;
*) row "$what, PyTorch" SKIPPED "" "" "the PyTorch of $python sees no GPU" ;;
esac
# Each precision beside PyTorch's of the same. Ours of 32-bit floats multiplies in TF32, as does PyTorch's under tf32;
# without it PyTorch still lets convolutions use TF32.
for precision in f32 bf16; do
    ours=
    if measure "$what, sempairs $precision" 60 "$binary" bench step "${shape[@]}" --precision "$precision"; then
        ours=$(number pairs_per_s)
    fi
    if [ "$torch" != True ]; then continue; fi
    peer=("$python" "$here/peers/step.py" "${shape[@]}")
    if [ "$precision" = f32 ]; then
        measure "$what, PyTorch, TF32 in convolutions alone" 25 "${peer[@]}" --amp none
        measure "$what, PyTorch tf32" 25 "${peer[@]}" --amp tf32
    else
        measure "$what, PyTorch bf16 channels-last" 25 "${peer[@]}" --amp bf16 --channels-last
    fi
done

ours=
if [ -z "$pictures" ]; then
    row loader SKIPPED "" "" "PICTURES names no folder of pictures"
elif [ ! -d "$pictures" ]; then
    row loader FAILED "" "" "PICTURES=$pictures is no folder"
else
    # Enough batches that what was made before the clock started is a small part of them.
    workers=$(nproc)
    if [ "$workers" -gt 16 ]; then workers=16; fi
    what="loader files 64px $workers workers"
    load=("$pictures" --size 64 --batch 256 --workers "$workers" --batches)
    measure "$what, sempairs, views on the GPU" 30 "$binary" bench loader "${load[@]}" 400 --semantic \
        --on-device --device "$device"
    if measure "$what, sempairs" 30 "$binary" bench loader "${load[@]}" 1000 --semantic; then
        ours=$(number pairs_per_s)
    fi
    if [ -n "$torch" ]; then
        measure "$what, PyTorch" 60 "$python" "$here/peers/loader.py" "${load[@]}" $((15 * workers))
    fi
    ours=
    # The study's run: 22,800 steps are 200 epochs over 29,359 pairs in batches of 256. Some thousand of them, views,
    # loading from a decoded cache and logging, and how long the GPU waited for data. The first hundred, which compile kernels,
    # are left out, and so is what comes once an epoch, checkpoints and the watch over collapse; the seconds of the whole call,
    # which has them, stand beside.
    for made_on in host device; do
        what="SimCLR, paper's preset, bf16, views on the $made_on"
        cat >"$scratch/run.toml" <<END
name = "run"
preset = "paper/simclr"
seeds = [0]
pictures = { kind = "folder", path = "$(realpath "$pictures")", cache = { path = "$scratch/pictures.cache", short_side = 64 } }
arms = [{ name = "sp", pairing = { kind = "random_in_class" } }]
[evaluation]
dataset = "scenes"
train = { kind = "scenes", split = "downstream_train", per_class = 4, size = 64 }
test = { kind = "scenes", split = "downstream_test", per_class = 4, size = 64 }
protocols = [{ kind = "knn" }]
END
        runs=$scratch/runs-$made_on
        begun=$SECONDS
        signal=INT attempt "$what" 70 "$binary" pretrain "$scratch/run.toml" --arm sp --seed 0 --device "$device" \
            --runs "$runs" --set training.steps=2000 --set training.checkpoint_every=500 \
            --set training.log_every=50 --set training.precision=bf16 --set "views.made_on=$made_on" || continue
        metrics=$(find "$runs" -name metrics.jsonl)
        # Lines between steps 100 and the last: pairs over the seconds that they took.
        read -r rate share steps < <(
            paste <(fields step <"$metrics") <(fields pairs_per_second <"$metrics") <(fields waiting <"$metrics") |
                awk '$1 > 100 { n = $1 - last; s = n * 256 / $2; seconds += s; waited += s * $3; steps += n }
                     { last = $1 }
                     END { if (seconds) printf "%.1f %.1f %d\n", steps * 256 / seconds, 100 * waited / seconds, steps
                           else print "0 0 0" }'
        )
        if [ "$steps" = 0 ]; then
            row "$what" FAILED "" "" "it did not come past step 100"
            continue
        fi
        minutes=$(awk -v r="$rate" 'BEGIN { printf "%.1f", 22800 * 256 / r / 60 }')
        row "$what" ok "$rate" "" "200 epochs in $minutes min by $steps steps, $share % of the time waiting for data; $((SECONDS - begun)) s with start, scoring and checkpoints"
    done
fi

width=4
for cells in "${rows[@]}"; do
    what=${cells%%|*}
    if [ "${#what}" -gt "$width" ]; then width=${#what}; fi
done
echo
echo "GPU, driver, memory: $gpu; $SECONDS s"
echo
line() { printf '| %-*s | %-7s | %9s | %9s | %s |\n' "$width" "$@"; }
line what result pairs/s "s a step" note
line "$(printf '%*s' "$width" "" | tr ' ' -)" ------- --------: --------: ---
for cells in "${rows[@]}"; do
    IFS='|' read -r what result speed median note <<<"$cells"
    line "$what" "$result" "$speed" "$median" "$note"
done
exit "$failed"
