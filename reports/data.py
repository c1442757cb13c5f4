"""What tables and pictures show, as files to compute with."""

import csv
import io
import re
import zlib
from collections.abc import Sequence
from typing import Final

Raw = str | int | float | bool | None
Record = dict[str, Raw]

_NAME_LENGTH: Final = 100  # of a file


def slug(name: str) -> str:
    """What files of this name are called: short, in letters that every system has."""
    letters = re.sub(r"[^a-z0-9_]+", "-", name.lower()).strip("-")
    if name.isascii() and len(letters) <= _NAME_LENGTH:
        return letters
    return f"{letters[:_NAME_LENGTH]}-{zlib.crc32(name.encode()):08x}"


def as_csv(records: Sequence[Record]) -> str:
    """The records: numbers as they are, empty where nothing was measured."""
    names = dict.fromkeys(name for record in records for name in record)
    text = io.StringIO()
    writer = csv.DictWriter(text, names, lineterminator="\n")
    writer.writeheader()
    for record in records:
        writer.writerow({k: "" if value != value else value for k, value in record.items()})
    return text.getvalue()


def as_parquet(records: Sequence[Record]) -> bytes:
    """The same as a Parquet file, typed."""
    import pandas as pd

    written = io.BytesIO()
    pd.DataFrame(list(records)).to_parquet(written)
    return written.getvalue()
