"""Run one of the Python servers: python servers threaded --port 9000, from any directory.

The interpreter that runs it finds this folder alone: nothing that lies beside it, and none of the
packages that were installed with c10k for another interpreter.
"""

from __future__ import annotations

import importlib.util
import runpy
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent


def main() -> None:
    """Run the server that the first argument names, in this process."""
    # Python searches the folder that it runs first: gevent.py would hide the package gevent.
    sys.path[:] = [entry for entry in sys.path if not entry or Path(entry).resolve() != FOLDER]
    spec = importlib.util.spec_from_file_location("servers", FOLDER / "__init__.py")
    assert spec is not None
    sys.modules["servers"] = importlib.util.module_from_spec(spec)
    del sys.argv[0]
    runpy.run_module(f"servers.{sys.argv[0]}", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
