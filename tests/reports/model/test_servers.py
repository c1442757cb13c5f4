import pytest

from c10k.reports.model.servers import role_of, servers
from c10k.results.manifest import ServerDescription as Described


def roles(*described):
    found = servers(
        [Described(*each) for each in described],
        {label: "echo" for label, _name, _model in described},
    )
    return {server.role: server.label for server in found if server.role}


def test_the_default_pair_stands_for_its_kinds():
    assert roles(
        ("asyncio_protocol", "asyncio_protocol", "event loop"),
        ("threaded,stack=256k", "threaded", "thread per connection"),
        ("threaded", "threaded", "thread per connection"),
        ("asyncio_streams", "asyncio_streams", "event loop"),
    ) == {"synchronous": "threaded", "asynchronous": "asyncio_streams"}


def test_other_servers_stand_for_a_kind_by_their_model():
    assert roles(
        ("mine", "mine", ""),
        ("loops", "loops", "event loop on several threads"),
        ("pool", "pool", "thread pool"),
    ) == {"synchronous": "pool", "asynchronous": "loops"}


def test_a_kind_without_a_server_is_absent():
    assert roles(("threaded,stack=256k", "threaded", "thread per connection")) == {
        "synchronous": "threaded,stack=256k"
    }
    assert roles(("mine", "mine", "")) == {}


def test_servers_that_echo_stand_for_a_kind_first():
    described = [
        Described("nginx", "nginx", "event loop", protocol="http"),
        Described("mine", "mine", "event loop"),
    ]
    nginx, mine = servers(described, {"nginx": "http", "mine": "echo"})
    assert (nginx.role, nginx.kind, mine.role) == (None, "asynchronous", "asynchronous")


def test_of_a_program_of_the_users_what_is_not_known_is_not_stated():
    (mine,) = servers([Described("mine", "mine", "any", "any")], {"mine": "echo"})
    assert (mine.model, mine.language, mine.noun) == ("", "", "mine")


@pytest.mark.parametrize(
    ("threads", "noun"), [(1, "threads"), (2, "threaded")], ids=["alone", "of two"]
)
def test_a_model_names_its_server_where_there_is_one_of_it(threads, noun):
    described = [
        Described(label, "threaded", "thread per connection")
        for label in ("threaded", "threaded,stack=256k")[:threads]
    ]
    found = servers(described, {each.label: "echo" for each in described})
    assert found[0].noun == noun


def test_a_server_that_run_json_does_not_describe_is_last():
    found = servers([Described("b"), Described("a")], {"new": "echo", "a": "echo", "b": ""})
    assert [server.label for server in found] == ["b", "a", "new"]
    assert found[0].protocol == "echo"


def test_an_event_loop_run_by_threads_is_an_event_loop():
    assert role_of("event loop per thread") == "asynchronous"
    assert role_of("process per connection") is None
