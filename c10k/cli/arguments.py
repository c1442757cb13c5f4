"""Arguments that several commands have: each reads a value, or refuses it in one line."""

from typing import Annotated

from c10k.loadgen.option import option
from c10k.options import argument

# No machine holds more; doctor, run and load check the limits of this one.
connections = argument(Annotated[int, option("", "count", ge=1, le=1_000_000_000)])
port = argument(Annotated[int, option("", "digits", ge=1, le=65_535)])
port_or_0 = argument(Annotated[int, option("", "digits", ge=0, le=65_535)])
