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
        ("ws://h", Target("h", 80, "websocket")),
        ("WS://[::1]:8080/chat?room=1", Target("::1", 8080, "websocket", "/chat?room=1")),
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
        *("ws://u@h", "ws://:9", "ws://h:0"),
    ],
)
def test_anything_else_is_refused_with_examples(text):
    with pytest.raises(
        ValueError, match=r"127.0.0.1:9000 or http://127.0.0.1:8080/page; got "
    ) as e:
        parse_target(text)
    assert repr(text) in str(e.value)


@pytest.mark.parametrize("text", ["https://127.0.0.1", "wss://127.0.0.1"])
def test_tls_is_not_there(text):
    with pytest.raises(ValueError, match="TLS is not there yet"):
        parse_target(text)
