"""What an experiment is made of: the keys of an experiment file (TOML), and their values.

The command line's options are the same keys and override the file's.
"""

import difflib
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from c10k.capacity_map import NAMED_WORKLOADS
from c10k.plan import (
    DEFAULT_SERVERS,
    DEFAULT_STEPS,
    DEFAULT_WORKLOADS,
    PROFILES,
    Profile,
    Technique,
    check_steps,
    check_unique,
)
from loadgen.workload import Workload
from reports.chapter.claims import TECHNIQUES
from results.slo import P99_MS
from servers.catalogue import ServerSpec, parse_command, parse_spec

INTERPRETERS: Final = (
    *("python3.11", "python3.12", "python3.13", "python3.13t", "python3.14", "python3.14t"),
    "pypy3",
)
"""Those that interpreters = "found" looks for."""

Where = Callable[[str], str]
"""How a message calls a key: by the file that it stands in, or as an option."""


@dataclass(frozen=True)
class Asked:
    """A server that is asked for, and the steps that are its own, if it has any."""

    spec: ServerSpec
    steps: tuple[int, ...] = ()


@dataclass(frozen=True)
class Settings:
    """An experiment as it is asked for, before it is known what this machine can do of it."""

    servers: tuple[Asked, ...]
    workloads: tuple[Workload, ...]
    steps: tuple[int, ...] = DEFAULT_STEPS
    profile: Profile = field(default=PROFILES["standard"])
    fit: bool = False
    find_max: bool = False
    slo_p99_ms: float = P99_MS
    techniques: tuple[Technique, ...] = ()
    map: bool = False


def read(path: Path) -> dict[str, Any]:
    """The content of an experiment file. Raises ValueError, in one line, where it is not TOML."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}") from None
    except ValueError as error:  # of its encoding too
        raise ValueError(f"{path} is not TOML: {error}") from None


def overridden(content: Mapping[str, Any], options: Mapping[str, Any]) -> dict[str, Any]:
    """A file's content with the command line's options in the place of its own.

    Servers that are named there are all that is measured, and workloads hold for techniques too.
    """
    changed = dict(content)
    if options.keys() & {"servers", "commands"}:
        for key in ("servers", "commands", "techniques", "interpreters"):
            changed.pop(key, None)
    if "workloads" in options and isinstance(techniques := changed.get("techniques"), list):
        changed["techniques"] = [
            {key: value for key, value in table.items() if key != "workloads"}
            if isinstance(table, dict)
            else table
            for table in techniques
        ]
    return changed | dict(options)


def parse(content: Mapping[str, Any], where: Where) -> Settings:
    """The settings. Raises ValueError for a key or a value that there is not; it names the key."""
    _check_keys(content, KEYS, where)
    interpreters = _interpreters(content.get("interpreters", []), where("interpreters"))
    techniques = _techniques(content, where)
    commands = _list(content.get("commands", ()), where("commands"))
    # Techniques bring servers and workloads of their own.
    alone = bool(techniques) and not content.keys() & {"servers", "commands"}
    default = () if alone or commands else DEFAULT_SERVERS
    servers = [
        asked
        for server in _list(content.get("servers", default), where("servers"))
        for asked in _asked(server, where("servers"), interpreters)
    ]
    servers += [Asked(_command(definition, where("commands"))) for definition in commands]
    check_unique([asked.spec.text for asked in servers], f"{where('servers')}: server")
    return Settings(
        tuple(servers),
        _workloads(
            content.get("workloads", () if alone else DEFAULT_WORKLOADS), where("workloads")
        ),
        _steps(content.get("steps", DEFAULT_STEPS), where("steps")),
        _profile(content, where),
        _flag(content.get("fit", False), where("fit")),
        _flag(content.get("find-max", False), where("find-max")),
        _between(content.get("slo-p99", P99_MS), 0, 3.6e6, "milliseconds", where("slo-p99")),
        techniques,
        _flag(content.get("map", False), where("map")),
    )


def _asked(server: object, where: str, interpreters: Iterable[str]) -> list[Asked]:
    """A server, and the same on each of the interpreters that are asked for, if it is Python's."""
    steps: tuple[int, ...] = ()
    if isinstance(server, dict):
        _check_keys(server, ("server", "steps"), lambda key: f"{where}: {key}")
        if "steps" in server:
            steps = _steps(server["steps"], f"{where}: steps")
        server = server.get("server")
    spec = _spec(server, where)
    asked = [Asked(spec, steps)]
    if "python" in spec.server.options and "python" not in spec.options:
        asked += [
            Asked(_spec(f"{spec.text},python={interpreter}", where), steps)
            for interpreter in interpreters
        ]
    return asked


def _spec(value: object, where: str) -> ServerSpec:
    text = _text(value, where)
    try:
        return parse_spec(text)
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from None


def _command(value: object, where: str) -> ServerSpec:
    definition = _text(value, where)
    try:
        return parse_command(definition, Path.cwd())
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from None


def _interpreters(value: object, where: str) -> list[str]:
    if value == "found":
        return found_interpreters()
    if not isinstance(value, list):
        raise ValueError(f'{where} must be "found" or a list, not {value!r}')
    return [_text(name, where) for name in value]


def found_interpreters() -> list[str]:
    """Those of INTERPRETERS that run here, but for the one that runs this.

    To be on the PATH is not enough: a version manager puts programs there that only complain.
    """
    found: dict[str, str] = {}
    for name in filter(shutil.which, INTERPRETERS):
        shown = subprocess.run(
            [name, "-c", "import sys; print(sys.version)"],
            capture_output=True, text=True, timeout=20,
        )  # fmt: skip
        if shown.returncode == 0 and shown.stdout.rstrip("\n") != sys.version:
            found.setdefault(shown.stdout, name)
    return list(found.values())


def _workloads(value: object, where: str) -> tuple[Workload, ...]:
    names = [_text(name, where) for name in _list(value, where)]
    for name in names:
        if name not in NAMED_WORKLOADS:
            raise ValueError(
                f"{where}: unknown workload {name!r}; there are {', '.join(NAMED_WORKLOADS)}"
            )
    check_unique(names, f"{where}: workload")
    return tuple(NAMED_WORKLOADS[name] for name in names)


def _techniques(content: Mapping[str, Any], where: Where) -> tuple[Technique, ...]:
    techniques = []
    for number, table in enumerate(_list(content.get("techniques", []), where("techniques"))):
        here = f"{where('techniques')}[{number}]"
        if not isinstance(table, dict):
            raise ValueError(f"{here} must be a table")

        def at(key: str, here: str = here) -> str:
            return f"{here}: {key}"

        _check_keys(table, ("name", "with", "without", "workloads", "steps", "claim"), at)
        workloads = _workloads(
            table.get("workloads", content.get("workloads", DEFAULT_WORKLOADS)), at("workloads")
        )
        claim = table.get("claim", "")
        if claim and claim not in TECHNIQUES:
            known = ", ".join(TECHNIQUES)
            raise ValueError(f"{at('claim')}: the chapter claims nothing of {claim!r}, but {known}")
        techniques.append(
            Technique(
                _text(table.get("name"), at("name")),
                _spec(table.get("with"), at("with")).text,
                _spec(table.get("without"), at("without")).text,
                tuple(workload.name for workload in workloads),
                claim,
                _steps(table["steps"], at("steps")) if "steps" in table else (),
            )
        )
    check_unique([each.name for each in techniques], f"{where('techniques')}: technique")
    return tuple(techniques)


def _profile(content: Mapping[str, Any], where: Where) -> Profile:
    name = _text(content.get("profile", "standard"), where("profile"))
    if name not in PROFILES:
        raise ValueError(f"{where('profile')} must be {', '.join(PROFILES)}, not {name!r}")
    profile = PROFILES[name]
    if "hold" in content:
        hold_s = _between(content["hold"], 0, 3600, "seconds", where("hold"))
        profile = replace(profile, window_s=hold_s / profile.windows)
    if "repeat" in content:
        repeats = content["repeat"]
        if not _is_whole(repeats) or repeats < 1:
            raise ValueError(f"{where('repeat')} must be 1 or more, not {repeats!r}")
        profile = replace(profile, repeats=repeats)
    return profile


KEYS: Final = (
    *("servers", "commands", "interpreters", "workloads", "steps", "profile", "hold", "repeat"),
    *("fit", "find-max", "slo-p99", "map", "techniques"),
)


def _check_keys(table: Mapping[str, Any], known: Iterable[str], where: Where) -> None:
    for key in table.keys() - set(known):
        close = difflib.get_close_matches(key, known, n=1)
        guess = f": did you mean {close[0]!r}?" if close else "."
        raise ValueError(f"{where(key)}: there is no such key{guess} Known: {', '.join(known)}")


def _list(value: object, where: str) -> list[Any] | tuple[Any, ...]:
    if not isinstance(value, list | tuple):
        raise ValueError(f"{where} must be a list, not {value!r}")
    return value


def _text(value: object, where: str) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError(f"{where} must be text, not {value!r}")
    return value


def _flag(value: object, where: str) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"{where} must be true or false, not {value!r}")
    return value


def _steps(value: object, where: str) -> tuple[int, ...]:
    steps = _list(value, where)
    whole = all(map(_is_whole, steps))
    try:
        return check_steps(steps if whole else (), str(value))
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from None


def _between(value: object, above: float, most: float, unit: str, where: str) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool) and above < value <= most:
        return float(value)
    raise ValueError(f"{where} must be above {above:g} and at most {most:,.0f} {unit}")


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
