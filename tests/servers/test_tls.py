"""Servers over TLS: every byte comes back, by both engines, from who has the certificate."""

import pytest

from c10k.loadgen.fleet import Fleet
from c10k.loadgen.tls import Tls
from c10k.loadgen.workload import Workload
from c10k.servers.catalogue import CATALOGUE, parse_spec

pytestmark = pytest.mark.system

ABLE = [
    *(name for name, entry in CATALOGUE.items() if "tls" in entry.options),
    *(f"{name},loop=uvloop" for name in ("asyncio_streams", "asyncio_protocol")),
]
CONNECTIONS = 5


@pytest.mark.parametrize("name", ABLE)
def test_every_byte_comes_back_over_tls(name, tmp_path):
    spec = parse_spec(f"{name},tls=on")
    if spec.missing:
        pytest.skip(spec.missing)
    protocol = spec.server.protocol
    with spec.process(log=tmp_path / "log") as server:
        for engine in ("native", "portable"):
            for size in (64, 100_000):
                load = Workload("tls", size_bytes=size).over(protocol, spec.server.request)
                address, tls = (server.host, server.port), Tls(server.certificate)
                with Fleet(address, load, engine=engine, tls=tls) as fleet:
                    fleet.resize(CONNECTIONS)
                    assert fleet.wait_open(20).connected == CONNECTIONS
                    opening = fleet.snapshot()
                    fleet.load()
                    fleet.drain(20)
                    snapshot = fleet.snapshot()
                assert snapshot.messages > 0, (engine, size)
                assert not opening.errors | snapshot.errors, (engine, size)
                assert 0 < opening.sums_ns["handshake"] < opening.sums_ns["connect"]
    assert not list(tmp_path.rglob("key.pem")), "the key ends with its server"
