"""What tables and pictures show, as files to compute with."""

import csv
import io
from collections.abc import Sequence

Raw = str | int | float | bool | None
Record = dict[str, Raw]


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
