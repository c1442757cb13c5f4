"""What is paid and what is got: CPU a message, and throughput below the loader's ceiling."""

from collections.abc import Iterator, Sequence

from matplotlib.ticker import MaxNLocator

from c10k.reports import wording
from c10k.reports.chapter.claims import CPU_EFFICIENCY
from c10k.reports.figures.axes import clients_tick, log_axis
from c10k.reports.figures.canvas import (
    Line,
    Picture,
    canvas,
    claimed,
    clients_axis,
    described,
    ends,
    finished,
    series,
)
from c10k.reports.language import _
from c10k.reports.measured import Measured, MeasuredWorkload, Quantity
from c10k.reports.style import SeriesStyle


def cpu(measured: Measured, workload: MeasuredWorkload) -> Iterator[Picture]:
    """CPU a message against clients."""
    yield from _plain(
        measured,
        workload,
        "cpu_us_per_message",
        ("cpu", _("CPU a message"), _("user and system time of the server"), "µs"),
    )


def efficiency(measured: Measured, workload: MeasuredWorkload) -> Iterator[Picture]:
    """CPU efficiency against clients, with the chapter's two figures."""
    beside = claimed(
        measured, {measured.steps[0]: CPU_EFFICIENCY, measured.steps[-1]: CPU_EFFICIENCY}
    )
    yield from _plain(
        measured,
        workload,
        "cpu_efficiency",
        (
            "efficiency",
            _("CPU efficiency"),
            _("time on a CPU ÷ (that and time waiting for one); dashed: the chapter"),
            "",
        ),
        beside,
    )


def throughput(measured: Measured, workload: MeasuredWorkload) -> Iterator[Picture]:
    """Messages/s against clients, with what the loader can drive."""
    highest = [Quantity(measured.ceiling(workload.name, step)) for step in measured.steps]
    ceiling = Line(
        measured.steps,
        highest,
        _("ceiling"),
        SeriesStyle("muted", ""),
        dashed=True,
        full_name=_("the ceiling"),
    )
    subtitle = _("messages echoed and verified in a second")
    if ceiling.known:
        subtitle = _("messages a second; dashed: the most this loader can drive")
    yield from _plain(
        measured,
        workload,
        "messages_per_s",
        ("throughput", _("Throughput"), subtitle, _("/s")),
        [ceiling] if ceiling.known else [],
    )


def _plain(
    measured: Measured,
    workload: MeasuredWorkload,
    column: str,
    words: tuple[str, str, str, str],
    beside: Sequence[Line] = (),
) -> Iterator[Picture]:
    """A column against clients: from zero, or on a logarithmic axis where it spans much.

    Lines `beside` are drawn with those of the servers.
    """
    name, title, subtitle, unit = words
    lines = series(measured, workload, column)
    if not lines:
        return
    lines = [*beside, *lines]
    values = ends(lines)
    figure, axes = canvas(f"{title}, {workload.name}", subtitle, (line.label for line in lines))
    clients_axis(axes, lines)

    def text(value: float) -> str:
        return f"{clients_tick(value) if value >= 1000 else f'{value:g}'} {unit}".rstrip()

    if min(values) > 0 and max(values) / min(values) > 25:
        log_axis(axes, values, text)
    else:
        axes.set_ylim(0, (max(values) or 1) * 1.12)
        axes.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
        axes.yaxis.set_major_formatter(lambda value, _: text(value))
    alt = described(
        measured,
        workload,
        column,
        title,
        wording.Unit("", lambda v: f"{wording.number(v)} {unit}".rstrip()),
    )
    for line in beside:
        (first, one), (last, other) = line.known[0], line.known[-1]
        told = _(
            "{low} at {first} clients, {high} at {last}",
            low=f"{wording.number(one.value)} {unit}".rstrip(),
            first=wording.count(first),
            high=f"{wording.number(other.value)} {unit}".rstrip(),
            last=wording.count(last),
        )
        alt = _("{alt}; dashed, {line}: {ends}.", alt=alt[:-1], line=line.name, ends=told)
    yield finished(f"{name}-{workload.name}", figure, axes, lines, alt)
