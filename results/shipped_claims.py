"""The published claims that come with c10k and are quoted where a run brings none of its own."""

import tomllib
from functools import cache
from importlib.resources import files
from typing import Final

from c10k.results.claims import Claim, read_claim

SHIPPED: Final = files("c10k") / "experiments" / "claims" / "chapter.toml"


@cache
def shipped_claims() -> tuple[Claim, ...]:
    """Those of the file."""
    return tuple(map(read_claim, tomllib.loads(SHIPPED.read_text(encoding="utf-8"))["claims"]))
