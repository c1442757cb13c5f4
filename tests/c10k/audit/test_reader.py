"""Reports of loaders as they print them, and readers that cannot be used."""

import json
import re

import pytest

from c10k.audit.reader import NotUnderstoodError, decoded, readers

WRK = """\
Running 10s test @ http://127.0.0.1:8080/
  1 threads and 100 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency    50.31ms    1.02ms  61.20ms   91.23%
    Req/Sec     1.99k    12.00     2.00k    88.00%
  Latency Distribution
     50%   50.20ms
     75%   50.41ms
     90%   50.93ms
     99%    1.05s
  19900 requests in 10.01s, 2.00MB read
  Socket errors: connect 0, read 3, write 1, timeout 100
  Non-2xx or 3xx responses: 7
Requests/sec:   1988.01
Transfer/sec:    204.8KB
"""


def test_numbers_units_and_sums_are_read(tmp_path):
    found = readers()["wrk"].read(WRK, "", tmp_path)
    assert {name: each.value for name, each in found.items()} == pytest.approx(
        {
            "rate": 1988.01,
            "seconds": 10_010,
            "errors": 111,
            "p50": 50.2,
            "p90": 50.93,
            "p99": 1050,
            "max": 61.2,
            "first_reply": 61.2,
        }
    )
    assert found["p50"].step == pytest.approx(0.01)
    assert found["p99"].step == pytest.approx(10)


def test_errors_that_are_not_printed_are_none(tmp_path):
    quiet = "\n".join(
        line for line in WRK.splitlines() if "errors" not in line and "Non" not in line
    )
    assert readers()["wrk"].read(quiet, "", tmp_path)["errors"].value == 0


def test_a_row_of_csv_and_a_path_of_json(tmp_path):
    (tmp_path / "x_stats.csv").write_text(
        "Type,Name,Request Count,Failure Count,Requests/s,50%,90%,99%,100%\n"
        "GET,/,10,0,1,1,1,1,1\n,Aggregated,1990,3,199.5,51,52,60,1000\n"
    )
    found = readers()["locust"].read("printed", "", tmp_path / "x")
    assert (found["rate"].value, found["p50"].value, found["p50"].step) == (199.5, 51, 1)
    said = {"messages_per_s": 5.0, "duration_s": 2.5, "response_ms": {"p50": 1.25, "p99": None}}
    said["errors"] = {"corrupt": 3, "timeout": 4}
    found = readers()["c10k"].read(json.dumps(said), "c10k: errors", tmp_path / "none")
    assert (found["seconds"].value, found["p50"].value) == (2500, 1.25)
    assert "p99" not in found
    assert found["errors"].value == 7


@pytest.mark.parametrize(
    ("loader", "printed", "errors"),
    [
        (
            "hey",
            "Status code distribution:\n  [200]\t9000 responses\n  [500]\t4 responses\n"
            "  [503]\t2 responses\n\nError distribution:\n"
            '  [30]\tGet "http://127.0.0.1:8080/": EOF\n  [5]\tGet "http://…": reset by peer\n',
            41,
        ),
        (
            "h2load",  # of 7 that failed 5 were errors of the network, 2 of them time-outs
            "requests: 100 total, 100 started, 93 done, 93 succeeded, 7 failed, 5 errored, "
            "2 timeout\n",
            7,
        ),
        (
            "wrk2",
            "  50.000%    1.20ms\n  Socket errors: connect 0, read 3, write 1, timeout 2\n",
            6,
        ),
    ],
)
def test_each_error_is_counted_once(loader, printed, errors, tmp_path):
    assert readers()[loader].read(printed, "", tmp_path)["errors"].value == errors


@pytest.mark.parametrize(
    ("text", "printed", "why"),
    [
        ("figures = { p50 = '([0-9.]+)(\\w+)' }", "5min", "'min': known are us"),
        ("figures = { rate = 'rate (\\S+)' }", "rate many", "'many', which is no number"),
        ("figures = { rate = 'rate (\\S+)' }", "rate nan", "'nan', which is no number"),
        ("figures = { rate = 'rate (\\d+)?' }", "rate ", "'', which is no number"),
        ("figures = { rate = 'a.b' }\nformat = 'json'", '{"a": {"b": [1]}}', "'[1]', which is no"),
        ("figures = { rate = 'a.b' }\nformat = 'json'", "[" * 100_000, "it is no JSON"),
        ("figures = { rate = 'a.b' }\nformat = 'json'", "1" * 5_000, "it is no JSON"),
    ],
)
def test_what_is_no_figure_is_not_understood(text, printed, why, tmp_path):
    reader = decoded(f"programs = ['mine']\n{text}")
    with pytest.raises(NotUnderstoodError, match=re.escape(why)):
        reader.read(printed, "", tmp_path)


@pytest.mark.parametrize("name", sorted(readers()))
def test_what_says_nothing_is_not_understood(name, tmp_path):
    with pytest.raises(NotUnderstoodError):
        readers()[name].read("", "error: cannot connect", tmp_path)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("programs = []", "figures"),
        ("programs = ['x']\nfigures = { speed = '(1)' }", "speed"),
        ("programs = ['x']\nfigures = { rate = '1' }", "group"),
        ("programs = ['x']\nfigures = { rate = '(' }", "missing )"),
        ("programs = ['x']\nfigures = { p50 = '(1)(2)(3)' }", "3 groups"),
        ("programs = ['x']\nformat = 'csv'\nfigures = { p50 = ['a', 'b'] }", "only of text"),
        ("programs = ['x']\nfigures = " + "[" * 100_000, "recursion"),
        ("programs = ['x']\nfigures = { rate = '(a{99999999999})' }", "too large"),
        ("programs = ['x']\nfile = 'report'\nfigures = { rate = '(1)' }", "needs {output}"),
        ("programs = ['x']\nfigures = { rate = '(1)' }\nunit = 'h'", "unit"),
        ("programs = ", "Invalid"),
    ],
)
def test_a_reader_that_cannot_read_is_refused(text, why):
    with pytest.raises(ValueError, match=re.escape(why)):
        decoded(text)
