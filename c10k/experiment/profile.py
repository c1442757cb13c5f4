"""How long and how often a step is measured: the profiles."""

from typing import Annotated, Final

from msgspec import Struct

from c10k.loadgen.option import option

MOST_REPEATS: Final = 1_000  # far below what would keep a machine busy with the plan alone

Duration = Annotated[float, option("", "duration", gt=0, le=3600, unit=" s", metavar="TIME")]
Repeats = Annotated[int, option("", "count", ge=1, le=MOST_REPEATS, metavar="N")]


class Profile(Struct, frozen=True, rename="kebab", forbid_unknown_fields=True):
    """How long and how often is measured.

    Windows begin when the load is steady, not before `warmup_s` and not after `warmup_limit_s`.
    """

    name: str
    warmup_s: Annotated[float, option(ge=0, le=3600)]
    warmup_limit_s: Annotated[float, option(ge=0, le=3600)]
    windows: Annotated[int, option(ge=1, le=1000)]
    window_s: Duration
    repeats: Repeats

    def __post_init__(self) -> None:
        if self.warmup_s > self.warmup_limit_s:
            raise ValueError("warmup-s is longer than warmup-limit-s")

    @property
    def seconds(self) -> float:
        """How long a step is measured, in s."""
        return self.windows * self.window_s


PROFILES: Final = {
    profile.name: profile
    for profile in (
        # In a window four of five paced clients send a message. Standard repeats quick five times,
        # as fewer repeats leave true differences of 1.5 times undecided (docs/method.md).
        Profile("quick", 0.3, 1.0, 1, 0.8, 1),
        Profile("standard", 0.3, 1.0, 1, 0.8, 5),
        Profile("thorough", 0.5, 3.0, 1, 3.0, 10),
    )
}


def profile_named(name: str) -> Profile:
    """One of PROFILES. Raises ValueError."""
    if name not in PROFILES:
        raise ValueError(f"must be {', '.join(PROFILES)}, not {name[:60]!r}")
    return PROFILES[name]
