"""What the tests of the commands share with those of the loader."""

from tests.loadgen.conftest import serve as serve
