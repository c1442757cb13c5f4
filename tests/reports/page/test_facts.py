"""What a reader must know first, and the facts about machine, plan and versions."""

from c10k.reports.page.facts import facts, notices


def test_a_sound_run_has_the_warnings_of_the_machine_alone(make):
    assert list(notices(make())) == ["A virtual machine. Quote ratios between servers."]


def test_what_spoils_figures_is_stated_with_the_remedy(make):
    def spoil(step):
        step.loader_limited = step.connections == 10
        step.stolen = 0.2 if step.connections == 100 else 0.0
        step.others = 0.5

    loader, disturbed, steal, _machine = notices(make(change=spoil))
    assert loader.endswith("in 4 of 12 steps: their figures are not the server's limits.")
    assert disturbed.endswith("in 12 of 12 steps: stop other programs, then measure again.")
    assert steal.endswith("in 4 of 12 steps: measure again when they are quiet.")


def test_an_interrupted_run_says_so(make):
    measured = make()
    measured.about.interrupted = True
    measured.about.left_out = ["trio cannot run here"]
    stated = ["This run did not come to its end.", "Left out: trio cannot run here."]
    assert list(notices(measured))[:2] == stated


def test_the_facts_name_machine_plan_servers_and_ceiling(make):
    stated = facts(make())
    assert stated["Machine"]["memory"] == "6.00 GB"
    assert stated["Machine"]["CPUs of the loader, the server"] == "loader: 0; server: 1"
    assert stated["Workloads"]["paced"] == "open loop, 1 message/s per client, 64 B"
    assert stated["Servers"]["threaded"].startswith("thread per connection, Python, echo")
    assert stated["Loader ceiling"]["10 connections, 64 B"].startswith("160,000 messages/s")
    assert stated["Limits"]["somaxconn"] == "4,096"
