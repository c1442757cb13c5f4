"""What two runs must have in common."""

from c10k.reports.comparisons.conditions import unlike


def workload(*arguments):
    return {"workloads": [{"name": "paced", "arguments": list(arguments)}]}


def test_what_differs_is_named_with_both_values(make):
    base = make(described=workload("--workload", "paced"))
    head = make(described=workload("--workload", "paced", "--size", "1024"))
    head.about.host |= {"kernel": "6.19.0", "python": "CPython 3.13.1", "memory_bytes": None}
    head.about.plan.profile.window_s = 0.5
    assert unlike(base, head) == [
        "memory (6442450944, unknown)",
        "kernel (6.18.0, 6.19.0)",
        "python (CPython 3.11.2, CPython 3.13.1)",
        "seconds per window (3, 0.5)",
        "workload paced (--workload paced, --workload paced --size 1024)",
    ]


def test_the_host_of_the_servers_must_be_the_same(make):
    here, there, another = (make() for _ in range(3))
    facts = here.about.host
    there.about.server_host = facts | {"cpus": 8.0}
    another.about.server_host = facts | {"cpus": 16.0}
    assert unlike(there, another) == ["the servers' cpus (8, 16)"]
    assert unlike(here, there) == ["servers on (the loader's host, another host)"]


def test_commits_repeats_and_workloads_of_one_alone_may_differ(make):
    base, head = make(), make(workloads=("saturated",), repeats=2)
    head.about.commit = "another"
    assert unlike(base, head) == []
