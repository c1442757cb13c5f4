"""Whether an installed c10k serves, loads and measures with its native engine.

    python smoke.py

Needs no more than the base install.
"""

import json
import subprocess
import sys

C10K = (sys.executable, "-m", "c10k")
LOAD = ("--connections", "100", "--duration", "1s", "--no-ceiling", "--engine", "native")


def main() -> None:
    """Load a server for a second. Raises CalledProcessError or AssertionError."""
    serve = [*C10K, "serve", "asyncio_streams"]
    with subprocess.Popen(serve, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout
            target = f"127.0.0.1:{json.loads(server.stdout.readline())['port']}"
            load = [*C10K, "load", target, *LOAD, "--json", "-"]
            found = json.loads(subprocess.run(load, check=True, stdout=subprocess.PIPE).stdout)
        finally:
            server.terminate()
    print(f"{found['due'] - found['lost']:,} messages echoed and verified")


if __name__ == "__main__":
    main()
