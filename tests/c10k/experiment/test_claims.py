"""Claims in experiment files: those that come with c10k, and those that cannot be answered."""

import json
import tomllib
from pathlib import Path

import pytest

from c10k.experiment.config import content_of, overridden, plan_of
from c10k.experiment.shipped import experiment, names
from tests.c10k.cli.conftest import SMALL, c10k
from tests.reports.parsed import grid, page_of

CLAIMS = [name for name in names() if name.startswith("claims/")]
FIGURE = {
    "says": "it is quick",
    "measure": "response_p50_ms",
    "server": "threaded",
    "value": 1,
    "unit": "ms",
    "workload": "saturated",
    "clients": 2,
}


def planned(**figure):
    claim = {"title": "Quick", "source": "a page", "figures": [FIGURE | figure]}
    content = {"servers": ["threaded"], "workloads": ["saturated"], "steps": [2, 3]}
    return plan_of(content | {"claims": [claim]}, "mine.toml: {}".format)


@pytest.mark.parametrize("name", CLAIMS)
def test_each_claim_that_comes_with_us_can_be_answered(name):
    plan = plan_of(content_of(experiment(name)), str)
    assert plan.claims
    assert all(claim.source for claim in plan.claims)


@pytest.mark.parametrize(
    ("figure", "why"),
    [
        ({"measure": "speed", "unit": ""}, "measure: 'speed' is not known here"),
        ({"measure": "response_p5_ms"}, "response_p50_ms"),
        ({"measure": "response_p50_ms_per_connection"}, "is no sum over connections"),
        ({"server": "nginx"}, "server: 'nginx' is not known here; there are threaded"),
        ({"over": "nginx", "unit": "×"}, "server: 'nginx'"),
        ({"unit": "KB"}, "unit: 'KB' is not known here; there are ns, us, ms, s"),
        ({"over": "threaded", "unit": "ms"}, "unit: 'ms'"),
        ({"workload": "paced"}, "workload: 'paced' is not known here; there are saturated"),
        ({"clients": 7}, "clients: '7' is not known here; there are 2, 3"),
        ({"value": -1}, "value"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_claim_that_nothing_answers_is_refused_in_one_line(figure, why):
    with pytest.raises(ValueError, match="claims") as refused:
        planned(**figure)
    assert why in str(refused.value)
    assert "\n" not in str(refused.value)


PAGE = Path(__file__).parents[3] / "docs" / "experiments.md"
PUBLICATION = PAGE.read_text().partition("one of each:\n\n```toml\n")[2].partition("```")[0]


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ('servers = ["threaded", "asyncio_streams"]   #', "#", "a claim with tables needs servers"),
        ('server = "threaded"\nstage', 'server = "nginx"\nstage', "'nginx' is not among its"),
        ('"asyncio_streams"]   #', '"nginx"]   #', "server 'asyncio_streams' is not among its"),
        (
            '["threaded", "asyncio_streams"]\nwork',
            '["threaded"]\nwork',
            "server: 'asyncio_streams'",
        ),
        ('measure = "messages_per_s"', 'measure = "speed"', "measure: 'speed' is not known"),
        ('"9 GB"', '"9 ms"', "unit: 'ms' is not known here; there are B, KB, MB, GB"),
        ('"9 GB"', '"nine"', "figures"),
        ("clients = 4, figures", "figures", "median: response_p50_ms needs clients"),
        ("under {workload}", "under {wrokload}", "value: 'wrokload' is not known here"),
        ('name = "words"', 'name = "rates"', "two tables are called 'rates'"),
        ('name = "words"', 'name = "../../x"', "name"),
        ('workload = "closed"', 'workload = "clsed"', "workload: 'clsed' is not known here"),
        ("rows = [", "colour = [", "colour"),
    ],
)
def test_a_table_that_nothing_answers_is_refused_in_one_line(old, new, why):
    assert old in PUBLICATION
    content = tomllib.loads(PUBLICATION.replace(old, new, 1))
    with pytest.raises(ValueError, match=r"^mine.toml: claims") as refused:
        plan_of(content, "mine.toml: {}".format)
    assert why in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.system
def test_claims_with_tables_and_without_are_added_by_a_file_alone(tmp_path):
    file, run = tmp_path / "mine.toml", tmp_path / "run"
    figure = "".join(f"{key} = {json.dumps(value)}\n" for key, value in FIGURE.items())
    quick = '[[claims]]\ntitle = "Threads are quick"\nsource = "a page"\n\n[[claims.figures]]\n'
    file.write_text(f"{PUBLICATION}\n{quick}{figure}")
    small = [option for option in SMALL if option != "--no-report"]
    ended = c10k("run", "--config", file, *small, "--out", run)
    assert ended.returncode == 0, ended.stderr
    page = page_of(run / "report")
    assert "“The leaflet” is a leaflet of the fair." in page.one("p", class_="what").text()
    tables = {
        name: grid(page.one("table", id=f"table-claims-1-{name}"))
        for name in ("sizes-saturated", "rates-saturated", "parts-saturated", "words")
    }
    (threads, _median, memory), (loop, *_) = tables["sizes-saturated"]
    assert (threads, loop) == ("threaded", "asyncio_streams")
    assert "9 GB" in memory
    assert [row[0] for row in tables["rates-saturated"]] == ["2", "4"]
    _clients, rate, _other, ratio = tables["rates-saturated"][0]
    assert "1,234" in rate
    assert "246.8×" in ratio
    assert tables["parts-saturated"][0][1] == "the wait"
    figure, better = tables["words"]
    assert figure[0] == "4 clients take 7 s"
    assert "at threaded, saturated, 4" in figure[1]
    assert better[0] == "loops fit"
    titles = [each.text() for each in page.all("figcaption")]
    assert any(each.startswith("The leaflet's graph, saturated") for each in titles)
    assert "the book" not in page.one("main").text().lower()
    assert any("Threads are quick" in each.text() for each in page.all("h3"))
    assert "it is quick" in (run / "report" / "tables" / "claims-2.csv").read_text()


def test_options_that_change_what_is_measured_leave_the_claims_out():
    content = content_of(experiment("claims/uvloop"))
    assert overridden(content, {"repeat": 3})["claims"]
    assert "claims" not in overridden(content, {"steps": (10,)})
    assert "claims" not in overridden(content, {"size": 64})


def test_two_claims_cannot_write_one_table():
    content = tomllib.loads(PUBLICATION.replace('name = "words"', 'name = "words"\npart = "t1"'))
    both = content | {"claims": 2 * content["claims"]}
    with pytest.raises(ValueError, match="two tables are called"):
        plan_of(both, str)
