"""Runs commands and reads their line of JSON."""
import contextlib
import functools
import json
import os
import shlex
import subprocess
import sys

# A busy process, which ends when its parent does.
BUSY = """
import os
while os.getppid() == {parent}:
    for _ in range(1_000_000):
        pass
"""


class Failure(Exception):
    """Error with a message for the user."""


def cores():
    """Numbers of the cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def pinned(kept):
    """Function for a new process to call, which keeps it on these cores; None if it cannot."""
    if not hasattr(os, "sched_setaffinity"):
        return None
    return functools.partial(os.sched_setaffinity, 0, kept)


def output(command, on=None):
    """Runs a command on the first `on` cores, by default all, and returns its standard output."""
    shown = shlex.join(command)
    pipe = subprocess.PIPE
    pin = None if on is None else pinned(cores()[:on])
    try:
        done = subprocess.run(command, stdout=pipe, stderr=pipe, text=True, preexec_fn=pin)
    except OSError as error:
        raise Failure(f"`{shown}` cannot be started: {error.strerror}") from None
    if done.returncode != 0:
        raise Failure(f"`{shown}` failed: {reason(done)}")
    return done.stdout


def reason(done):
    """The most informative line of standard error: the first error, or else the last line."""
    lines = [line.strip() for line in done.stderr.splitlines()]
    lines = [line for line in lines if line and not line.startswith("note:")]
    errors = [line for line in lines if line.lower().startswith("error")]
    return (errors[:1] or lines[-1:] or [f"exit status {done.returncode} and no message"])[0]


def measure(command, *keys, on=None):
    """Runs a command and returns the JSON object in the last line of its output.

    The object must have a positive number for each of `keys`.
    """
    last = (output(command, on).strip().splitlines() or [""])[-1]
    try:
        line = json.loads(last)
    except ValueError:
        line = None
    for key in keys:
        value = line.get(key) if isinstance(line, dict) else None
        if not isinstance(value, (int, float)) or value <= 0:
            shown = shlex.join(command)
            raise Failure(f"`{shown}` printed no JSON with {key}; its last line is `{last[:80]}`")
    return line


@contextlib.contextmanager
def neighbours():
    """A busy process on every core until the block ends."""
    if pinned([]) is None:
        raise Failure("--loaded: processes cannot be kept on a core on this system")
    started = []
    quiet = {"stdin": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    command = [sys.executable, "-c", BUSY.format(parent=os.getpid())]
    try:
        for core in cores():
            started.append(subprocess.Popen(command, preexec_fn=pinned([core]), **quiet))
        yield
        if any(process.poll() is not None for process in started):
            raise Failure("--loaded: a busy process ended before the last row")
    finally:
        for process in started:
            process.kill()
            process.wait()
