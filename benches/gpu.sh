#!/usr/bin/env bash
# Tests and benchmarks a CUDA build on a machine with an NVIDIA GPU, without Rust and without a network connection, in two
# parts of less than five minutes each.
#
#   benches/gpu.sh one BINARY            training steps of PyTorch; errors and times of single convolutions; times of
#                                        training steps per path and precision; kernels of a step
#   benches/gpu.sh two BINARY [TESTS]    parity tests, data loader, training of SimCLR, a tuned convolution
#
# TESTS is the executable of `cargo test --test devices`.
#
# scripts/gpu-pack.sh builds and packs the required files. Each row of the table is printed as soon as it is complete. Each
# part writes three files to the folder $OUT: gpu-PART.txt with the rows, gpu-PART.log with the output of all commands, and
# gpu-PART.jsonl with their lines of JSON, each prefixed with the name of its row. Every command has a time limit and is
# independent of the others.
#
#   OUT                 output folder (.)
#   PEER_PYTHON         Python interpreter with PyTorch and torchvision for CUDA (python3)
#   PICTURES            folder with one folder of pictures per class, for the data loader (pictures/ next to benches/, if
#                       it exists)
#   SEMPAIRS_DEVICE     GPU (cuda:0)
#   SEMPAIRS_REFERENCE  folder of the reference numbers (data/reference)
#   GPU_SECONDS         time limit of the part in seconds (285)
#   GPU_CONV            paths of convolutions, as in SEMPAIRS_CONV (cudnn gemm direct)
#   GPU_PRETEND         1 allows any device, to test this script without a GPU
#
# The following variables change the workload, for example to test this script:
#   GPU_BACKBONE GPU_VIT GPU_PAIRS GPU_SIZE GPU_STEPS GPU_WARMUP GPU_SAMPLES GPU_ERROR_PICTURES GPU_RUN_STEPS GPU_BATCHES
#                       (resnet50 vit_small_patch8 256 64 30 10 10 32 1500 400)
#   GPU_PRECISIONS      (bf16 f32)
#   GPU_COMPILE         (1; any other value skips torch.compile)
#   GPU_TUNED_SHAPE     (64-64k3s1i16)
#
# The exit status is 0 if no row failed, 1 if a row failed, and 2 if the part could not start.
set -uo pipefail
export LC_ALL=C PYTHONUNBUFFERED=1

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
part=${1:-}
if [ $# -lt 2 ] || { [ "$part" != one ] && [ "$part" != two ]; }; then
    sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}"
    exit 2
fi
binary=$2
shift 2
out=${OUT:-.}
python=${PEER_PYTHON:-python3}
device=${SEMPAIRS_DEVICE:-cuda:0}
backbone=${GPU_BACKBONE:-resnet50}
vit=${GPU_VIT:-vit_small_patch8}
pairs=${GPU_PAIRS:-256}
size=${GPU_SIZE:-64}
steps=${GPU_STEPS:-30}
warmup=${GPU_WARMUP:-10}
samples=${GPU_SAMPLES:-10}
error_pictures=${GPU_ERROR_PICTURES:-32}
run_steps=${GPU_RUN_STEPS:-1500}
batches=${GPU_BATCHES:-400}
total=${GPU_SECONDS:-285}
read -ra paths <<<"${GPU_CONV:-cudnn gemm direct}"
read -ra precisions <<<"${GPU_PRECISIONS:-bf16 f32}"
pictures=${PICTURES:-}
if [ -z "$pictures" ] && [ -d "$here/../pictures" ]; then pictures=$here/../pictures; fi

if ! [[ $device =~ ^cuda:[0-9]+$ ]] && [ "${GPU_PRETEND:-}" != 1 ]; then
    echo "gpu.sh: SEMPAIRS_DEVICE=$device is not a CUDA device; use cuda:N" >&2
    exit 2
fi
if [ ! -x "$binary" ] || [ -d "$binary" ]; then
    echo "gpu.sh: $binary is not an executable file" >&2
    exit 2
fi
# A name without a slash would be searched for in PATH.
case $binary in */*) ;; *) binary=./$binary ;; esac
export SEMPAIRS_DEVICE=$device
export SEMPAIRS_REFERENCE=${SEMPAIRS_REFERENCE:-$here/../data/reference}
# Name of the device in PyTorch.
peer_device=cuda
patience=1
if [ "${GPU_PRETEND:-}" = 1 ]; then
    peer_device=cpu
    # A CPU that is busy with other work would exceed the time limits of the rows.
    patience=4
fi
mkdir -p "$out" || exit 2
table=$out/gpu-$part.txt log=$out/gpu-$part.log lines=$out/gpu-$part.jsonl
: >"$table" && : >"$log" && : >"$lines" || exit 2
scratch=$(mktemp -d) || exit 2
trap 'rm -rf "$scratch"' EXIT
failed=0

say() { printf '%s\n' "$*" | tee -a "$table"; }

# row WHAT ok|SKIPPED|FAILED [NOTE]
row() {
    if [ "$2" = FAILED ]; then failed=1; fi
    say "$(printf '%4d s | %-52s | %-7s | %s' "$SECONDS" "$1" "$2" "${3:-}")"
}

# attempt WHAT SECONDS COMMAND...: runs a command with a time limit; a failure is printed as a row.
attempt() {
    local what=$1 limit=$(($2 * patience)) status left=$((total - SECONDS))
    shift 2
    if [ "$limit" -gt "$left" ]; then limit=$left; fi
    printf '\n== %s: %s\n' "$what" "$*" >>"$log"
    : >"$scratch/out" && : >"$scratch/err"
    if [ "$limit" -lt 3 ]; then
        row "$what" FAILED "no time left"
        return 1
    fi
    timeout -s "${signal:-TERM}" -k 3 "$limit" "$@" >"$scratch/out" 2>"$scratch/err" </dev/null
    status=$?
    # An interrupted training run is a success: it has stored its metrics.
    if [ "$status" = 124 ] && [ "${signal:-}" = INT ]; then status=0; fi
    { cat "$scratch/out" && echo "-- standard error, exit status $status" && tail -c 200000 "$scratch/err"; } >>"$log"
    sed -n "s#^{#$what\t{#p" "$scratch/out" >>"$lines"
    # If the build lacks a path, or a library is missing, the program reports it and uses another path.
    if [ "$status" = 0 ] && grep -E "$other_path" "$scratch/err" | grep -qv '(Problem'; then
        row "$what" SKIPPED "$(grep -m1 -E "$other_path" "$scratch/err" | cut -c1-200)"
        return 1
    fi
    case $status in
    0) return 0 ;;
    124 | 137) row "$what" FAILED "stopped after $limit s, with $(grep -c '^{' "$scratch/out") lines of JSON" ;;
    *)
        if is_unsupported; then
            row "$what" SKIPPED "$(reason)"
        else
            row "$what" FAILED "exit status $status: $(reason)"
        fi
        ;;
    esac
    return 1
}

other_path='lacks the feature|is not one of .*convolutions use the path|a convolution is computed without (cuDNN|implicit GEMM)'

# Succeeds if the last command did not fail but reported that this build or device does not support the request, or that a
# Python package is missing.
is_unsupported() {
    grep -qE '^error.*flex has no kernel timings|^ModuleNotFoundError' "$scratch/err" ||
        { [ -n "${SEMPAIRS_CONV:-}" ] && grep -qE "^error.*$SEMPAIRS_CONV.*accumulates? in" "$scratch/err"; }
}

# The most informative line of the output of the last command, after a failure.
reason() {
    local line
    line=$(grep -m1 -i '^error' "$scratch/err") ||
        line=$(grep -m1 '^test result' "$scratch/out") ||
        line=$(grep -v '^note:' "$scratch/err" | grep . | tail -n 1) ||
        line="no message"
    printf '%s' "$line" | cut -c1-200
}

# fields KEY: the number with this key in each line of JSON.
fields() { sed -n "s/.*\"$1\": *\([0-9][0-9.eE+-]*\).*/\1/p"; }

# number KEY: the number with this key in the last line of the output.
number() { tail -n 1 "$scratch/out" | fields "$1"; }

# per A B: A / B with two decimals, or nothing if either is missing.
per() { [ -n "${1:-}" ] && [ -n "${2:-}" ] && awk -v a="$1" -v b="$2" 'BEGIN { printf "%.2f", a / b }'; }

thousandth() { awk -v s="$1" 'BEGIN { printf "%.3f ms", 1000 * s }'; }

peer= # pairs/s of PyTorch in the current measurement

# measure WHAT SECONDS COMMAND...: runs a command that prints a line of JSON with pairs_per_s, and sets speed.
measure() {
    local what=$1 median note gpu ratio
    speed=
    attempt "$@" || return 1
    speed=$(number pairs_per_s)
    if [ -z "$speed" ]; then
        row "$what" FAILED "it printed no JSON with pairs_per_s"
        return 1
    fi
    median=$(number median_s) gpu=$(number gpu_s)
    printf -v note '%.1f pairs/s' "$speed"
    if [ -n "$median" ]; then note+=", $(thousandth "$median") per step"; fi
    if [ -n "$gpu" ]; then note+=", of which $(thousandth "$gpu") in $(number kernels) kernels"; fi
    ratio=$(per "$speed" "$peer") && note+=", $ratio times PyTorch"
    row "$what" ok "$note"
}

# Times of the last command over all shapes, per pass.
all_passes() {
    grep '"shape": *"all"' "$scratch/out" | while read -r line; do
        pass=$(sed -n 's/.*"pass": *"\([a-z]*\)".*/\1/p' <<<"$line")
        printf '%s %s, ' "$pass" "$(thousandth "$(fields seconds <<<"$line")")"
    done
}

# Maximum error over all passes of the last command, if every line has an error.
largest_error() {
    awk '/"error":/ { n++; if (match($0, /"error": *[0-9][0-9.eE+-]*/)) {
             e = substr($0, RSTART, RLENGTH); sub(/.*: */, "", e); m++; if (e + 0 > most) most = e + 0 } }
         END { if (n && n == m) printf "%.2e over %d passes", most, n }' "$scratch/out"
}

if ! gpu=$(nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader); then
    echo "gpu.sh: nvidia-smi finds no GPU" >&2
    exit 2
fi
row "GPU, driver, memory" ok "$gpu"

# Kernels are compiled at their first use by a library of CUDA, which PyTorch's packages also contain; cuDNN is contained in
# PyTorch's packages.
cuda=${CUDA_PATH:-/usr/local/cuda}
wheels=$(timeout -k 3 20 "$python" -c 'import nvidia; print(next(iter(nvidia.__path__)))' 2>>"$log" </dev/null)
for folder in "$cuda/lib64" ${wheels:+"$wheels"/cu1?/lib "$wheels"/cuda_nvrtc/lib "$wheels"/cudnn/lib}; do
    if [ -d "$folder" ]; then export LD_LIBRARY_PATH=${LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}$folder; fi
done
# LLVM needs libdevice of the CUDA toolkit, NVRTC its headers.
for folder in "$cuda" /usr/local/cuda /opt/cuda /usr/lib/cuda ${wheels:+"$wheels"/cu1?}; do
    if [ -f "$folder/nvvm/libdevice/libdevice.10.bc" ]; then
        export CUDA_PATH=$folder
        break
    fi
done
if [ -f "${CUDA_PATH:-}/nvvm/libdevice/libdevice.10.bc" ]; then
    row "libdevice" ok "$CUDA_PATH"
else
    row "libdevice" SKIPPED "not found: a build that compiles with LLVM lacks math functions; set CUDA_PATH"
fi
if [ -f "${CUDA_PATH:-$cuda}/include/cuda_runtime.h" ]; then
    row "CUDA's headers" ok "${CUDA_PATH:-$cuda}/include"
else
    row "CUDA's headers" SKIPPED "not found: a build that compiles with NVRTC may fail; set CUDA_PATH"
fi
cat >"$scratch/versions.py" <<'END'
import ctypes, sys
kind, names = sys.argv[1], sys.argv[2:]
for name in names:
    try:
        library = ctypes.CDLL(name)
    except OSError:
        continue
    if kind == "cudnn":
        library.cudnnGetVersion.restype = ctypes.c_size_t
        print(name, library.cudnnGetVersion())
    else:
        major, minor = ctypes.c_int(), ctypes.c_int()
        library.nvrtcVersion(ctypes.byref(major), ctypes.byref(minor))
        print(name, f"{major.value}.{minor.value}")
    break
else:
    print("not found")
END
for kind in nvrtc cudnn; do
    if ! command -v "$python" >/dev/null; then
        row "$kind" SKIPPED "cannot be searched for without $python"
        continue
    fi
    names=(libcudnn.so libcudnn.so.9)
    if [ "$kind" = nvrtc ]; then names=(libnvrtc.so libnvrtc.so.13 libnvrtc.so.12); fi
    attempt "$kind" 15 "$python" "$scratch/versions.py" "$kind" "${names[@]}" || continue
    found=$(head -n 1 "$scratch/out")
    if [ "$found" = "not found" ]; then row "$kind" SKIPPED "not found"; else row "$kind" ok "$found"; fi
done
attempt "sempairs devices" 20 "$binary" devices && row "sempairs devices" ok

# Whether PyTorch can use a GPU, its version and that of CUDA; empty without PyTorch.
seen='import torch, torchvision; print(torch.cuda.is_available(), torch.__version__, torch.version.cuda)'
torch=$(timeout -k 3 40 "$python" -c "$seen" 2>>"$log" </dev/null)
if [ -n "$torch" ]; then row "PyTorch" ok "${torch#* }"; else row "PyTorch" SKIPPED "$python has no PyTorch"; fi
torch=${torch%% *}
if [ -n "$torch" ] && [ "$peer_device" = cpu ]; then torch=True; fi

# with_torch attempt|measure WHAT ...: runs it, or prints a row SKIPPED if there is no PyTorch.
with_torch() {
    if [ "$torch" = True ]; then
        "$@"
    else
        row "$2" SKIPPED "$python has no PyTorch with access to a GPU"
        return 1
    fi
}

part_one() {
    local shape step conv plain precision what errors peer_conv
    shape=(--batch "$pairs" --size "$size" --steps "$steps" --warmup "$warmup")
    step=("$python" "$here/peers/step.py" --backbone "$backbone" "${shape[@]}" --device "$peer_device")
    peer=
    with_torch measure "step $backbone, PyTorch bf16 channels-last" 30 "${step[@]}" --amp bf16 --channels-last
    local eager=${speed:-}
    speed=
    with_torch measure "step $backbone, PyTorch tf32 channels-last" 30 "${step[@]}" --amp tf32 --channels-last
    local tf32=${speed:-}

    # 1x1, 3x3, strided 3x3, strided 1x1.
    local four=64-256k1s1i16,64-64k3s1i16,128-128k3s2i16,256-512k1s2i16
    for conv in "${paths[@]}"; do
        for precision in "${precisions[@]}"; do
            what="errors of $conv, $precision"
            if SEMPAIRS_CONV=$conv attempt "$what" 12 "$binary" bench conv --errors --shapes "$four" \
                --batch "$error_pictures" --precision "$precision"; then
                errors=$(largest_error)
                if [ -n "$errors" ]; then
                    row "$what" ok "maximum $errors"
                else
                    row "$what" FAILED "a value is not finite, or there is no output"
                fi
            fi
        done
    done

    peer=$eager
    local first=${precisions[0]}
    for conv in "${paths[@]}"; do
        if [ "$conv" = direct ]; then continue; fi
        for plain in 0 1; do
            what="step $backbone $first, $conv, plain $plain"
            SEMPAIRS_CONV=$conv SEMPAIRS_PLAIN=$plain measure "$what" 25 "$binary" bench step --backbone "$backbone" \
                "${shape[@]}" --precision "$first"
        done
    done

    peer_conv=("$python" "$here/peers/conv.py" --backbone "$backbone" --batch $((2 * pairs)) --size "$size" --samples "$samples"
        --device "$peer_device" --precision "$first")
    what="convolutions, PyTorch $first"
    with_torch attempt "$what" 25 "${peer_conv[@]}" && row "$what" ok "$(all_passes)"
    for conv in "${paths[@]}"; do
        what="convolutions, $conv $first"
        if SEMPAIRS_CONV=$conv attempt "$what" 35 "$binary" bench conv --backbone "$backbone" --batch $((2 * pairs)) \
            --size "$size" --samples "$samples" --precision "$first"; then
            row "$what" ok "$(all_passes)"
        fi
    done

    for conv in "${paths[@]}"; do
        if [ "$conv" = direct ]; then continue; fi
        what="profile $backbone $first, $conv"
        if SEMPAIRS_CONV=$conv attempt "$what" 25 "$binary" bench step --backbone "$backbone" --batch "$pairs" --size "$size" \
            --steps 3 --warmup 3 --precision "$first" --profile; then
            row "$what" ok "kernels $(thousandth "$(number busy_s)") of $(thousandth "$(number span_s)"), $(number launches) launches"
            # A line per kernel, in descending order of time.
            tail -n 1 "$scratch/out" | grep -o '{"launches":[^}]*}' | head -n 20 |
                sed 's/[{}"]//g; s/^/         /' | tee -a "$table"
        fi
    done
    peer=$tf32
    for precision in "${precisions[@]:1}"; do
        what="step $backbone $precision, ${paths[0]}, plain 0"
        SEMPAIRS_CONV=${paths[0]} measure "$what" 25 "$binary" bench step --backbone "$backbone" "${shape[@]}" \
            --precision "$precision"
    done
    peer=
    with_torch measure "step $vit, PyTorch bf16" 20 "$python" "$here/peers/step.py" --backbone "$vit" "${shape[@]}" \
        --device "$peer_device" --amp bf16
    peer=${speed:-}
    for plain in 0 1; do
        SEMPAIRS_PLAIN=$plain measure "step $vit $first, plain $plain" 20 "$binary" bench step --backbone "$vit" \
            "${shape[@]}" --precision "$first"
    done
    peer=$eager
    what="step $backbone, PyTorch bf16 compiled"
    if [ "${GPU_COMPILE:-1}" = 1 ]; then
        with_torch measure "$what" 60 "${step[@]}" --amp bf16 --channels-last --compile
    else
        row "$what" SKIPPED "GPU_COMPILE=$GPU_COMPILE"
    fi
    compare_shapes
}

# Prints the times of all implementations side by side for every shape and pass.
compare_shapes() {
    say ""
    say "milliseconds per pass: $(printf '%s ' PyTorch "${paths[@]}")"
    awk -F '\t' -v paths="PyTorch ${paths[*]}" '
        function text(key) { match($2, "\"" key "\": *\"[^\"]*\""); t = substr($2, RSTART, RLENGTH)
                             gsub(/.*: *"|"$/, "", t); return t }
        $1 ~ /^convolutions, / {
            split($1, words, /[ ,]+/)
            match($2, /"seconds": *[0-9.eE+-]+/); s = substr($2, RSTART, RLENGTH); sub(/.*: */, "", s)
            key = text("shape") " " text("pass")
            if (!(key in seen)) { seen[key] = 1; order[++n] = key }
            time[key, words[2]] = sprintf("%9.4f", 1000 * s)
        }
        END { m = split(paths, path, " ")
              for (i = 1; i <= n; i++) {
                  line = sprintf("         %-26s", order[i])
                  for (j = 1; j <= m; j++)
                      line = line " " ((order[i], path[j]) in time ? time[order[i], path[j]] : "        -")
                  print line } }' "$lines" | tee -a "$table"
}

# tests_of NAME COMMAND...: runs tests, and prints a row with the number of those that passed.
tests_of() {
    local what="tests of $1" passed
    shift
    attempt "$what" 30 "$@" || return
    passed=$(sed -n 's/^test result: ok\. \([0-9]*\) passed.*/\1/p' "$scratch/out")
    case $passed in
    '') row "$what" FAILED "it printed no test result" ;;
    0) row "$what" FAILED "there is no such test" ;;
    *) row "$what" ok "$passed passed" ;;
    esac
}

part_two() {
    local test name what named workers load made_on runs begun metrics rate share done_steps minutes
    test=${1:-}
    if [ -z "$test" ]; then
        row "parity tests" SKIPPED "no executable of the tests was given"
    elif [ ! -x "$test" ] || [ -d "$test" ]; then
        row "parity tests" FAILED "$test is not an executable file"
    else
        case $test in */*) ;; *) test=./$test ;; esac
        # A process for each module, so that a crash of one leaves the others.
        for name in convolutions layers losses steps tokens views; do
            tests_of "$name" "$test" "$name::" --nocapture
        done
        # These count the launches of the whole process.
        for name in launches step_launches; do
            if [ "$device" = flex ]; then
                row "tests of $name" SKIPPED "the CPU launches no kernels"
            else
                tests_of "$name" "$test" "$name::" --nocapture --test-threads=1
            fi
        done
        # Of these, only the comparisons with PyTorch's numbers.
        for name in objectives optim reference vit; do
            mapfile -t named < <(timeout 10 "$test" --list 2>/dev/null | sed -n "s/^\($name::.*\): test$/\1/p" | grep reference)
            tests_of "$name" "$test" --exact "${named[@]:-none}"
        done
    fi

    peer=
    if [ -z "$pictures" ]; then
        row "loader" SKIPPED "PICTURES is not set"
        row "SimCLR" SKIPPED "PICTURES is not set"
    elif [ ! -d "$pictures" ]; then
        row "loader" FAILED "PICTURES=$pictures is not a folder"
    else
        # Enough batches that those prefetched before the measurement are a small fraction.
        workers=$(nproc)
        if [ "$workers" -gt 16 ]; then workers=16; fi
        load=("$pictures" --size "$size" --batch "$pairs" --workers "$workers" --batches)
        what="loader, $workers workers"
        with_torch measure "$what, PyTorch" 40 "$python" "$here/peers/loader.py" "${load[@]}" $((batches / 4 + 1)) &&
            peer=$speed
        measure "$what, sempairs" 20 "$binary" bench loader "${load[@]}" $((2 * batches)) --semantic
        measure "$what, sempairs, views on the GPU" 20 "$binary" bench loader "${load[@]}" "$batches" --semantic --on-device \
            --device "$device"
        # Training as in the study, whose 200 epochs over 29,359 pairs in batches of 256 are 22,800 steps: a part of these
        # steps with views, loading from a decoded cache and logging, and the fraction of the time spent waiting for data.
        # The first steps, which compile kernels, and the work at the end of an epoch are not counted; the total time of
        # the command, which includes them, is printed as well.
        for made_on in host device; do
            what="SimCLR, paper's preset, ${precisions[0]}, views on the $made_on"
            cat >"$scratch/run.toml" <<END
name = "run"
preset = "paper/simclr"
seeds = [0]
pictures = { kind = "folder", path = "$(realpath "$pictures")", cache = { path = "$scratch/pictures.cache", short_side = $size } }
arms = [{ name = "sp", pairing = { kind = "random_in_class" } }]
[evaluation]
dataset = "scenes"
train = { kind = "scenes", split = "downstream_train", per_class = 4, size = $size }
test = { kind = "scenes", split = "downstream_test", per_class = 4, size = $size }
protocols = [{ kind = "knn" }]
END
            runs=$scratch/runs-$made_on
            begun=$SECONDS
            signal=INT attempt "$what" 60 "$binary" pretrain "$scratch/run.toml" --arm sp --seed 0 --device "$device" \
                --runs "$runs" --set "training.steps=$run_steps" --set training.checkpoint_every=500 \
                --set "training.log_every=$((run_steps > 500 ? 50 : 1))" --set "training.precision=${precisions[0]}" \
                --set "training.batch=$pairs" --set "backbone.name=$backbone" --set "views.made_on=$made_on" || continue
            metrics=$(find "$runs" -name metrics.jsonl)
            # Lines after the first steps: number of pairs divided by their time.
            read -r rate share done_steps < <(
                paste <(fields step <"$metrics") <(fields pairs_per_second <"$metrics") <(fields waiting <"$metrics") |
                    awk -v pairs="$pairs" -v skip=$((run_steps > 500 ? 100 : 1)) '
                        $1 > skip { n = $1 - last; s = n * pairs / $2; seconds += s; waited += s * $3; steps += n }
                        { last = $1 }
                        END { if (seconds) printf "%.1f %.1f %d\n", steps * pairs / seconds, 100 * waited / seconds, steps
                              else print "0 0 0" }'
            )
            if [ "$done_steps" = 0 ]; then
                row "$what" FAILED "it did not get beyond the first steps"
                continue
            fi
            minutes=$(awk -v r="$rate" 'BEGIN { printf "%.1f", 22800 * 256 / r / 60 }')
            row "$what" ok "$rate pairs/s over $done_steps steps, $minutes min for 200 epochs, $share % of the time waiting for data; $((SECONDS - begun)) s in total"
        done
    fi
    what="one convolution, tuned"
    if SEMPAIRS_CONV=tuned attempt "$what" 60 "$binary" bench conv --backbone "$backbone" --batch $((2 * pairs)) --size "$size" \
        --samples "$samples" --precision "${precisions[0]}" --shapes "${GPU_TUNED_SHAPE:-64-64k3s1i16}"; then
        row "$what" ok "$(all_passes)"
    fi
}

case $part in
one) part_one ;;
two) part_two "$@" ;;
esac
row "part $part" "$([ "$failed" = 0 ] && echo ok || echo FAILED)" "$SECONDS s; files in $out"
exit "$failed"
