"""Progress: how far a loop is, as one line that suits where the output goes.

In a terminal or a notebook the line is redrawn in place; in a file or a pipe one plain line is written at the end,
without control codes. Colours come from the package `rich` where it is installed.
"""

from __future__ import annotations

import functools
import os
import shutil
import sys
import time
from typing import Any, TextIO

BAR_WIDTH = 20
REDRAW_SECONDS = 0.08


class Progress:
    """The progress of one epoch (or of one evaluation or prediction).

    Args:
        target: the number of steps, or None when it is not known.
        verbose: 0 nothing, 1 a bar where the output can redraw a line, 2 one line at the end.
        title: written before it ("Epoch 1/5"); on a line of its own above a bar.
        unit: the name of one step.
        stream: default `sys.stdout` at the time of the call; nothing is written where a process has none.
        width: of the bar, in characters.
        interval: seconds between two redraws.
    """

    def __init__(
        self,
        target: int | None,
        verbose: int = 1,
        title: str | None = None,
        unit: str = "step",
        stream: TextIO | None = None,
        width: int = BAR_WIDTH,
        interval: float = REDRAW_SECONDS,
    ) -> None:
        self.target = target
        self.title = title
        self.unit = unit
        self.stream: Any = sys.stdout if stream is None else stream
        self.width = width
        self.interval = interval
        self.done = 0
        self.values: dict[str, float] = {}
        self._start = time.perf_counter()
        self._drawn = 0.0
        self._drawn_length = 0
        self.verbose = verbose if self.stream is not None else 0
        self._live = self.verbose == 1 and can_redraw(self.stream)
        if self._live and title:
            self._write(title + "\n")

    def due(self) -> bool:
        """Whether `update` would draw now."""
        return self._live and time.perf_counter() - self._drawn >= self.interval

    def update(self, done: int, values: dict[str, float] | None = None) -> None:
        self.done = done
        if values:
            self.values = dict(values)
        if self.due():
            self._redraw()

    def finish(self, values: dict[str, float] | None = None, done: int | None = None) -> None:
        """Draw the last state and end the line."""
        self.done = done if done is not None else self.done
        if values:
            self.values = dict(values)
        if self._live:
            line = self._line(self._elapsed(), final=True)
            self._write("\r" + self._painted(line) + " " * max(0, self._drawn_length - len(line)) + "\n")
        elif self.verbose:
            self._write(self._plain_line() + "\n")

    def abandon(self) -> None:
        """End the line where it is."""
        if self._live and self._drawn_length:
            self._write("\n")

    def _elapsed(self) -> float:
        return time.perf_counter() - self._start

    def _redraw(self) -> None:
        elapsed = self._elapsed()
        line = self._line(elapsed, final=False)
        columns = terminal_width(self.stream)
        excess = len(line) - columns + 1
        if columns and excess > 0:  # the bar gives way before the numbers do
            line = self._line(elapsed, final=False, width=max(4, self.width - excess))
        if columns and len(line) >= columns:
            line = line[: columns - 2] + "…" if can_encode(self.stream, "…") else line[: columns - 1]
        self._write("\r" + self._painted(line) + " " * max(0, self._drawn_length - len(line)))
        self._drawn_length = len(line)
        self._drawn = time.perf_counter()

    def _line(self, elapsed: float, final: bool, width: int | None = None) -> str:
        counter, timing = self._counter(final), self._timing(elapsed, final)
        parts = [f"{counter} {self._bar(width)} {timing}".replace("  ", " ")]
        return " - ".join(parts + format_values(self.values))

    def _plain_line(self) -> str:
        parts = [f"{self._counter(final=True).strip()}", *self._timing(self._elapsed(), True).split(" ", 1)]
        line = " - ".join(parts + format_values(self.values))
        return f"{self.title}: {line}" if self.title else line

    def _counter(self, final: bool = False) -> str:
        if self.target is None:
            return f"{self.done}/{self.done if final else 'Unknown'}"
        return f"{self.done:>{len(str(self.target))}}/{self.target}"

    def _bar(self, width: int | None = None) -> str:
        width = self.width if width is None else width
        if not self.target:
            return ""
        full, empty = ("━", "─") if can_encode(self.stream, "━") else ("=", ".")
        filled = min(width, width * self.done // self.target)
        return full * filled + empty * (width - filled)

    def _timing(self, elapsed: float, final: bool) -> str:
        per_step = elapsed / self.done if self.done else 0.0
        if final or not self.target or not 0 < self.done < self.target:
            return f"{format_duration(elapsed)} {format_step_time(per_step)}/{self.unit}"
        left = per_step * (self.target - self.done)
        return f"{format_duration(left)} left {format_step_time(per_step)}/{self.unit}"

    def _painted(self, line: str) -> str:
        if not use_colour(self.stream):
            return line
        return _paint(line)

    def _write(self, text: str) -> None:
        try:
            self.stream.write(text)
            self.stream.flush()
        except (OSError, ValueError):  # a closed or broken output must not end a training
            self._live = False


def format_values(values: dict[str, float]) -> list[str]:
    """`name: value` of every entry, small numbers in exponent form."""
    result = []
    for name, value in values.items():
        try:
            number = float(value)
        except (TypeError, ValueError):
            result.append(f"{name}: {value}")
            continue
        small = number != 0.0 and abs(number) < 1e-3
        result.append(f"{name}: {number:.4e}" if small else f"{name}: {number:.4f}")
    return result


def format_duration(seconds: float) -> str:
    if seconds >= 3600:
        return f"{int(seconds // 3600)}:{int(seconds % 3600 // 60):02d}:{int(seconds % 60):02d}"
    if seconds >= 60:
        return f"{int(seconds // 60)}:{int(seconds % 60):02d}"
    return f"{seconds:.0f}s" if seconds >= 10 else f"{seconds:.1f}s"


def format_step_time(seconds: float) -> str:
    if seconds >= 1:
        return f"{seconds:.1f}s"
    if seconds >= 1e-2:
        return f"{seconds * 1e3:.0f}ms"
    if seconds >= 1e-3:
        return f"{seconds * 1e3:.1f}ms"
    return f"{seconds * 1e6:.0f}us"


def can_redraw(stream: TextIO) -> bool:
    """Whether a carriage return brings the cursor back: a terminal that is not dumb, or a notebook."""
    if in_notebook(stream):
        return True
    try:
        is_terminal = stream.isatty()
    except (AttributeError, ValueError):
        return False
    return is_terminal and os.environ.get("TERM") != "dumb"


def in_notebook(stream: TextIO) -> bool:
    return type(stream).__module__.startswith(("ipykernel", "google.colab"))


def terminal_width(stream: TextIO) -> int:
    """Columns of the terminal; 0 where lines may be as long as they like."""
    return 0 if in_notebook(stream) else shutil.get_terminal_size((100, 24)).columns


def can_encode(stream: TextIO, text: str) -> bool:
    try:
        text.encode(getattr(stream, "encoding", None) or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def use_colour(stream: TextIO) -> bool:
    return "NO_COLOR" not in os.environ and _rich() and can_redraw(stream) and (os.name != "nt" or in_notebook(stream))


@functools.cache
def _rich() -> bool:
    try:
        import rich.text  # noqa: F401
    except ImportError:
        return False
    return True


def _paint(line: str) -> str:
    from rich.console import Console
    from rich.text import Text

    text = Text(line)
    text.highlight_regex(r"━+", "green")
    text.highlight_regex(r"─+", "bright_black")
    text.highlight_regex(r"\S+/(step|Unknown)", "cyan")
    text.highlight_regex(r"(?<= - )[\w ]+:", "bright_black")
    # Taken for a notebook, rich would show an empty output of its own between two redraws of the line.
    console = Console(
        force_terminal=True, force_jupyter=False, color_system="standard", width=max(80, len(line) + 1), file=None
    )
    with console.capture() as capture:
        console.print(text, end="", soft_wrap=True, highlight=False)
    return capture.get()
