"""Do any bytes of a server crash the native engine, or make it count what it should not?

tox -e fuzz -- [INPUTS] [SECONDS] [SEED]

Replies of every protocol are changed by chance, cut by chance into reads, and brought to the native
engine, which is built with AddressSanitizer and UndefinedBehaviorSanitizer. Inputs that reach new
code (coverage.c) are changed further. What the engine and its portable twin make of each is
compared with a slow reader (tests/loadgen/reply_oracle.py). A crash ends it, and leaves the input
in the file that is named first; the inputs that reached new code are written beside it, for
tests/loadgen/replies.jsonl. Prints a Markdown table; 1 if any verdict differs. The same seed
makes the same inputs.
"""

import ctypes
import marshal
import mmap
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Final

from tests.loadgen.reply_inputs import EXCHANGES, Engine, Input, Mutator, difference, kept

INPUTS: Final = 10_000_000
SECONDS: Final = 3600.0
SEED: Final = 1
SHOWN: Final = 20  # differences
REPORT_S: Final = 30.0


def coverage() -> tuple[Callable[[], int], Callable[[], int]]:
    """Whether the last input reached anything new, and how many edges were reached so far."""
    program = ctypes.CDLL(None)
    try:
        return program.coverage_is_new, program.coverage_edges
    except AttributeError:
        sys.exit("the engine is built for this by `tox -e fuzz` alone")


def main() -> int:
    """Fuzz; 1 if anything differs."""
    given = [*map(float, sys.argv[1:])]
    inputs, seconds, seed = [*given, *(INPUTS, SECONDS, SEED)[len(given) :]]
    is_new, edges = coverage()
    engine = Engine()
    mutator = Mutator(int(seed), engine)
    corpus: dict[str, list[Input]] = {name: [] for name in EXCHANGES}
    tried, different = Counter[str](), 0
    with tempfile.NamedTemporaryFile(prefix="c10k-fuzz-", delete=False) as file:
        file.truncate(1 << 21)
        last = mmap.mmap(file.fileno(), 0)
        print(f"the input that is tried: marshal.load(open({file.name!r}, 'rb'))", file=sys.stderr)
        began = reported = time.monotonic()
        todo = [*mutator.seeds(), *kept()]
        for number in range(int(inputs)):
            each = todo[number] if number < len(todo) else mutator.mutated(corpus)
            written = marshal.dumps(tuple(each))
            last[: len(written)] = written
            is_new()
            outcome = engine.outcome(each)
            if is_new() or number < len(todo):
                corpus[each.exchange].append(each)
            tried[each.exchange] += 1
            if differs := difference(engine, each, outcome):
                different += 1
                if different <= SHOWN:
                    print(each.as_line(), differs, file=sys.stderr)
            if number % 100 == 0 and (now := time.monotonic()) > reported + REPORT_S:
                reported = now
                print(
                    f"{number:,} inputs in {now - began:.0f} s, {edges()} edges, "
                    f"{sum(map(len, corpus.values()))} in the corpus, {different} different",
                    file=sys.stderr,
                )
                if now > began + seconds:
                    break
    took = time.monotonic() - began
    Path(file.name).unlink()
    with Path(f"{file.name}.jsonl").open("w") as kept_file:
        kept_file.writelines(each.as_line() for found in corpus.values() for each in found)
    print(f"the corpus: {kept_file.name}", file=sys.stderr)
    print("| exchange | inputs | that reached something new |\n| --- | ---: | ---: |")
    print("\n".join(f"| {name} | {tried[name]:,} | {len(corpus[name])} |" for name in EXCHANGES))
    print(
        f"\n{tried.total():,} inputs of seed {seed:g} in {took / 60:.1f} min; {edges()} edges "
        f"reached; crashes: 0; verdicts that differ: {different}"
    )
    return bool(different)


if __name__ == "__main__":
    sys.exit(main())
