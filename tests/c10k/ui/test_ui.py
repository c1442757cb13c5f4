"""`c10k ui` as a person and as a hostile page see it."""

import json
import re

import psutil
import pytest

from c10k.results.store import read_run
from tests.conftest import PATIENCE_MS

pytestmark = [pytest.mark.system, pytest.mark.xdist_group("ui")]

USERS = 20
BROKEN = """
from locust import User, task

class Broken(User):
    @task
    def fail(self):
        raise RuntimeError("boom")
"""
WITHIN = 0.02


def near(ours, theirs):
    return abs(ours - theirs) <= WITHIN * theirs


@pytest.mark.browser
def test_a_browser_drives_a_test_and_opens_its_report(ui, browser):
    with ui("--server", "threaded", "--server", "asyncio_streams") as served:
        page = browser.new_page()
        page.set_default_timeout(PATIENCE_MS)
        asked = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(served.url)
        page.locator("input[name=userCount]").fill(str(USERS))
        page.locator("input[name=spawnRate]").fill(str(USERS))
        page.get_by_text("Custom parameters").click()
        page.locator("select[name=server]").select_option("threaded")
        page.locator("input[name=rate]").fill("10")
        page.get_by_role("button", name="Start").click()

        page.get_by_role("link", name="Server").click()
        line = page.locator("[data-figure=threads] > svg > path").first
        phase = page.locator("[data-phase]")
        phase.filter(has_text="warming up").wait_for()
        before = line.get_attribute("d")
        phase.filter(has_text="measuring").wait_for()
        assert line.get_attribute("d") != before, "the chart moves"
        row = page.locator("tr.loaded td")
        process = psutil.Process(int(row.nth(0).text_content()))
        point = served.live()["point"]["servers"]["threaded"]
        assert near(point["rss_bytes"], process.memory_info().rss)
        assert point["threads"] == process.num_threads() == USERS + 1
        assert point["descriptors"] == process.num_fds()
        spent = sum(process.cpu_times()[:2])
        assert abs(served.live()["point"]["servers"]["threaded"]["cpu_s"] - spent) < 0.05 + (
            WITHIN * spent
        )
        assert row.nth(3).text_content() == str(USERS + 1)

        page.get_by_role("link", name="Latency").click()
        tile = page.locator("[data-tile=messages_per_s]")
        tile.filter(has_text=re.compile(r"\b(19|20)\d\b")).wait_for()  # a second's, of 200 due
        assert page.locator("[data-chart=spectrum] > svg > path").first.get_attribute("d")
        phase.filter(has_text="stored").wait_for()
        page.get_by_role("link", name="Chapter").click()
        page.locator("#table-t3-response-time-game").wait_for()

        page.get_by_role("link", name="Load").click()
        page.get_by_role("button", name="Stop").click()
        page.locator("[data-report]").click()
        for table in ("t1-server-types-game", "t2-memory", "t3-response-time-game"):
            page.locator(f"#table-{table}").wait_for()
        assert {url.split("/")[2] for url in asked if "://" in url} == {served.url.split("/")[2]}
        page.close()

        status, out = served.interrupt()
        assert (status, out.splitlines()) == (130, [str(served.directory)])
    run = read_run(served.directory)
    assert run.manifest["finished_at"]
    (step,) = run.steps.to_dict("records")
    assert (step["server"], step["workload"], step["connections"]) == ("threaded", "game", USERS)
    assert (step["status"], step["connected"], step["windows"]) == ("ok", USERS, 3)
    assert step["lost"] == 0
    assert step["messages_per_s"] == pytest.approx(10 * USERS, rel=0.2)  # a busy machine is late
    assert step["threads"] == USERS + 1


def test_it_answers_its_own_pages_alone_and_says_what_is_wrong(ui, tmp_path):
    broken = tmp_path / "broken.py"
    broken.write_text(BROKEN)
    arguments = ("--server", "threaded", "--login", "ann", "--locustfile", str(broken))
    with ui(*arguments, C10K_UI_PASSWORD="right") as served:
        # Nobody gets in without the password, and nobody guesses it.
        for path in ("/", "/c10k/server", "/c10k/live", "/stats/requests", "/c10k/report/"):
            status, _, headers = served.get(path)
            assert status == 302
            assert headers["Location"].startswith("/login")
        wrong = {"username": "ann", "password": "wrong"}
        right = wrong | {"password": "right"}
        assert served.post("/login-submit", wrong)[2]["Location"] == "/login"
        status, _, headers = served.post("/login-submit", right)
        assert (status, headers["Location"]) == (302, "/")
        cookie = headers["Set-Cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=Strict" in cookie
        served.cookie = cookie.partition(";")[0]
        assert served.get("/c10k/server")[0] == 200

        # A page of another origin changes nothing, and reads nothing.
        evil = "http://evil.example"
        for headers in (
            {"Origin": evil},
            {"Origin": "null"},
            {"Origin": None},
            {"Origin": None, "Referer": f"{evil}/page"},
            {"Sec_Fetch_Site": "cross-site"},
        ):
            for path in ("/swarm", "/stop", "/stats/reset", "/user", "/login-submit"):
                assert served.post(path, **headers)[0] == 403, (path, headers)
        for path in ("/stop", "/stats/reset", "/stop/"):
            assert served.get(path)[0] == 403
            assert served.get(path, Referer=f"{evil}/page")[0] == 403
        assert served.press("/stats/reset") == 200
        for host in ("evil.example", f"evil.example:{served.url.rpartition(':')[2]}", "["):
            assert served.get("/", Host=host)[0] in (400, 421), host
        _, _, headers = served.get("/", Origin=evil)
        assert not [name for name in headers if name.lower().startswith("access-control")]
        assert headers["X-Frame-Options"] == "DENY"
        assert served.get("/c10k/report/..%2f..%2fetc%2fpasswd")[0] == 404

        # What cannot be is refused in one line, in the form.
        for options, line in (
            ({"host": "tcp://192.0.2.1:9000"}, "only the servers that this command started"),
            ({"server": "nobody"}, "no server 'nobody'"),
            ({"size": "abc"}, "size: must be a number, not 'abc'"),
            ({"size": "0"}, "size"),
            ({"user_classes": "Nobody"}, "there is no 'Nobody'"),
            ({"user_count": "999999999"}, "999,999,999 users are too many for this machine"),
            ({"user_count": "many"}, "user_count: must be a number, not 'many'"),
        ):
            answer = served.start(1, **options)
            assert not answer["success"]
            assert line in answer["message"]
            assert "\n" not in answer["message"]
        settings = {"user_class_name": "EchoUser", "host": "tcp://192.0.2.1:9000"}
        assert served.post("/user", json.dumps(settings).encode())[0] == 403

        assert served.start(0, shape_class="ChapterRamp", ramp_steps="10,5")["success"]
        served.until(lambda state: any("the ramp ascend" in each for each in state["notices"]))
        served.until(lambda state: state["test"] is None)

        # A user class that raises, and a server that dies: the pages say so.
        assert served.start(1, user_classes="Broken")["success"]
        notices = served.until(lambda state: len(state["notices"]) == 2)["notices"]
        assert "Broken: RuntimeError: boom; see Exceptions" in notices
        assert served.press("/stop") == 200
        assert served.start(5)["success"]
        state = served.until(lambda state: "warming up" in (state["test"] or {}).get("phase", ""))
        psutil.Process(state["servers"][0]["pid"]).kill()
        state = served.until(lambda state: state["test"] is None)
        assert "threaded, 5 users: the server died (signal 9" in state["notices"][0]
        assert served.until(lambda state: state["report"] == "ready")["steps"] == 1

        # Nobody tries passwords for long.
        for _ in range(4):
            assert served.post("/login-submit", wrong)[2]["Location"] == "/login"
        assert served.post("/login-submit", right)[0] == 429

        # The next test has a fresh process. Ctrl-C keeps what was measured.
        assert served.start(5)["success"]
        served.until(lambda state: "1 of 3 windows" in (state["test"] or {}).get("phase", ""))
        status, out = served.interrupt()
        assert status == 130
        assert f"`c10k report {served.directory}`" in out
    run = read_run(served.directory)
    assert run.manifest["interrupted"]
    steps = run.steps.sort_values("repeat").to_dict("records")
    assert [each["status"] for each in steps] == ["failed", "ok"]
    assert [each["windows"] for each in steps] == [0, 1]
