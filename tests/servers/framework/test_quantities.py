"""How quantities are written: what is read, exactly, and what is refused in one line."""

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from c10k.servers.framework.quantities import (
    count,
    number,
    seconds,
    share,
    size_bytes,
    unescaped,
)

READ = {
    seconds: {"10": 10, "0.5": 0.5, ".5": 0.5, "0": 0, "10s": 10, "2m": 120, "1h": 3600}
    | {"1.5h": 5400, "250ms": 0.25, "1m30s": 90, "1h 2m 3s": 3723, "2 M": 120, "1,000ms": 1}
    | {"50\u00b5s": 50e-6, "50\u03bcs": 50e-6},  # the micro sign, and the Greek letter
    size_bytes: {"64": 64, "64b": 64, "64k": 65536, "64K": 65536, "64KB": 65536, "64 KiB": 65536}
    | {"1m": 2**20, "1.5m": 3 * 2**19, "1g": 2**30, "1,024": 1024, "10_000": 10000},
    count: {"10": 10, "1,000": 1000, "1,000,000": 10**6, "10_000": 10**4, "10k": 10**4}
    | {"1.5k": 1500},
    number: {"0.5": 0.5, "100": 100, "1,000": 1000, "10k": 10**4, "1.5": 1.5},
    share: {"1%": 0.01, "0.01": 0.01, "100%": 1, "0%": 0, "1": 1, "0.5 %": 0.005},
}
EXAMPLES = {
    seconds: "250ms, 10s or 2m",
    size_bytes: "64, 256k or 1m",
    count: "100, 1,000 or 10k",
    number: "0.5, 100 or 10k",
    share: "1% or 0.01",
}
NOTHING = ("", " ", "x", "-1", "+1", "inf", "nan", "1e4", "0x10", "1..2", "1,00", "1,2345", "1 2")
NOTHING += ("٣",)  # a digit in Arabic
REFUSED = {
    seconds: ("10x", "5m3", "s", "1ss", "1k", "1s1", "9" * 400),
    size_bytes: ("64kk", "1.5", "1t", "64ms", "0.3k", "k", "9" * 20, "8e9", "99999999g"),
    count: ("1.5", "10g", "1.0001k", "10kk", "9" * 5000),
    number: ("1g", "10%"),
    share: ("101%", "1.5", "2k"),
}


@pytest.mark.parametrize("read", READ)
def test_what_is_read(read):
    for text, value in READ[read].items():
        assert read(text) == value, text
        assert type(read(text)) is (int if read in (size_bytes, count) else float)


@pytest.mark.parametrize("read", READ)
def test_what_is_refused_with_examples(read):
    for text in (*NOTHING, *REFUSED[read]):
        with pytest.raises(ValueError, match=EXAMPLES[read]) as raised:
            read(text)
        message = str(raised.value)
        assert repr(text[:40])[:-1] in message
        assert len(message.splitlines()) == 1
        assert len(message) < 200


@pytest.mark.parametrize("read", READ)
@settings(max_examples=20)
@given(text=st.text())
def test_anything_else_is_a_value_error(read, text):
    with contextlib.suppress(ValueError):
        assert read(text) >= 0


def test_bytes_are_written_as_in_c():
    assert unescaped(r"PING\r\n\x00 \\") == "PING\r\n\0 \\"
    assert unescaped("é") == "\xc3\xa9", "as UTF-8"
    with pytest.raises(ValueError, match=r"truncated .* write \\\\ for a backslash"):
        unescaped(r"\x")


@settings(max_examples=20)
@given(st.integers(0, 10**9))
def test_numbers_as_python_groups_them(whole):
    assert count(f"{whole:,}") == count(f"{whole:_}") == count(str(whole)) == whole
