"""A picture of latencies for a terminal: one row a bucket, blocks as long as the bucket is full."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil

_EIGHTHS = " ▏▎▍▌▋▊▉"
_ROWS, _WIDTH = 12, 40
_NICE = (1, 2, 2.5, 5, 10)


@dataclass(frozen=True, slots=True)
class Bucket:
    """How many latencies lie from `from_ms` up to `to_ms`; None: the last has no upper end."""

    from_ms: float
    to_ms: float | None
    count: int


def buckets(latencies_ms: Sequence[float], rows: int = _ROWS) -> tuple[Bucket, ...]:
    """At most `rows` of one round width; what is far out (over p99 and twice p50) is one bucket."""
    times = sorted(latencies_ms)
    if not times:
        return ()
    middle, late = times[len(times) // 2], times[min(len(times) - 1, len(times) * 99 // 100)]
    top = max(late, min(times[-1], 2 * middle))
    step = _round_width((top - times[0]) / (rows - 1) or times[0] / rows or 0.001)
    start = int(times[0] / step)
    counts = [0] * rows
    for time in times:
        counts[min(rows - 1, int(time / step) - start)] += 1
    while len(counts) > 1 and not counts[-1]:
        counts.pop()
    edges = [round((start + i) * step, 6) for i in range(len(counts) + 1)]
    last = None if times[-1] >= edges[-1] else edges[-1]
    ends = [*edges[1:-1], last]
    return tuple(Bucket(*row) for row in zip(edges, ends, counts, strict=False))


def _round_width(width: float) -> float:
    """The next of 1, 2, 2.5, 5 times a power of ten."""
    power = 1.0
    while power > width:
        power /= 10
    while power * 10 <= width:
        power *= 10
    return next(nice * power for nice in _NICE if nice * power >= width * 0.999)


def can_show_blocks() -> bool:
    """Whether standard output takes more than ASCII."""
    return "utf" in (sys.stdout.encoding or "").lower()


def picture(found: Sequence[Bucket], *, blocks: bool = True, width: int = _WIDTH) -> Iterator[str]:
    """Lines of text; with `blocks` false plain ASCII. A bucket that has any shows some."""
    most = max((bucket.count for bucket in found), default=0)
    for bucket in found:
        share = bucket.count / most
        bar = _blocks(share * width) if blocks else "#" * ceil(share * width)
        to = "     or more" if bucket.to_ms is None else f"to {bucket.to_ms:8.2f}"
        yield f"  {bucket.from_ms:8.2f} {to:<12} ms  {bucket.count:>6}  {bar}".rstrip()


def _blocks(length: float) -> str:
    whole, eighths = divmod(ceil(length * 8), 8)
    return "█" * whole + _EIGHTHS[eighths].strip()
