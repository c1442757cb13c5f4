"""What the scripts that write into these pages share: the part they write, and words on a run."""

import re
import shlex
from pathlib import Path
from textwrap import wrap

from c10k.reports import wording
from c10k.reports.model.measured import Measured

BEGIN = "<!-- begin: written by docs/{script} -->"
END = "<!-- end -->"
MACHINE = "{cpus} CPUs ({model}), {memory}, {kernel}, {python}"
NOT_REPEATED = ("--out", "--resume")  # where a run was kept is not a part of it


def rewrite(page: Path, script: str, text: str) -> None:
    """Replace what stands between the two comments of a page."""
    begin = BEGIN.format(script=script)
    before, _, rest = page.read_text(encoding="utf-8").partition(f"{begin}\n")
    _, ended, after = rest.partition(f"{END}\n")
    if not ended:
        raise SystemExit(f"{page}: has no part between {begin} and {END}")
    page.write_text(f"{before}{begin}\n\n{text.strip()}\n\n{END}\n{after}", encoding="utf-8")


def command(measured: Measured) -> str:
    """The command that made a run."""
    words = iter(measured.about.argv)
    kept = []
    for word in words:
        if word in NOT_REPEATED:
            next(words)
        elif word not in ("--force", "--no-report", "--quiet", "-q"):
            kept.append(word)
    return shlex.join(["c10k", *kept])


def day(measured: Measured) -> str:
    """The day on which a run began, as YYYY-MM-DD."""
    return measured.about.created_at.partition("T")[0]


def machine(measured: Measured, text: str = MACHINE) -> str:
    """The host and its software, put into a text: MACHINE shows what there is."""
    host = measured.about.host
    kernel = re.match(r"\d+\.\d+", str(host["kernel"]))
    return text.format(
        cpus=f"{host['cpus']:.0f}",
        model=re.sub(r"\((R|TM)\)", "", str(host["cpu_model"])),
        memory=wording.size(float(host["memory_bytes"] or 0)),
        kernel=f"Linux {kernel[0] if kernel else host['kernel']}",
        python=host["python"],
    )


def wrapped(text: str) -> str:
    """A paragraph in lines as long as those of the pages."""
    return "\n".join(wrap(text, 100, break_long_words=False, break_on_hyphens=False))


def table(heads: list[str], rows: list[list[str]], words: int = 1) -> str:
    """A table of Markdown whose first columns and caveats are words, and the others numbers."""
    rule = ["---" if at < words or head == "caveats" else "---:" for at, head in enumerate(heads)]
    lines = (f"| {' | '.join(row)} |" for row in (heads, rule, *rows))
    return "\n".join(lines)
