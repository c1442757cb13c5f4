"""What is sent to a server's host: the agent, the servers and the telemetry, as they are here.

So both ends are always of the same version, and nothing needs to be installed there but Python.
"""

import io
import zipfile
from functools import cache
from pathlib import Path
from typing import Final

import c10k

ROOT: Final = Path(c10k.__file__).parent
PARTS: Final = (
    "__init__.py",
    *("host/__init__.py", "host/limits.py", "host/machine.py", "host/ports.py", "outcome.py"),
    *("loadgen/__init__.py", "loadgen/address.py", "loadgen/descriptors.py", "loadgen/telemetry"),
    *("remote/__init__.py", "remote/agent.py", "remote/lines.py"),
    "servers",
)
SOURCES: Final = frozenset({".py", ".cpp", ".hpp", ".js", ".txt"})


@cache
def packed() -> bytes:
    """The line of Python that receives the archive, and the archive: some 100 kB."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for part in PARTS:
            path = ROOT / part
            for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
                if file.suffix in SOURCES:
                    archive.write(file, Path("c10k", file.relative_to(ROOT)))
    content = packed.getvalue()
    source = (ROOT / "remote" / "bootstrap.py").read_text(encoding="utf-8")
    line = f"exec({source!r}); main({len(content)})\n"
    return line.encode() + content
