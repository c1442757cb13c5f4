"""Servers in a language whose interpreter is found on PATH."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass

from .program import FOLDER, Endpoint, Launch, arguments


@dataclass(frozen=True)
class ScriptProgram:
    """A file of this folder, and its interpreter, which a Debian package installs."""

    interpreter: str
    script: str
    package: str

    def missing(self, options: Mapping[str, str]) -> str:
        """See Program."""
        return "" if shutil.which(self.interpreter) else f"sudo apt install {self.package}"

    def launch(self, options: Mapping[str, str], endpoint: Endpoint) -> Launch:
        """See Program."""
        script = str(FOLDER / self.script)
        return Launch([self.interpreter, script, *endpoint.arguments(), *arguments(options)])
