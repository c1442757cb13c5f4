"""What was sampled over time, with the steps marked: memory and messages/s while a ramp went on."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final

from matplotlib.axes import Axes

from c10k.reports import style, wording
from c10k.reports.figures.axes import bytes_tick, clients_tick, log_axis, round_sizes, round_values
from c10k.reports.figures.canvas import Name, Picture, canvas, names, saved
from c10k.reports.language import N_, _
from c10k.reports.measured import Measured, MeasuredWorkload

if TYPE_CHECKING:
    import pandas as pd

_COLUMNS: Final = {
    "rss_bytes": (
        N_("Memory over time"),
        N_("resident, every sample; above: the clients"),
        bytes_tick,
    ),
    "messages_per_s": (
        N_("Messages/s over time"),
        N_("every sample; above: the clients"),
        lambda value: _("{value} /s", value=clients_tick(value)),
    ),
}


def telemetry(measured: Measured, workload: MeasuredWorkload) -> Iterator[Picture]:
    """The samples of the first repeat."""
    samples = measured.run.samples
    ramp = samples[(samples["workload"] == workload.name) & (samples["repeat"] == 0)]
    ramp = ramp[ramp["connections"].isin(measured.steps)]
    for column, (title, subtitle, text) in _COLUMNS.items():
        known = ramp[ramp[column] > 0]
        if not known.empty:
            yield _picture(measured, workload, known, column, (_(title), _(subtitle)), text)


def _picture(
    measured: Measured,
    workload: MeasuredWorkload,
    samples: "pd.DataFrame",
    column: str,
    words: tuple[str, str],
    text: Callable[[float], str],
) -> Picture:
    looks = style.looks(measured.servers)
    title, subtitle = words
    labels = {server.label: wording.shortened(server.label, 16) for server in measured.servers}
    figure, axes = canvas(f"{title}, {workload.name}", subtitle, labels.values())
    begin_s = samples["t_s"].min()
    last: dict[str, tuple[float, float]] = {}
    for (label, _step), visit in samples.groupby(["server", "connections"], sort=False):
        server = str(label)
        minutes = (visit["t_s"] - begin_s) / 60
        axes.plot(minutes, visit[column], color=looks[server].colour, linewidth=1)
        last[server] = (minutes.iloc[-1], visit[column].iloc[-1])
    log_axis(
        axes, samples[column], text, round_sizes if column.endswith("_bytes") else round_values
    )
    axes.set_xlabel(_("minutes"))
    axes.set_xlim(0, (samples["t_s"].max() - begin_s) / 60 or 1)
    _mark_steps(axes, samples, begin_s)
    to_axes = axes.transData + axes.transAxes.inverted()
    names(
        axes,
        [
            Name(labels[server], 1.0, to_axes.transform(end)[1], looks[server].colour)
            for server, end in last.items()
        ],
    )
    return saved(
        f"{column.removesuffix('_bytes').replace('_', '-')}-over-time-{workload.name}",
        figure,
        _told(workload, title, samples, column, text),
        [
            {str(name): value for name, value in record.items()}
            for record in samples[["t_s", "server", "connections", "phase", column]].to_dict(
                "records"
            )
        ],
    )


def _mark_steps(axes: Axes, samples: "pd.DataFrame", begin_s: float) -> None:
    """A fine line where each step begins, and above it how many clients it has."""
    for connections in samples["connections"].unique():
        begins = samples.loc[samples["connections"] == connections, "t_s"].min()
        minute = (begins - begin_s) / 60
        axes.axvline(minute, color=style.GRID, linewidth=0.8, zorder=0)
        axes.text(
            minute,
            1.01,
            f" {clients_tick(connections)}",
            transform=axes.get_xaxis_transform(),
            fontsize=7.5,
            color=style.MUTED,
        )


def _told(
    workload: MeasuredWorkload,
    title: str,
    samples: "pd.DataFrame",
    column: str,
    text: Callable[[float], str],
) -> str:
    most = samples.groupby("server", sort=False)[column].max()
    told = wording.joined(
        [
            _("{server} at most {most}", server=server, most=text(each))
            for server, each in most.items()
        ]
    )
    return f"{title}, {workload.name}: {told}."
