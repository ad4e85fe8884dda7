"""Prints which of the given modules this interpreter lacks."""
import importlib.util
import sys


def has(name):
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        return False


print(*(name for name in sys.argv[1:] if not has(name)))
