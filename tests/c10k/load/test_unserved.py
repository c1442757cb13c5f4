"""The line of a load of which no connection was served."""

from types import SimpleNamespace

import pytest

from c10k.load.unserved import reason
from c10k.loadgen.address import Address
from c10k.loadgen.workload import Workload


@pytest.mark.parametrize(
    ("errors", "said"),
    [
        ({"unreachable": 5}, "(unreachable): is the host up"),
        ({"connect_timeout": 128, "never_opened": 872}, "(connect_timeout): is the host up"),
        ({"never_opened": 5}, "(never_opened): is an echo server listening there?"),
        ({"connect_refused": 4, "reset": 1}, "(connect_refused): is an echo server listening"),
    ],
)
def test_it_names_the_cause_and_what_to_look_at(errors, said):
    address = Address.resolve("127.0.0.1", 9000)
    line = reason("there:9000", address, Workload("echo"), SimpleNamespace(errors=errors))
    assert line.startswith("no connection to there:9000 was ")
    assert said in line
