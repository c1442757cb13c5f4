"""The published claims that come with c10k and are quoted where a run brings none of its own."""

import tomllib
from functools import cache
from pathlib import Path
from typing import Final

from c10k.results.claims import Claim, read_claim

SHIPPED: Final = Path(__file__).parents[2] / "experiments" / "claims" / "chapter.toml"


@cache
def shipped_claims() -> tuple[Claim, ...]:
    """Those of the file."""
    with SHIPPED.open("rb") as file:
        return tuple(map(read_claim, tomllib.load(file)["claims"]))
