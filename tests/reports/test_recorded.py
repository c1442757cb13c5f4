"""The recorded run outlives the schema that it was measured with."""

from c10k.results.schema import MISSING, TABLES, ColumnSpec, check_frame
from c10k.results.store import read_run
from tests.reports.conftest import filled


def test_the_recorded_run_has_columns_that_are_new_to_it(recorded):
    new = {f"new_{dtype}": ColumnSpec(dtype, "anything") for dtype in MISSING}
    for name, table in TABLES.items():
        frame = filled(getattr(read_run(recorded), name), {**table, **new})
        check_frame({**table, **new}, frame, name)
        assert frame["new_float64"].isna().all()
