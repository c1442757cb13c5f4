"""What is to be loaded, as people write it."""

import pytest

from c10k.loadgen.target import Target, parse_target


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("127.0.0.1:9000", Target("127.0.0.1", 9000)),
        ("localhost:09", Target("localhost", 9)),
        ("[::1]:9000", Target("::1", 9000)),
        ("tcp://127.0.0.1:9000", Target("127.0.0.1", 9000)),
        ("http://h", Target("h", 80, "http")),
        ("http://h:8080", Target("h", 8080, "http")),
        ("HTTP://h/", Target("h", 80, "http", "/")),
        ("http://[::1]:8080/a/b?c=d&e#top", Target("::1", 8080, "http", "/a/b?c=d&e")),
        ("http://h?c=d", Target("h", 80, "http", "/?c=d")),
        ("https://h", Target("h", 443, "http", tls=True)),
        ("https://h:8443/a", Target("h", 8443, "http", "/a", tls=True)),
        ("tls://h:9000", Target("h", 9000, tls=True)),
        ("unix:/x", Target("unix:/x", 0)),
        ("ws://h", Target("h", 80, "websocket")),
        ("WS://[::1]:8080/chat?room=1", Target("::1", 8080, "websocket", "/chat?room=1")),
        ("wss://h/chat", Target("h", 443, "websocket", "/chat", tls=True)),
    ],
)
def test_host_and_port_or_a_url(text, target):
    assert parse_target(text) == target


@pytest.mark.parametrize(
    "text",
    [
        *("", "localhost", ":9", "h:", "h:0", "h:70000", "h:nine", "h:-9", "h:+9", "h:1_0", "h:٩"),
        *("::1:9", "[::1:9", "h:1:2", "h:9/path", "u@h:9", "tcp://h", "tcp://h:1/x", "tcp://"),
        *("http://", "http:///x", "http://h:99999", "http://u:p@h", "ftp://h", "://h:1", "ws://"),
        *("ws://u@h", "ws://:9", "ws://h:0", "tls://h"),
    ],
)
def test_anything_else_is_refused_with_examples(text):
    with pytest.raises(
        ValueError, match=r"127.0.0.1:9000 or http://127.0.0.1:8080/page; got "
    ) as e:
        parse_target(text)
    assert repr(text) in str(e.value)


def test_a_unix_socket_has_a_path_that_the_kernel_can_hold():
    for path in ("/x", "@name", "a b", "x" * 107):
        assert parse_target(f"unix:{path}") == Target(f"unix:{path}", 0)
    for path in ("", "x" * 108, "é" * 54):
        with pytest.raises(ValueError, match="from 1 to 107 bytes"):
            parse_target(f"unix:{path}")
