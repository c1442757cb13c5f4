import pytest

from c10k.reports.chapter import claims
from c10k.reports.chapter.claims import Claim, roles


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("500", 500),
        ("10,000", 10_000),
        ("8,192 KB", 8 * 2**20),
        ("78.2 GB", 78.2 * 2**30),
        ("0.3", 0.3),
    ],
)
def test_a_claim_has_the_value_of_its_text(text, value):
    assert Claim(text, "1 ms").value("synchronous") == pytest.approx(value)
    assert Claim("1 ms", text).value("asynchronous") == pytest.approx(value)


def test_the_chapters_ratios_follow_from_its_figures():
    claimed = {10: 1.7, 100: 3, 1_000: 6.3, 10_000: 13.3}  # as the chapter prints them
    for clients, claim in claims.RESPONSE_BY_CLIENTS.items():
        ratio = claim.value("synchronous") / claim.value("asynchronous")
        assert ratio == pytest.approx(claimed[clients], abs=0.05)
    for claim in claims.MEMORY.values():
        assert 1 - claim.value("asynchronous") / claim.value("synchronous") >= 0.998


def test_the_chapters_own_pair_stands_for_its_columns():
    servers = [
        ("asyncio_protocol", "asyncio_protocol", "event loop"),
        ("threaded,stack=256k", "threaded", "thread per connection"),
        ("threaded", "threaded", "thread per connection"),
        ("asyncio_streams", "asyncio_streams", "event loop"),
    ]
    assert roles(servers) == {"synchronous": "threaded", "asynchronous": "asyncio_streams"}


def test_other_servers_stand_for_a_column_by_their_model():
    servers = [
        ("mine", "mine", ""),
        ("loops", "loops", "event loop on several threads"),
        ("pool", "pool", "thread pool"),
    ]
    assert roles(servers) == {"synchronous": "pool", "asynchronous": "loops"}


def test_a_column_without_a_server_is_absent():
    assert roles([("threaded,stack=256k", "threaded", "thread per connection")]) == {
        "synchronous": "threaded,stack=256k"
    }
    assert roles([("mine", "mine", "")]) == {}
