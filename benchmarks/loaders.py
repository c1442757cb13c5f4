"""Compares the fleet with other loaders and prints the table of ratios in docs/loader.md.

Takes 5 minutes. wrk is measured too if it and nginx are installed.
"""

import sys

from benchmarks.measure import NotMeasured, measure
from benchmarks.regression import Machine

CASES = {
    "test_fleet_by_bare_loop": "the fleet / a bare C loop",
    "test_opening_by_bare_connects": "the fleet opening connections / a bare C loop of connect()",
    "test_fleet_by_wrk": "the fleet / wrk, HTTP on nginx",
    "test_locust_user_by_fleet": "Locust users (gevent) / the fleet",
    "test_thread_by_fleet": "Python, thread per connection / the fleet",
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
    print(
        "| | connections | time per message | loader's CPU per message |\n| --- | --- | --- | --- |"
    )
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
    """The median of the rounds' ratios and its 95 % confidence interval."""
    if found is None:
        return "–"
    times = found["times_floor"]
    return f"{times['median']:.2f} × ({times['low']:.2f} to {times['high']:.2f})"


if __name__ == "__main__":
    sys.exit(main())
