"""What nobody should type, in every command: one line with a remedy and the right exit status.

No traceback, no hang, nothing left behind. What a server's own options refuse is in
tests/servers/test_catalogue.py; what experiment files refuse, in
tests/c10k/experiment/test_config.py.
"""

import pytest

from c10k.cli.main import main

LONG = "x" * 300
NOWHERE = "127.0.0.1:9"  # a wrong argument is refused before anything connects
WRONG, UNABLE = 2, 3

COUNT = "a count is a whole number, such as 100, 1,000 or 10k; got"
DURATION = "a duration is a number with ms, s, m or h, such as 250ms, 10s or 2m; got"
SIZE = "a size is a number of bytes, or of k, m or g, such as 64, 256k or 1m; got"
SHARE = "a share is from 0% to 100%, such as 1% or 0.01; got"
NUMBER = "a number has digits and perhaps k or m, such as 0.5, 100 or 10k; got"
TARGET = "such as 127.0.0.1:9000 or http://127.0.0.1:8080/page; got"
CPUS = "CPUs are numbers and ranges, such as 0,2-3; got"
HELP = "; see `c10k load --help`"

OPTIONS_OF_LOAD = [
    # how many
    (["-c", ""], COUNT),
    (["-c", "0"], "must be from 1 to 1,000,000,000; got '0'"),
    (["-c", "-5"], COUNT),
    (["-c", "1e3"], COUNT),
    (["-c", "10g"], COUNT),
    (["-c", "1,00"], COUNT),
    (["-c", "∞"], COUNT),
    (["-c", "\u0663"], COUNT),  # a digit, but of another script
    (["-c", "9" * 5000], COUNT),
    (["--threads", "257"], "must be from 1 to 256; got '257'"),
    (["--messages-per-connection", "4294967296"], "must be from 1 to 4,294,967,295"),
    # how long
    (["-d", ""], DURATION),
    (["-d", "0"], "must be above 0 and at most 86,400 s; got '0'"),
    (["-d", "25h"], "must be above 0 and at most 86,400 s; got '25h'"),
    (["-d", "inf"], DURATION),
    (["-d", "NaN"], DURATION),
    (["-d", "1m1"], DURATION),
    (["-d", "1e-9"], DURATION),
    (["--timeout", "inf"], DURATION),
    (["--timeout", "0s"], "must be above 0 and at most 86,400 s; got '0s'"),
    (["--timeout", "-1s"], "expected one argument" + HELP),
    # how much
    (["--size", "0"], "must be from 1 to 16,777,216 bytes; got '0'"),
    (["--size", "17m"], "must be from 1 to 16,777,216 bytes; got '17m'"),
    (["--size", "64ms"], SIZE),
    (["--size", "0.3k"], SIZE),
    (["--protocol", "download", "--expect", "0"], "from 1 to 1,073,741,824 bytes"),
    (["--protocol", "download", "--expect", "2g"], "must be from 0 to 1,073,741,824 bytes"),
    (["--rate", "0"], "must be from 0.000001 to 1,000,000/s; got '0'"),
    (["--rate", "inf"], NUMBER),
    (["--rate", "10/s"], NUMBER),
    (["--active", "0%"], "must be above 0 and at most 1; got '0%'"),
    (["--active", "101%"], SHARE),
    (["--max-failed", "2"], SHARE),
    (["--max-failed", "few"], SHARE),
    # where the loader runs
    (["--cpus", ""], CPUS),
    (["--cpus", "1-0"], CPUS),
    (["--cpus", "0,,1"], CPUS),
    (["--cpus", "-1"], CPUS),
    (["--cpus", "999999999"], "CPU 999999999 is not available here"),
    (["--cpus", "0-999999999"], "is not available here; this process may use ["),
    (["--engine", "fast"], "invalid choice: 'fast'"),
    # what contradicts itself, or would change nothing
    (["--seed", "1"], "need --rate: a closed loop has no schedule"),
    (["--rate", "1", "--seed", "1"], "--seed is for --arrivals poisson"),
    (["--rate", "1", "--arrivals", "poisson", "--seed", "1.5"], "is written in digits"),
    (["--spin"], "need --rate: a closed loop has no schedule"),
    (["--quiet", "--percentiles"], "leave out --series and --percentiles"),
    (["--protocol", "download"], "--protocol download needs --expect"),
    (["--path", "/x"], "--path is for http"),
    # what is sent
    (["--protocol", "http", "--path", ""], "the path begins with /"),
    (["--protocol", "http", "--path", "/\r\nHost: x"], "the path begins with /"),
    (["--protocol", "http", "--path", "/" + "x" * 40_000], "the path begins with /"),
    (["--protocol", "raw", "--send", "", "--expect", "1"], "raw sends from 1 to"),
    (["--protocol", "raw", "--send", "\\", "--expect", "1"], r"write \\ for a backslash"),
    (["--protocol", "raw", "--send", r"\u1234", "--expect", "1"], "one character a byte"),
    # where it is written
    (["--json", ""], "--json needs the name of a file; got ''"),
    (["--json", "folder"], "--json folder cannot be written: Is a directory; name another"),
    (["--json", "nowhere/x"], "cannot be written: No such file or directory; name another"),
    (["--json", "file/x"], "cannot be written: Not a directory; name another"),
    (["--json", "loop"], "cannot be written: Too many levels of symbolic links"),
    (["--json", LONG], "cannot be written: File name too long"),
    (["--json", "both", "--hdr", "./both"], "name the same file"),
    (["--hdr", "-"], "--hdr needs the name of a file; got '-'"),
    (["--hdr", ""], "--hdr needs the name of a file; got ''"),
    # what there is not
    (["extra"], "unrecognized arguments: extra" + HELP),
    (["--nosuch\n"], r"unrecognized arguments: --nosuch\n" + HELP),
    (["--size"], "expected one argument" + HELP),
]
TARGETS = [
    *("", "9", "localhost", ":", "::", ":80", "h:0", "h:-1", "h:65536", "h:1/x", "::1:9", "[::1:9"),
    *(
        "http://",
        "http:///x",
        "http://h:x",
        "http://u:p@h/",
        "tls://h",
        "ftp://h",
        "tcp://h",
        "\x1b[31m:80",
    ),
]
NAMES = ["a..b:80", ".:80", "a b:80", "\x1bc:80", "\udcff:80", f"{LONG}.example:80"]
OTHERS = ["192.0.2.1:80", "http://[2001:db8::1]/x", "224.0.0.1:9", "255.255.255.255:9", "1:80"]

CASES = [
    *((["load", NOWHERE, *options], WRONG, message) for options, message in OPTIONS_OF_LOAD),
    *((["load", target], WRONG, TARGET) for target in TARGETS),
    *((["load", target], UNABLE, "cannot reach ") for target in NAMES),
    *((["load", target], WRONG, "another host: load only what is yours") for target in OTHERS),
    (["client", "127.0.0.1"], WRONG, "required: PORT; see `c10k client --help`"),
    (["client", "127.0.0.1", "0"], WRONG, "must be from 1 to 65,535; got '0'"),
    (["client", "127.0.0.1", "65536"], WRONG, "must be from 1 to 65,535; got '65536'"),
    (["client", "127.0.0.1", "-1"], WRONG, "is written in digits; got '-1'"),
    (["client", "127.0.0.1", "8k"], WRONG, "is written in digits; got '8k'"),
    (["client", "a..b", "9"], UNABLE, "no host can have such a name"),
    (["client", "\x1b[31m", "9"], UNABLE, r"cannot reach \x1b[31m port 9"),
    (["worker", "--cpu", "2147483647"], WRONG, "--cpu: CPU 2147483647 is not available here"),
    (["doctor", "-c", "-5"], WRONG, COUNT),
    (["doctor", "-c", "0"], WRONG, "must be from 1 to 1,000,000,000"),
    (["doctor", "-c", "1e10"], WRONG, COUNT),
    (["doctor", "-c", "nan"], WRONG, COUNT),
    (["doctor", "extra"], WRONG, "see `c10k doctor --help`"),
    (["servers", "--json", ""], WRONG, "--json needs the name of a file"),
    (["servers", "--json", "folder"], WRONG, "Is a directory; name another file"),
    (["servers", "--json", "nowhere/x"], WRONG, "No such file or directory; name another"),
    (["servers", "--json", "/dev/full"], 1, "--json /dev/full cannot be written: No space left"),
    (["servers", "--json"], WRONG, "see `c10k servers --help`"),
    ([], WRONG, "required: COMMAND; see `c10k --help`"),
    ([""], WRONG, "invalid choice: ''"),
    (["lod"], WRONG, "invalid choice: 'lod'"),
    (["\x1b[31m"], WRONG, r"invalid choice: '\x1b[31m'"),
    (["--nosuch"], WRONG, "see `c10k --help`"),
    # refused elsewhere, each with a message of its own
    *((["serve", spec], WRONG, "") for spec in ("", ",", "threaded,", "threaded,=", "THREADED")),
    (["serve", "threaded,stack=-1"], WRONG, SIZE),
    (["serve", "threaded,stack=9999999g"], WRONG, SIZE),
    (["serve", "threaded,handler=cpu:2h"], WRONG, "up to an hour"),
    (["serve", "threaded,gil_hog=1ms:"], WRONG, DURATION),
    (["serve", "threaded,python=/nonexistent"], UNABLE, "no interpreter '/nonexistent'"),
    (["serve", "threaded", "--port", "65536"], WRONG, "65"),
    (["serve", "threaded", "--host", "192.0.2.1"], WRONG, "cannot listen"),
    (["serve", "threaded", "--host", "a..b"], WRONG, ""),
    (["ui", "--port", "-1"], WRONG, "port"),
    (["ui", "--server", "threaded,stack=x"], WRONG, SIZE),
    (["ui", "--command", "a=/nonexistent {port}"], UNABLE, "no program '/nonexistent'"),
    (["ui", "--host", "0.0.0.0"], WRONG, "add --login USER"),
    (["ui", "--host", "localhost.example"], WRONG, "--host must be an address"),
    (["ui", "--locustfile", "nowhere"], WRONG, "nowhere is no file"),
    *((["report", run], WRONG, run) for run in ("nowhere", "file", "loop", "folder")),
    *((["export", run], WRONG, run) for run in ("nowhere", "file", "loop", "folder")),
    *((["compare", run, "folder"], WRONG, run) for run in ("nowhere", "file", "loop", "folder")),
    (["compare", "folder"], WRONG, "required: HEAD; see `c10k compare --help`"),
    (["compare", "folder", "folder", "--json", "folder"], WRONG, "--json folder cannot be written"),
    (["compare", "\x1b[31m", "folder"], WRONG, r"\x1b[31m is not the directory of a run"),
    (["export", "folder", "--format", "xml"], WRONG, "invalid choice: 'xml'"),
    (["export", "folder", "-o", "nowhere/x"], WRONG, "No such file or directory; name another"),
    *((["history", runs], WRONG, f"{runs} holds no run") for runs in ("nowhere", "file", "loop")),
    (["history"], WRONG, "required: DIR; see `c10k history --help`"),
    (["history", LONG], WRONG, "cannot be read: File name too long"),
    (["report", LONG], WRONG, "cannot be read: File name too long"),
    (["history", "folder", "--json", "nowhere/x"], WRONG, "cannot be written"),
    *((["run", "--resume", run], WRONG, run) for run in ("nowhere", "file", "loop", "folder")),
    *((["run", "--config", file], WRONG, file) for file in ("nowhere", "folder", "loop", "binary")),
    *((["run", "--steps", steps], WRONG, "steps") for steps in ("0", "x", "10,,20", "10,10")),
    *((["run", "--steps", "9" * n], WRONG, "at most 1,000,000,000") for n in (10, 30, 5000)),
    (["run", "--steps", "9" * 9], UNABLE, "connections do not fit"),
    *((["run", "--duration", time], WRONG, "duration") for time in ("-1", "inf", "", "1d", "2h")),
    *((["run", "--repeat", repeat], WRONG, "repeat") for repeat in ("0", "1.5", "x", "9" * 9)),
    *((["run", "--slo-p99", slo], WRONG, "slo-p99") for slo in ("nan", "-1", "x")),
    (["run", "--slo", "respons_p99_ms < 50"], WRONG, "did you mean 'response_p99_ms'?"),
    (["run", "--slo", "errors{server=nobody} < 1"], WRONG, "Planned: threaded, asyncio_streams"),
    *((["run", f"--{name}", "-"], WRONG, f"--{name} needs") for name in ("junit", "markdown")),
    (["run", "--junit", "x", "--markdown", "./x"], WRONG, "--junit and --markdown name the same"),
    *((["run", "--server", spec], WRONG, "server") for spec in ("", "threaded,,")),
    *((["run", "--command", command], WRONG, "command") for command in ("", "x", "x=", "=x")),
    (["run", "--command", "a='unclosed"], WRONG, "command"),
    (["run", "--command", "a=/nonexistent {port}"], UNABLE, "no program '/nonexistent'"),
    (["run", "--out", "file", "--force"], WRONG, "file"),
    (["run", "--out", "file/x", "--force"], WRONG, "file/x"),
    (["run", "--out", ""], WRONG, "--out: needs the name of a directory"),
    *((["run", "--json", file], WRONG, "--json") for file in ("", "folder", "file/x", "loop")),
    *((["run", "--rate", rate], WRONG, "rate") for rate in ("", "0", "nan", "-1", "1e-9", "2m")),
    *((["run", "--size", size], WRONG, "size") for size in ("", "0", "1g", "-1", "1.5")),
    *((["run", "--workload", own], WRONG, "workload") for own in ("", ",", "a,", "../a,rate=1")),
    (["run", "--workload", "a,send=\\,protocol=raw,expect=1"], WRONG, "workload"),
    (["run", "--workload", "\x1b[31m,rate=1"], WRONG, "workload"),
    (["run", "--config", ""], WRONG, "no experiment is called ''"),
    (["run", "--config", "chaptr"], WRONG, "did you mean 'chapter'"),
    # what is misspelled, contradicts itself, or is not for what is asked
    (["run", "--server", "treaded"], WRONG, "did you mean 'threaded'"),
    (["run", "--server", "threaded,speed=9"], WRONG, "no option 'speed'"),
    (["run", "--server", "threaded", "--server", "threaded"], WRONG, "given twice"),
    (["run", "--server", "threaded,python=python0.0"], UNABLE, "no interpreter 'python0.0'"),
    (["run", "--workload", "heavy"], WRONG, "there are paced, saturated"),
    (["run", "--workload", "download"], WRONG, "threaded cannot serve download"),
    (["run", "--workload", "mine,rate=5,szie=1"], WRONG, "did you mean 'size'"),
    (["run", "--workload", "paced,rate=5"], WRONG, "choose another name"),
    (["run", "--size", "64", "--server", "nginx"], WRONG, "--size is for servers that echo"),
    (["run", "--repeat", "1000", "--config", "c10k"], WRONG, "100,000 of one run: ask for fewer"),
    *(
        (["run", "--resume", "nowhere", *option], WRONG, f"leave out {option[0]}")
        for option in (["--size", "9"], ["--find-max"], ["--steps", "10"])
    ),
    (["serve", "nobody"], WRONG, "no server is called 'nobody'"),
    (["ui", "--server", "nobody"], WRONG, "no server is called 'nobody'"),
    (["ui", "--server", "threaded", "--server", "threaded"], WRONG, "given twice"),
]


@pytest.fixture
def _folder(tmp_path, monkeypatch):
    """Where what is wrong with files can be shown, and nothing else may appear."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    yield
    assert sorted(path.name for path in tmp_path.iterdir()) == ["binary", "file", "folder", "loop"]


@pytest.mark.timeout(60)
@pytest.mark.usefixtures("_folder")
@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    CASES,
    ids=[" ".join(case[0]).encode("ascii", "backslashreplace").decode()[:60] for case in CASES],
)
def test_one_line_and_the_right_exit_status(arguments, status, message, capsys):
    assert main(arguments) == status
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith("c10k: ")
    assert message in shown.err
    assert shown.err.count("\n") == 1
    assert "\x1b" not in shown.err
    assert "Errno" not in shown.err
