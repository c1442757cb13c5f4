"""Figures worked out by hand from steps.parquet, as a reader finds them in the report.

Each comment holds the raw values of the three repeats and the steps to the figure. The interval of
a median of three is their range: a resample has the smallest as its median in 7 of 27 cases.
"""

import pytest

from tests.reports.parsed import markdown_rows

CELLS = [
    # Every step: throughput, response time, memory, CPU.
    # 24,640.8  10,217.6  16,151.7: the middle one.
    ("steps | saturated | 1,000 | threaded§λ※ | messages/s: echoed", "16,152 [10,218–24,641]"),
    # 35.7499  65.4049  12.9925 ms.
    ("steps | saturated | 1,000 | threaded§λ※ | response time, ms: p50", "35.7 [13.0–65.4]"),
    # 0.411379 s ÷ 10,657 messages = 38.60 µs; 0.397476 ÷ 9,536 = 41.68; 0.411324 ÷ 11,150 = 36.89.
    ("steps | saturated | 1,000 | asyncio_streams | server CPU: µs a message", "38.6 [36.9–41.7]"),
    # 39,342,100  39,157,800  39,239,700 bytes ÷ 1,024² = 37.52  37.34  37.42.
    ("steps | saturated | 1,000 | threaded§λ※ | memory: resident", "37.4 MB [37.3–37.5 MB]"),
    # 1,277,950  -423,936  1,359,870 bytes: 1.219 MB, between -414.0 KB and 1.297 MB.
    (
        "steps | saturated | 100 | asyncio_streams◊ | memory: kernel",
        "1.22 MB [\N{MINUS SIGN}414 KB to 1.30 MB]",
    ),
    # Two of three repeats failed: of the third 836.010, its windows 201 ÷ 0.200938 s = 1,000.3 and
    # 135 ÷ 0.200971 s = 671.7.
    ("steps | paced | 1,000 | threaded,limit=as:4g†※¶ | messages/s: echoed", "836 [672–1,000]"),
    # 388 of 1,000 were connected in the repeat that did not fail: a sum has no range.
    ("steps | paced | 1,000 | threaded,limit=as:4g†※¶ | connections: errors", "612"),
    # All servers: the step before, and memory per connection. The mean resident bytes of the
    # repeats are 23,091,900 at 10, 23,670,800 at 100, 28,812,633 at 1,000 clients. Clients less
    # their mean of 370: -360, -270, 630, the sum of squares 599,400. (-360 × 23,091,900 - 270 ×
    # 23,670,800 + 630 × 28,812,633) ÷ 599,400 = 5,752 bytes = 5.62 KB.
    # The interval is that of test_tables.py.
    ("servers | saturated | asyncio_streams | memory/conn", "5.62 KB [5.54–5.74 KB]"),
    # Where the time goes. Little's law: 1,000 clients ÷ 26,260.8, 23,212.2, 26,871.2 messages/s =
    # 38.08, 43.08, 37.21 ms.
    (
        "t5-breakdown | saturated | 1,000 | asyncio_streams | of a message: a message, ms",
        "38.1 [37.2–43.1]",
    ),
    # 1.73564 s ÷ 14,129 messages = 0.1228 ms; 2.03658 ÷ 12,274 = 0.1659; 2.33972 ÷ 12,425 = 0.1883.
    (
        "t5-breakdown | saturated | 10 | threaded | of a message: waiting for a CPU, ms",
        "0.166 [0.123–0.188]",
    ),
    # Memory. Resident and kernel: 28,545,000 + 6,410,240 = 34,955,240; 28,557,300 + 5,951,490 =
    # 34,508,790; 28,504,100 + 5,582,850 = 34,086,950 bytes: 33.3, 32.9, 32.5 MB.
    (
        "t2-memory | paced | 1,000 | resident + kernel | asyncio_streams | measured",
        "32.9 MB‡◊ [32.5–33.3 MB]",
    ),
    # 9,435,360,000 bytes by the chapter's 7.8 × 1,024³ = 8,375,186,227.
    ("t2-memory | paced | 1,000 | virtual | threaded | ÷ chapter", "1.1×"),
    # 1 - 1.0 MB ÷ 7.8 GB = 99.987 %: nearly all is not all.
    ("t2-memory | paced | 1,000 | virtual | threaded | saved by async: chapter", "99.9 %"),
    # The second repeat was disturbed: 9,435,360,000 ÷ 34,103,300 = 276.67 and ÷ 34,193,400 =
    # 275.94 remain, the median 276.3: 1 - 1 ÷ 276.3 = 99.64 %.
    ("t2-memory | paced | 1,000 | virtual | threaded | saved by async: measured", "99.6 %"),
    # 1.1 is within 1.5.
    ("t2-memory | paced | 1,000 | virtual | threaded | verdict", "holds"),
    # Server types. Virtual bytes are 773,870,000, 1,866,370,000, 9,435,360,000 in every repeat:
    # (-360, -270 and 630 times these) ÷ 599,400 = 8,611,550 bytes = 8.21 MB.
    # The interval is that of test_tables.py.
    (
        "t1-server-types | paced | memory a connection | virtual | threaded | measured",
        "8.21 MB [8.09–11.6 MB]",
    ),
    # 8,611,550 ÷ 8,388,608 = 1.03.
    ("t1-server-types | paced | memory a connection | virtual | threaded | ÷ chapter", "1.0×"),
    # p99 of 6.35 ms at 100 clients and of 236 ms at 1,000: the objective of 100 ms lies between.
    ("t1-server-types | saturated | max connections | p99 ≤ 100 ms | threaded | measured", "100"),
    # 0.971193  0.913393  0.940611; 1,000 clients are nearer to the chapter's 500 than 100.
    (
        "t1-server-types | saturated | CPU efficiency | at 1,000 clients | asyncio_streams"
        " | measured",
        "0.941 [0.913–0.971]",
    ),
    # Response time. 43.6718 ÷ 38.7455 = 1.127; 79.4834 ÷ 43.0186 = 1.848; 82.8347 ÷ 37.2482 =
    # 2.224.
    (
        "t3-response-time | saturated | 1,000 (high) | mean | threaded | sync ÷ async: measured",
        "1.8×§λ※ [1.1×–2.2×]",
    ),
    # 34,405.0 ÷ 13,398.2 = 2.568; 30,016.7 ÷ 12,351.4 = 2.430; 34,478.4 ÷ 15,138.0 = 2.278.
    ("techniques | buffer pool | saturated | 10 | messages/s: with ÷ without", "2.4× [2.3×–2.6×]"),
    # 17.2866 ÷ 69.2528 = 0.2496; 20.3911 ÷ 75.3561 = 0.2706; 18.3960 ÷ 56.6709 = 0.3246.
    (
        "techniques | buffer pool | saturated | 10 | CPU a message, µs: with ÷ without",
        "0.27× [0.25×–0.32×]",
    ),
    # All were served at 386, 388 of 391 at the next.
    ("max-connections | paced | threaded,limit=as:4g | max connections", "386"),
]

SENTENCES = [
    # 16,151.7 and 26,260.8 of the 53,356.3 messages/s that the loader can drive.
    ("summary.md", "that is 30 % and 49 % of what this loader can drive here"),
    # The longest wait, 1,638.92 ms.
    ("summary.md", "at 1,000 (817 connections, longest wait 1.64 s, Little's law 0.33, in 2 of 3"),
    # 0.109522 s ÷ 0.403683 s; 0.06 ÷ 0.402178.
    ("summary.md", "threaded, paced, at 1,000 (27 %, in 1 of 3 repeats)"),
    ("summary.md", "asyncio_streams, paced, at 1,000 (15 %, in 1 of 3 repeats)"),
    # Threads to the event loop, messages/s: 2.609, 2.465, 2.034 at 10, and 0.938, 0.440, 0.601 at
    # 1,000 clients; what was measured at 100 decides nothing. ln 2.465 ÷ (ln 2.465 - ln 0.601) =
    # 0.639 of two decades above 10: 190.
    ("tables/guide.md", "190 clients"),
    # 4 GB ÷ 49,633 bytes per connection, resident and kernel, of which the server's own are few.
    ("tables/guide.md", "room for 86,000 of threaded"),
    # System time per message: 0.01978, 0.02095, 0.01636 ms; switches: 1.0200, 1.0441, 1.0265.
    ("tables/t6-claims.md", "threaded, saturated, 100: less than 0.019 ms"),
    # The medians are 0.694 ms at 10, 3.204 at 100 (two of three decide), 36.9 at 1,000 clients:
    # (ln 36.9 - ln 0.694) ÷ (2 ln 10) = 0.863.
    ("tables/t6-claims.md", "grows with the 0.86th power of the clients"),
]


@pytest.mark.parametrize(("place", "text"), CELLS)
def test_a_cell_shows_what_was_worked_out(report, place, text):
    """A place is a table, its section's first words, the row's first cells, and the column."""
    table, section, *heads, column = place.split(" | ")
    header, *rows = markdown_rows(report / "tables" / f"{table}.md")
    (row,) = (
        row for row in rows if row[0].startswith(f"{section}:") and row[1 : 1 + len(heads)] == heads
    )
    assert row[1 + header[1:].index(column)] == text


@pytest.mark.parametrize(("file", "text"), SENTENCES)
def test_a_sentence_says_what_was_worked_out(report, file, text):
    assert text in (report / file).read_text().replace("\\", "")


def test_a_bar_is_as_long_as_its_value_is_large(page):
    """75.4598 µs of CPU per message by 117.614 µs is 64.2 %, and the largest is whole."""
    (card,) = (
        card
        for card in page.all("section", class_="card")
        if card.one("h2").text() == "CPU a message, paced"
    )
    bars = [bar.attributes["style"] for bar in card.all("i")]
    assert bars == ["width:64.2%", "width:100.0%"]
