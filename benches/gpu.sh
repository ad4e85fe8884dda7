#!/usr/bin/env bash
# Checks and times a build for CUDA on a machine with an NVIDIA GPU, which needs neither Rust nor a network, in two parts of
# under five minutes each.
#
#   benches/gpu.sh one BINARY [TEST_BINARY...]    PyTorch's step, errors and speeds of single convolutions, whole steps by
#                                                 switches, one step by kernels
#   benches/gpu.sh two BINARY [TEST_BINARY...]    the parity tests, the loader, a run of SimCLR, one tuned convolution
#
# scripts/gpu-pack.sh builds and packs what must travel. Each row of the table is printed as soon as it is there. The folder
# $OUT gets three files a part: gpu-PART.txt with the rows, gpu-PART.log with all that the rows' commands wrote, and
# gpu-PART.jsonl with their lines of JSON, each behind the name of its row. Every command has its own limit of
# time, and none needs the success of another.
#
#   OUT                 where the files go (.)
#   PEER_PYTHON         the interpreter that has PyTorch and torchvision for CUDA (python3)
#   PICTURES            a folder of class folders of pictures, for the loader (pictures beside benches/, if there)
#   SEMPAIRS_DEVICE     the GPU (cuda:0)
#   SEMPAIRS_REFERENCE  the folder of reference numbers (data/reference)
#   GPU_SECONDS         seconds for the part (285)
#   GPU_CONV            the paths of convolutions, as SEMPAIRS_CONV takes them (cudnn gemm direct)
#   GPU_PRETEND         1 allows any device, to try the script itself where there is no GPU; then these make work small:
#   GPU_BACKBONE GPU_VIT GPU_PAIRS GPU_SIZE GPU_STEPS GPU_WARMUP GPU_SAMPLES GPU_ERROR_PICTURES GPU_RUN_STEPS GPU_BATCHES
#                       (resnet50 vit_small_patch8 256 64 30 10 10 32 1500 400) GPU_PRECISIONS (bf16 f32), and GPU_COMPILE
#                       (1; else torch.compile is left out) GPU_TUNED_SHAPE (64-64k3s1i16)
#
# The exit status is 0 if nothing failed, 1 if something did, 2 if it could not begin.
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
# The peers' name of the device.
peer_device=cuda
patience=1
if [ "${GPU_PRETEND:-}" = 1 ]; then
    peer_device=cpu
    # A processor with other work on it keeps to no row's limit.
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

# attempt WHAT SECONDS COMMAND...: runs it for so long at most; a failure is a row.
attempt() {
    local what=$1 limit=$(($2 * patience)) status left=$((total - SECONDS))
    shift 2
    if [ "$limit" -gt "$left" ]; then limit=$left; fi
    printf '\n== %s: %s\n' "$what" "$*" >>"$log"
    : >"$scratch/out" && : >"$scratch/err"
    if [ "$limit" -lt 3 ]; then
        row "$what" FAILED "no time was left for it"
        return 1
    fi
    timeout -s "${signal:-TERM}" -k 3 "$limit" "$@" >"$scratch/out" 2>"$scratch/err" </dev/null
    status=$?
    # An interrupted run has kept what it did.
    if [ "$status" = 124 ] && [ "${signal:-}" = INT ]; then status=0; fi
    { cat "$scratch/out" && echo "-- standard error, exit status $status" && tail -c 200000 "$scratch/err"; } >>"$log"
    sed -n "s#^{#$what\t{#p" "$scratch/out" >>"$lines"
    # A path that this build lacks, or a library that is not there, is told in a line, and another path is taken.
    if [ "$status" = 0 ] && grep -E "$other_path" "$scratch/err" | grep -qv '(Problem'; then
        row "$what" SKIPPED "$(grep -m1 -E "$other_path" "$scratch/err" | cut -c1-200)"
        return 1
    fi
    case $status in
    0) return 0 ;;
    124 | 137) row "$what" FAILED "stopped within $limit s, after $(grep -c '^{' "$scratch/out") lines of JSON" ;;
    *)
        if is_left_out; then
            row "$what" SKIPPED "$(reason)"
        else
            row "$what" FAILED "exit status $status: $(reason)"
        fi
        ;;
    esac
    return 1
}

other_path='lacks the feature|is not one of .*convolutions use the path|a convolution is computed without (cuDNN|implicit GEMM)'

# Whether the last command says that what was asked of it is not in this build, none of this device's, or needs a Python
# package that is not there, rather than that it failed.
is_left_out() {
    grep -qE '^error.*flex launches no kernels|^ModuleNotFoundError' "$scratch/err" ||
        { [ -n "${SEMPAIRS_CONV:-}" ] && grep -qE "^error.*$SEMPAIRS_CONV.*accumulates? in" "$scratch/err"; }
}

# The line of the last command that tells most of why it failed.
reason() {
    local line
    line=$(grep -m1 -i '^error' "$scratch/err") ||
        line=$(grep -m1 '^test result' "$scratch/out") ||
        line=$(grep -v '^note:' "$scratch/err" | grep . | tail -n 1) ||
        line="no message"
    printf '%s' "$line" | cut -c1-200
}

# fields KEY: the number of that name in each line of JSON.
fields() { sed -n "s/.*\"$1\": *\([0-9][0-9.eE+-]*\).*/\1/p"; }

# number KEY: a number in the last line of JSON that a command wrote.
number() { tail -n 1 "$scratch/out" | fields "$1"; }

# per A B: A / B with two digits, or nothing.
per() { [ -n "${1:-}" ] && [ -n "${2:-}" ] && awk -v a="$1" -v b="$2" 'BEGIN { printf "%.2f", a / b }'; }

thousandth() { awk -v s="$1" 'BEGIN { printf "%.3f ms", 1000 * s }'; }

peer= # pairs/s of PyTorch in what is measured now

# measure WHAT SECONDS COMMAND...: a command that prints a line of JSON with pairs_per_s. Sets speed.
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
    if [ -n "$median" ]; then note+=", $(thousandth "$median") a step"; fi
    if [ -n "$gpu" ]; then note+=", of which kernels $(thousandth "$gpu") in $(number kernels) launches"; fi
    ratio=$(per "$speed" "$peer") && note+=", $ratio times PyTorch"
    row "$what" ok "$note"
}

# What the last command wrote of all sizes together, by pass.
all_passes() {
    grep '"shape": *"all"' "$scratch/out" | while read -r line; do
        pass=$(sed -n 's/.*"pass": *"\([a-z]*\)".*/\1/p' <<<"$line")
        printf '%s %s, ' "$pass" "$(thousandth "$(fields seconds <<<"$line")")"
    done
}

# The largest error over all passes of the last command, if every line has one.
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

# The GPU's kernels are compiled when they are first used, by a library that comes with CUDA or with PyTorch; cuDNN comes with
# PyTorch.
cuda=${CUDA_PATH:-/usr/local/cuda}
wheels=$(timeout -k 3 20 "$python" -c 'import nvidia; print(next(iter(nvidia.__path__)))' 2>>"$log" </dev/null)
for folder in "$cuda/lib64" ${wheels:+"$wheels"/cu1?/lib "$wheels"/cuda_nvrtc/lib "$wheels"/cudnn/lib}; do
    if [ -d "$folder" ]; then export LD_LIBRARY_PATH=${LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}$folder; fi
done
# LLVM takes the mathematics of kernels from the toolkit, NVRTC its headers.
for folder in "$cuda" /usr/local/cuda /opt/cuda /usr/lib/cuda ${wheels:+"$wheels"/cu1?}; do
    if [ -f "$folder/nvvm/libdevice/libdevice.10.bc" ]; then
        export CUDA_PATH=$folder
        break
    fi
done
if [ -f "${CUDA_PATH:-}/nvvm/libdevice/libdevice.10.bc" ]; then
    row "libdevice" ok "$CUDA_PATH"
else
    row "libdevice" SKIPPED "not found: a build that compiles by LLVM has no exponentials; set CUDA_PATH"
fi
if [ -f "${CUDA_PATH:-$cuda}/include/cuda_runtime.h" ]; then
    row "CUDA's headers" ok "${CUDA_PATH:-$cuda}/include"
else
    row "CUDA's headers" SKIPPED "not found: a build that compiles by NVRTC may not work; set CUDA_PATH"
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
        row "$kind" SKIPPED "there is no $python to look for it"
        continue
    fi
    names=(libcudnn.so libcudnn.so.9)
    if [ "$kind" = nvrtc ]; then names=(libnvrtc.so libnvrtc.so.13 libnvrtc.so.12); fi
    attempt "$kind" 15 "$python" "$scratch/versions.py" "$kind" "${names[@]}" || continue
    found=$(head -n 1 "$scratch/out")
    if [ "$found" = "not found" ]; then row "$kind" SKIPPED "not found"; else row "$kind" ok "$found"; fi
done
attempt "sempairs devices" 20 "$binary" devices && row "sempairs devices" ok

# Empty without PyTorch, else whether it can use a GPU, its version and CUDA's.
seen='import torch, torchvision; print(torch.cuda.is_available(), torch.__version__, torch.version.cuda)'
torch=$(timeout -k 3 40 "$python" -c "$seen" 2>>"$log" </dev/null)
if [ -n "$torch" ]; then row "PyTorch" ok "${torch#* }"; else row "PyTorch" SKIPPED "$python has none"; fi
torch=${torch%% *}
if [ -n "$torch" ] && [ "$peer_device" = cpu ]; then torch=True; fi

# with_torch attempt|measure WHAT ...: that, or a row SKIPPED without PyTorch.
with_torch() {
    if [ "$torch" = True ]; then
        "$@"
    else
        row "$2" SKIPPED "$python has no PyTorch that sees a GPU"
        return 1
    fi
}

part_one() {
    local shape step conv plain precision what errors twin
    shape=(--batch "$pairs" --size "$size" --steps "$steps" --warmup "$warmup")
    step=("$python" "$here/peers/step.py" --backbone "$backbone" "${shape[@]}" --device "$peer_device")
    peer=
    with_torch measure "step $backbone, PyTorch bf16 channels-last" 30 "${step[@]}" --amp bf16 --channels-last
    local eager=${speed:-}
    speed=
    with_torch measure "step $backbone, PyTorch tf32 channels-last" 30 "${step[@]}" --amp tf32 --channels-last
    local tf32=${speed:-}

    # One 1x1, one 3x3, one strided 3x3, one strided 1x1.
    local four=64-256k1s1i16,64-64k3s1i16,128-128k3s2i16,256-512k1s2i16
    for conv in "${paths[@]}"; do
        for precision in "${precisions[@]}"; do
            what="errors of $conv, $precision"
            if SEMPAIRS_CONV=$conv attempt "$what" 12 "$binary" bench conv --errors --shapes "$four" \
                --batch "$error_pictures" --precision "$precision"; then
                errors=$(largest_error)
                if [ -n "$errors" ]; then
                    row "$what" ok "largest $errors"
                else
                    row "$what" FAILED "a value is not finite, or there is no line"
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

    twin=("$python" "$here/peers/conv.py" --backbone "$backbone" --batch $((2 * pairs)) --size "$size" --samples "$samples"
        --device "$peer_device" --precision "$first")
    what="convolutions, PyTorch $first"
    with_torch attempt "$what" 25 "${twin[@]}" && row "$what" ok "$(all_passes)"
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
            # One launch of each kernel a line, in the order of their time.
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

# The seconds of every size and pass side by side, from the lines of JSON that there are.
compare_shapes() {
    say ""
    say "milliseconds of a pass: $(printf '%s ' PyTorch "${paths[@]}")"
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

part_two() {
    local test name what filters passed workers load made_on runs begun metrics rate share done_steps minutes
    if [ $# -eq 0 ]; then row "parity tests" SKIPPED "no test binary was given"; fi
    for test in "$@"; do
        name=$(basename "$test")
        what="tests $name"
        if [ ! -x "$test" ] || [ -d "$test" ]; then
            row "$what" FAILED "it is no program"
            continue
        fi
        case $test in */*) ;; *) test=./$test ;; esac
        # All tests of the kernels and of launches; of others, those that compare with reference numbers.
        filters=(reference)
        case $name in
        losses* | steps* | views* | launches* | step_launches* | convolutions* | layers* | tokens*) filters=(--nocapture) ;;
        esac
        attempt "$what" 30 "$test" "${filters[@]}" || continue
        passed=$(sed -n 's/^test result: ok\. \([0-9]*\) passed.*/\1/p' "$scratch/out")
        case $passed in
        '') row "$what" FAILED "it printed no test result" ;;
        0) row "$what" FAILED "no test in it is named reference" ;;
        *) row "$what" ok "$passed passed" ;;
        esac
    done

    peer=
    if [ -z "$pictures" ]; then
        row "loader" SKIPPED "PICTURES names no folder of pictures"
        row "SimCLR" SKIPPED "PICTURES names no folder of pictures"
    elif [ ! -d "$pictures" ]; then
        row "loader" FAILED "PICTURES=$pictures is no folder"
    else
        # Enough batches that what was made before the clock started is a small part of them.
        workers=$(nproc)
        if [ "$workers" -gt 16 ]; then workers=16; fi
        load=("$pictures" --size "$size" --batch "$pairs" --workers "$workers" --batches)
        what="loader, $workers workers"
        with_torch measure "$what, PyTorch" 40 "$python" "$here/peers/loader.py" "${load[@]}" $((batches / 4 + 1)) &&
            peer=$speed
        measure "$what, sempairs" 20 "$binary" bench loader "${load[@]}" $((2 * batches)) --semantic
        measure "$what, sempairs, views on the GPU" 20 "$binary" bench loader "${load[@]}" "$batches" --semantic --on-device \
            --device "$device"
        # The study's run: 22,800 steps are 200 epochs over 29,359 pairs in batches of 256. Some of them, views, loading from a
        # decoded cache and logging, and how long the GPU waited for data. The first steps, which compile kernels, are left
        # out, and so is what comes once an epoch; the seconds of the whole call, which has them, stand beside.
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
            # Lines after the first steps: pairs over the seconds that they took.
            read -r rate share done_steps < <(
                paste <(fields step <"$metrics") <(fields pairs_per_second <"$metrics") <(fields waiting <"$metrics") |
                    awk -v pairs="$pairs" -v skip=$((run_steps > 500 ? 100 : 1)) '
                        $1 > skip { n = $1 - last; s = n * pairs / $2; seconds += s; waited += s * $3; steps += n }
                        { last = $1 }
                        END { if (seconds) printf "%.1f %.1f %d\n", steps * pairs / seconds, 100 * waited / seconds, steps
                              else print "0 0 0" }'
            )
            if [ "$done_steps" = 0 ]; then
                row "$what" FAILED "it did not come past its first steps"
                continue
            fi
            minutes=$(awk -v r="$rate" 'BEGIN { printf "%.1f", 22800 * 256 / r / 60 }')
            row "$what" ok "$rate pairs/s, 200 epochs in $minutes min by $done_steps steps, $share % of the time waiting for data; $((SECONDS - begun)) s in all"
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
