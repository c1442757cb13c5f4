"""Servers on a Unix socket: the same echo, by both engines."""

import pytest

from c10k.loadgen.fleet import Fleet
from c10k.loadgen.workload import WORKLOADS
from c10k.servers.catalogue import CATALOGUE, parse_spec

pytestmark = pytest.mark.system

ABLE = [name for name, entry in CATALOGUE.items() if "unix" in entry.options]


@pytest.mark.parametrize("name", ABLE)
def test_every_byte_comes_back_over_a_unix_socket(name, tmp_path):
    spec = parse_spec(f"{name},unix=on")
    if spec.missing:
        pytest.skip(spec.missing)
    with spec.process(log=tmp_path / "log") as server:
        assert server.host.startswith("unix:@")
        address = (server.host, server.port)
        workload = WORKLOADS["saturated"].over(spec.server.protocol, {})
        for engine in ("native", "portable"):
            with Fleet(address, workload, engine=engine) as fleet:
                fleet.resize(5)
                assert fleet.wait_open(20).connected == 5
                fleet.load()
                fleet.drain(5)
                snapshot = fleet.snapshot()
            assert snapshot.messages > 0, engine
            assert not snapshot.errors, engine


def test_most_servers_of_ours_can():
    assert {"threaded", "event_loop", "asyncio_streams", "gevent", "trio"} <= set(ABLE)
