"""Compares the fleet with other loaders and prints the table of ratios in docs/loader.md.

Takes 5 minutes. wrk is measured too if it and nginx are installed.
"""

from benchmarks.measure import machine, measure

CASES = {
    "test_fleet_by_bare_loop": "the fleet / a bare C loop",
    "test_opening_by_bare_connects": "the fleet opening connections / a bare C loop of connect()",
    "test_fleet_by_wrk": "the fleet / wrk, HTTP on nginx",
    "test_locust_user_by_fleet": "Locust users (gevent) / the fleet",
    "test_thread_by_fleet": "Python, thread per connection / the fleet",
}


def main() -> None:
    """Measure and print."""
    benchmarks = measure("benchmarks/test_loaders.py")
    print(f"{machine()}\n")
    print("| | connections | time per message | loader's CPU per message |")
    print("| --- | --- | --- | --- |")
    for case, name in CASES.items():
        found = {
            benchmark["params"]["connections"]: benchmark["extra_info"]
            for benchmark in benchmarks
            if benchmark["name"].partition("[")[0] == case
        }
        for connections, ratios in sorted(found.items()):
            cells = " | ".join(_cell(ratios.get(kind)) for kind in ("time", "cpu"))
            print(f"| {name} | {connections:,} | {cells} |")


def _cell(ratio: dict[str, float] | None) -> str:
    """The median of the rounds' ratios and its 95 % confidence interval."""
    return f"{ratio['median']:.2f} × ({ratio['low']:.2f} to {ratio['high']:.2f})" if ratio else "–"


if __name__ == "__main__":
    main()
