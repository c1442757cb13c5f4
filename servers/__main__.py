"""Run one of the Python servers: python servers threaded --port 9000, from any directory.

Whichever interpreter runs it sees nothing of what lies beside this folder, and in particular
not the packages of the interpreter that c10k was installed for.
"""

from __future__ import annotations

import importlib.util
import runpy
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent


def main() -> None:
    """Become the server that the first argument names."""
    # As a folder that is run, this one would be searched first: gevent.py would hide gevent.
    sys.path[:] = [entry for entry in sys.path if not entry or Path(entry).resolve() != FOLDER]
    spec = importlib.util.spec_from_file_location("servers", FOLDER / "__init__.py")
    assert spec is not None
    sys.modules["servers"] = importlib.util.module_from_spec(spec)
    del sys.argv[0]
    runpy.run_module(f"servers.{sys.argv[0]}", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
