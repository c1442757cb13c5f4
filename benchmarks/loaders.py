"""Measure the fleet beside other loaders, and print the table of ratios that docs/loader.md shows.

Needs 5 minutes. wrk is measured too where it and nginx are installed.
"""

import sys

from benchmarks.measure import NotMeasured, measure
from benchmarks.regression import Machine

CASES = {
    "test_fleet_by_bare_loop": "the fleet by a bare C loop",
    "test_opening_by_bare_connects": "the fleet opening by a bare C loop of connect()",
    "test_fleet_by_wrk": "the fleet by wrk, HTTP on nginx",
    "test_locust_user_by_fleet": "a Locust user (gevent) by the fleet",
    "test_thread_by_fleet": "a Python thread a connection by the fleet",
}
CONNECTIONS = {"test_opening_by_bare_connects": 10000}


def main() -> int:
    """The command; its exit status."""
    try:
        benchmarks = measure("benchmarks/test_loaders.py")
    except NotMeasured as error:
        print(error, file=sys.stderr)
        return 3
    except KeyboardInterrupt:
        return 130
    print(f"{Machine.here()}\n")
    print("| | connections | time a message | loader's CPU a message |\n| --- | --- | --- | --- |")
    for case, name in CASES.items():
        found = {
            int(benchmark["param"] or CONNECTIONS.get(case, 100)): benchmark["extra_info"]
            for benchmark in benchmarks
            if benchmark["name"].partition("[")[0] == case
        }
        for connections, ratios in sorted(found.items()):
            cells = " | ".join(ratio(ratios.get(kind)) for kind in ("time", "cpu"))
            print(f"| {name} | {connections:,} | {cells} |")
    return 0


def ratio(found: dict[str, dict[str, float]] | None) -> str:
    """The median of the rounds' ratios and its 95 % interval."""
    if found is None:
        return "–"
    times = found["times_floor"]
    return f"{times['median']:.2f} × ({times['low']:.2f} to {times['high']:.2f})"


if __name__ == "__main__":
    sys.exit(main())
