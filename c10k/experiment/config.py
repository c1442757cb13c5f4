"""What an experiment is made of: the keys of an experiment file (TOML), and their values.

The command line's options are the same keys and override the file's.
"""

import difflib
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, TypeGuard

from c10k.experiment import workload_config
from c10k.experiment.plan import (
    DEFAULT_SERVERS,
    DEFAULT_STEPS,
    DEFAULT_WORKLOADS,
    MOST_REPEATS,
    PROFILES,
    Profile,
    Technique,
    check_steps,
    check_unique,
    parse_steps,
)
from c10k.experiment.rate_sweep import NAMED_WORKLOADS
from c10k.loadgen.workload import LARGEST_MESSAGE, Workload
from c10k.reports.chapter.claims import TECHNIQUES
from c10k.results.slo import P99_MS
from c10k.servers.catalogue import ServerSpec, parse_command, parse_spec
from c10k.servers.framework.quantities import count, number, seconds, size_bytes

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
    """An experiment as it is asked for, before it is known what this machine can do of it.

    `known` are the workloads by name, those of its own among them; the p99 is an `objective` where
    one is asked for, and not what a search goes by.
    """

    servers: tuple[Asked, ...]
    workloads: tuple[Workload, ...]
    steps: tuple[int, ...] = DEFAULT_STEPS
    profile: Profile = field(default=PROFILES["standard"])
    fit: bool = False
    find_max: bool = False
    slo_p99_ms: float = P99_MS
    techniques: tuple[Technique, ...] = ()
    map: bool = False
    objective: bool = False
    known: Mapping[str, Workload] = field(default_factory=lambda: NAMED_WORKLOADS)


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

    Servers that are named there are all that is measured, and workloads hold for techniques too;
    those that the file describes may be named.
    """
    changed, given = dict(content), dict(options)
    if options.keys() & {"servers", "commands"}:
        for key in ("servers", "commands", "techniques", "interpreters"):
            changed.pop(key, None)
    if not options.keys() & {"workloads", "rate"}:
        return changed | given
    described = changed.pop("workloads", ())
    if "workloads" in given and isinstance(described, list):
        own = {table.get("name"): table for table in described if isinstance(table, dict)}
        given["workloads"] = [own.get(name, name) for name in given["workloads"]]
    changed.pop("rate", None)
    if isinstance(techniques := changed.get("techniques"), list):
        changed["techniques"] = [
            {key: value for key, value in table.items() if key != "workloads"}
            if isinstance(table, dict)
            else table
            for table in techniques
        ]
    return changed | given


def parse(content: Mapping[str, Any], where: Where) -> Settings:
    """The settings. Raises ValueError for a key or a value that there is not; it names the key."""
    _check_keys(content, KEYS, where)
    interpreters = _interpreters(content.get("interpreters", []), where("interpreters"))
    known = _known(content, where)
    workloads = _workloads(content.get("workloads", ()), where("workloads"), known)
    workloads += tuple(known[load.name] for load in _paced(content, where))
    check_unique([load.name for load in workloads], f"{where('workloads')}: workload")
    if not content.keys() & {"workloads", "rate"}:
        workloads = tuple(known[name] for name in DEFAULT_WORKLOADS)
    named = [load.name for load in workloads]
    techniques = _techniques(content, where, named, known)
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
        () if alone and not content.keys() & {"workloads", "rate"} else workloads,
        _steps(content.get("steps", DEFAULT_STEPS), where("steps")),
        _profile(content, where),
        _flag(content.get("fit", False), where("fit")),
        _flag(content.get("find-max", False), where("find-max")),
        _above(
            content.get("slo-p99", P99_MS), _milliseconds, 3.6e6, "milliseconds", where("slo-p99")
        ),
        techniques,
        _flag(content.get("map", False), where("map")),
        "slo-p99" in content and not content.get("find-max", False),
        known,
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


def _known(content: Mapping[str, Any], where: Where) -> dict[str, Workload]:
    """All workloads by name: c10k's own, and those that the content describes."""
    here = where("workloads")
    items = [_workload(value, here) for value in _list(content.get("workloads", ()), here)]
    own = {item.get("name"): item for item in items if isinstance(item, dict)}
    loads = [workload_config.own_workload(item, here) for item in own.values()]
    loads = [*NAMED_WORKLOADS.values(), *loads, *_paced(content, where)]
    if "size" in content:
        size = _whole(content["size"], size_bytes, LARGEST_MESSAGE, where("size"))
        loads = [
            load if "size" in own.get(load.name, ()) else workload_config.sized(load, size)
            for load in loads
        ]
    return {load.name: load for load in loads}


def _paced(content: Mapping[str, Any], where: Where) -> list[Workload]:
    """The workloads that rates alone describe."""
    rates = content.get("rate", [])
    rates = [
        _above(rate, number, 1e6, "messages/s", where("rate"))
        for rate in (rates if isinstance(rates, list) else [rates])
    ]
    try:
        return [workload_config.paced(rate) for rate in rates]
    except ValueError as error:
        raise ValueError(f"{where('rate')}: {error}") from None


def _workload(value: object, where: str) -> str | dict[str, Any]:
    """The name of a workload, or the table that describes one."""
    if isinstance(value, str) and "," in value:
        try:
            return dict(workload_config.table_of(value))
        except ValueError as error:
            raise ValueError(f"{where}: {error}") from None
    if isinstance(value, dict) and value.keys() != {"name"}:
        return value
    return _text(value["name"] if isinstance(value, dict) else value, where)


def _workloads(value: object, where: str, known: Mapping[str, Workload]) -> tuple[Workload, ...]:
    items = [_workload(each, where) for each in _list(value, where)]
    names = [item if isinstance(item, str) else str(item.get("name")) for item in items]
    for name in names:
        if name not in known:
            raise ValueError(
                f"{where}: unknown workload {name[:60]!r}; there are {', '.join(known)}"
            )
    check_unique(names, f"{where}: workload")
    return tuple(known[name] for name in names)


def _techniques(
    content: Mapping[str, Any],
    where: Where,
    workloads: Sequence[str],
    known: Mapping[str, Workload],
) -> tuple[Technique, ...]:
    """The techniques; `workloads` are those of one that names none."""
    techniques = []
    for index, table in enumerate(_list(content.get("techniques", []), where("techniques"))):
        here = f"{where('techniques')}[{index}]"
        if not isinstance(table, dict):
            raise ValueError(f"{here} must be a table")

        def at(key: str, here: str = here) -> str:
            return f"{here}: {key}"

        _check_keys(table, ("name", "with", "without", "workloads", "steps", "claim"), at)
        own = _workloads(table.get("workloads", workloads), at("workloads"), known)
        claim = table.get("claim", "")
        if claim and claim not in TECHNIQUES:
            others = ", ".join(TECHNIQUES)
            raise ValueError(
                f"{at('claim')}: the chapter claims nothing of {claim!r}, but {others}"
            )
        techniques.append(
            Technique(
                _text(table.get("name"), at("name")),
                _spec(table.get("with"), at("with")).text,
                _spec(table.get("without"), at("without")).text,
                tuple(workload.name for workload in own),
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
    if "duration" in content:
        duration_s = _above(content["duration"], seconds, 3600, "seconds", where("duration"))
        profile = replace(profile, window_s=duration_s / profile.windows)
    if "repeat" in content:
        repeats = _whole(content["repeat"], count, MOST_REPEATS, where("repeat"))
        profile = replace(profile, repeats=repeats)
    return profile


KEYS: Final = (
    *("servers", "commands", "interpreters", "workloads", "rate", "size", "steps", "profile"),
    *("duration", "repeat", "fit", "find-max", "slo-p99", "map", "techniques"),
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
    """The steps of a list, or of text such as 10,100,1k."""
    steps = value if isinstance(value, str) else _list(value, where)
    try:
        if isinstance(steps, str):
            return parse_steps(steps)
        text = ",".join(map(str, steps))
        numbers = all(isinstance(step, str) or _is_whole(step) for step in steps)
        return parse_steps(text) if numbers else check_steps((), text)
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from None


def _above(
    value: object, read: Callable[[str], float], most: float, unit: str, where: str
) -> float:
    """A number above 0, or text that holds one."""
    given = _read(value, read, where)
    if isinstance(given, int | float) and not isinstance(given, bool) and 0 < given <= most:
        return float(given)
    raise ValueError(f"{where} must be above 0 and at most {most:,.0f} {unit}")


def _whole(value: object, read: Callable[[str], int], most: int, where: str) -> int:
    """A whole number from 1, or text that holds one."""
    given = _read(value, read, where)
    if _is_whole(given) and 1 <= given <= most:
        return given
    raise ValueError(f"{where} must be from 1 to {most:,}, not {str(value)[:60]}")


def _read(value: object, read: Callable[[str], float], where: str) -> object:
    if not isinstance(value, str):
        return value
    try:
        return read(value)
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from None


def _milliseconds(text: str) -> float:
    """Read 100, which is in milliseconds, or 100ms or 0.5s."""
    try:
        return number(text)
    except ValueError:
        return round(seconds(text) * 1000, 6)


def _is_whole(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)
