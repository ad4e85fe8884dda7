#!/bin/sh
# Kills a grid at ten random moments, resumes it each time, and compares its scores with those of a grid that was not
# killed.
#
#   scripts/grid-kills.sh FILE [KILLS] [LONGEST]
#
# FILE is an experiment file with at least 12 runs, KILLS the number of kills (10), LONGEST the longest time in seconds
# between the start of a process and its kill (60). SEMPAIRS is the command, by default target/debug/sempairs; SEED
# repeats the moments of an earlier call.
set -eu

file=${1:?the experiment file}
kills=${2:-10}
longest=${3:-60}
command=${SEMPAIRS:-target/debug/sempairs}
seed=${SEED:-$(date +%s)}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
echo "seed $seed"

# The moments in tenths of a second.
moments=$(awk -v seed="$seed" -v kills="$kills" -v longest="$longest" \
    'BEGIN { srand(seed); for (i = 0; i < kills; i++) print 1 + int(rand() * longest * 10) }')
killed=0
for moment in $moments; do
    "$command" study "$file" --runs "$folder/killed" --plain >"$folder/log" 2>&1 &
    process=$!
    sleep "$(awk -v tenths="$moment" 'BEGIN { print tenths / 10 }')"
    if kill -KILL "$process" 2>/dev/null; then
        killed=$((killed + 1))
    fi
    wait "$process" || true
    echo "after $moment tenths of a second: $(find "$folder/killed" -name result.json | wc -l) runs finished"
done
"$command" study "$file" --runs "$folder/killed" --plain
"$command" study "$file" --runs "$folder/whole" --plain

runs=0
cd "$folder/whole"
for scores in */*-seed*/scores.jsonl; do
    cmp "$scores" "../killed/$scores"
    runs=$((runs + 1))
done
echo "$runs runs, $killed kills: the scores are the same, byte for byte"
test "$runs" -ge 12 && test "$killed" -gt 0
