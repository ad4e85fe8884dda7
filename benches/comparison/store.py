"""The stored ratios, by kind of processor and number of cores."""
import json
import os
import platform
import re
from pathlib import Path

from .commands import Failure, cores, output

BASELINE = Path(__file__).resolve().parent.parent / "ratios.json"
# Vector extensions and their flags in /proc/cpuinfo, the widest first.
VECTORS = {"avx512": "avx512f", "avx2": "avx2", "avx": "avx", "sve": "sve", "neon": "asimd"}


def processor():
    """Vendor, family, model and vector extension, and the name, which is not specific."""
    name = platform.processor() or platform.machine()
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return name, name
    fields = dict(re.findall(r"^(.*?)[ \t]*: (.*)$", text.split("\n\n")[0], re.M))

    def first(*names):
        return next((fields[name].strip() for name in names if name in fields), "unknown")

    flags = first("flags", "Features").split()
    vectors = next((name for name, flag in VECTORS.items() if flag in flags), "scalar")
    vendor = first("vendor_id", "CPU implementer")
    family, model = first("cpu family", "CPU architecture"), first("model", "CPU part")
    return f"{vendor} {family}-{model} {vectors}", fields.get("model name", name).strip()


def machine(device):
    """Key of this machine in the stored ratios, and its description."""
    kind, name = processor()
    key, found = f"{kind} x{len(cores())}", {"cpu": name, "cores": len(cores())}
    if device != "flex":
        query = ["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"]
        gpus = output(query).strip().splitlines()
        number = int(device.partition(":")[2] or 0)
        found["gpu"] = gpus[number] if number < len(gpus) else "unknown"
        key += f", {found['gpu']}"
    return key, found


def described(machine):
    parts = (f"{what} cores" if name == "cores" else what for name, what in machine.items())
    return ", ".join(parts)


def stored_machines():
    """The stored rows of each machine."""
    try:
        machines = json.loads(BASELINE.read_text())["machines"]
        return {
            key: {name: {**row, "ratio": float(row["ratio"])} for name, row in it["rows"].items()}
            for key, it in machines.items()
        }
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise Failure(
            f"{BASELINE} is not a file written by --save, which has the form "
            f'{{"machines": {{KIND: {{"rows": ...}}}}}}: {error!r}'
        ) from None


def save(stored):
    """Writes a temporary file and renames it, so that the baseline is never incomplete."""
    partial = BASELINE.with_suffix(".json.partial")
    machines = {key: {"rows": dict(sorted(rows.items()))} for key, rows in sorted(stored.items())}
    try:
        with open(partial, "w") as file:
            file.write(json.dumps({"machines": machines}, indent=2) + "\n")
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, BASELINE)
    except OSError as error:
        raise Failure(f"{BASELINE} cannot be written: {error}") from None
