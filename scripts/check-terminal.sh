#!/usr/bin/env bash
# Checks in tmux that a run with a dashboard writes a checkpoint and restores the terminal when it is stopped by
# Ctrl-C, SIGTERM, or `q` and `s`; that it restores the terminal, without a checkpoint, after a second Ctrl-C; and
# that it writes a checkpoint when its window is closed. Prints the result of each check; exits with 1 if a check
# fails, with 2 if the checks cannot be run.
#
#     scripts/check-terminal.sh [PATH OF sempairs]
set -uo pipefail
cd "$(dirname "$0")/.."
target=${CARGO_TARGET_DIR:-target}
program=$(realpath "${1:-$target/debug/sempairs}")
command -v tmux >/dev/null || { echo "tmux is not installed (apt-get install tmux)"; exit 2; }
[ -x "$program" ] || { echo "$program: no program; cargo build --bin sempairs makes it"; exit 2; }

work=$(mktemp -d)
server=sempairs-terminal-$$
tmux() { command tmux -L "$server" -f /dev/null "$@"; }
trap 'tmux kill-server 2>/dev/null; rm -rf "$work"' EXIT
unset SEMPAIRS_DEVICE
failures=0

say() { printf '  %-11s %s\n' "$1" "$2"; }
must() { # must WHAT COMMAND...: reports whether the command succeeds
    local what=$1
    shift
    if "$@"; then say ok "$what"; else say NOT "$what"; failures=$((failures + 1)); fi
}
wait_for() { # wait_for SECONDS COMMAND...: waits until the command succeeds
    local end=$((SECONDS + $1))
    shift
    until "$@"; do
        [ $SECONDS -lt $end ] || return 1
        sleep 0.1
    done
}

experiment() { # experiment PER-CLASS SIZE WIDTHS BATCH: prints the settings of a run that would train for hours
    cat <<TOML
name = "terminal"
seeds = [1]
[pictures]
kind = "scenes"
split = "pretrain"
per_class = $1
size = $2
[[arms]]
name = "sp"
pairing = { kind = "random_in_class" }
[views]
size = $2
preset = "simclr_cifar"
[backbone]
name = "resnet10_narrow"
widths = [$3]
[method]
name = "simclr"
temperature = 0.5
projector = { hidden = [16], output = 8, norm = "hidden" }
[training]
batch = $4
steps = 1000000
optimizer = { name = "adamw" }
learning_rate = { base = 1e-3 }
checkpoint_every = 1000000
log_every = 1
[evaluation]
dataset = "unseen scenes"
train = { kind = "scenes", split = "downstream_train", per_class = 4, size = 20 }
test = { kind = "scenes", split = "downstream_test", per_class = 2, size = 20 }
protocols = [{ kind = "knn", k = 3 }]
TOML
}
experiment 3 16 8,8,8,8 16 >"$work/quick.toml"
experiment 40 64 64,64,128,128 512 >"$work/slow.toml"

# Prints three flags: alternate screen shown, cursor visible, mouse events sent to the program.
screen() { tmux display-message -p -t main "#{alternate_on} #{cursor_flag} #{mouse_any_flag}"; }
shows() { tmux capture-pane -p -t main | grep -q "$1"; }
dashboard_shows() { [ "$(screen)" != "0 1 0" ] && shows "Learning rate"; }
# Succeeds once a step is logged, that is, training has started.
trains() { tmux capture-pane -p -t main | grep -qE "Loss +[0-9.]+|epoch +[0-9.]+|pairs/s"; }
has_code() { [ -s "$work/code" ]; }
code_is() { [ "$(cat "$work/code" 2>/dev/null)" = "$1" ]; }
has_checkpoint() { [ -s "$work/runs/terminal/sp-seed1/checkpoint/latest.ckpt" ]; }
no_checkpoint() { ! has_checkpoint; }
modes_as_before() { cmp -s "$work/before" "$work/after"; }
is_normal() { [ "$(screen)" = "0 1 0" ]; }
has_ended() { ! kill -0 "$1" 2>/dev/null; }
no_parts() { [ -z "$(find "$work/runs" -name '.*.part')" ]; }

# begin NAME: starts a shell in a new window and the run in it; sets $pid to the process id of the run.
begin() {
    rm -rf "$work"/{runs,code,before,after,pid}
    tmux new-session -d -s main -x 140 -y 45 "bash --norc --noprofile"
    tmux send-keys -t main "cd $work; PS1='> '; stty -a >before; echo 1 >ready" Enter
    wait_for 20 test -s "$work/ready" || { echo "no shell"; exit 2; }
    rm -f "$work/ready"
    tmux send-keys -t main \
        "$program pretrain $1.toml --device flex --runs runs; echo \$? >code; stty -a >after" Enter
    if ! wait_for 60 dashboard_shows || ! wait_for 60 trains; then
        echo "no dashboard came:"
        tmux capture-pane -p -t main
        exit 2
    fi
    pid=$(pgrep -n -f "^$program pretrain $1.toml")
    say dashboard "shows (second screen, cursor, clicks: $(screen))"
}
over() { tmux kill-server 2>/dev/null; sleep 0.3; }

# lives_on CODE CHECKPOINT-TEST: checks the exit code, the checkpoint and the terminal after the run has ended.
lives_on() {
    must "the run ends" wait_for 30 has_code
    wait_for 5 test -s "$work/after"
    must "its exit code is $1, found $(cat "$work/code" 2>/dev/null)" code_is "$1"
    must "checkpoint: $2" "$2"
    must "stty -a is as before" modes_as_before
    must "the first screen shows, with a cursor and no clicks" wait_for 5 is_normal
    must "no part file is left" no_parts
    modes_as_before || diff "$work/before" "$work/after"
    over
}

echo "Ctrl-C"
begin quick
tmux send-keys -t main C-c
lives_on 130 has_checkpoint

echo "SIGTERM"
begin quick
kill -TERM "$pid"
lives_on 143 has_checkpoint

echo "q, then s"
begin quick
tmux send-keys -t main q
sleep 0.5
tmux send-keys -t main s
lives_on 130 has_checkpoint

echo "Ctrl-C twice, within a step"
begin slow
tmux send-keys -t main C-c
sleep 0.3
tmux send-keys -t main C-c
lives_on 130 no_checkpoint

# The dashboard may notice the closed terminal before or after the signal; different delays and slow steps cover
# both orders.
for try in "quick 0.1" "quick 0.4" "quick 0.7" "slow 0.2" "slow 0.9"; do
    read -r speed delay <<<"$try"
    echo "the window is closed ($speed steps, after $delay s)"
    begin "$speed"
    sleep "$delay"
    tmux kill-session -t main
    must "the run ends" wait_for 30 has_ended "$pid"
    must "checkpoint: has_checkpoint" has_checkpoint
    must "no part file is left" no_parts
    over
done

if [ $failures = 0 ]; then echo "all is well"; else echo "$failures findings"; exit 1; fi
