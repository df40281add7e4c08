"""Shows the progress of a run: in a notebook as a line that changes, on a terminal likewise, elsewhere not at all."""

from __future__ import annotations

import sys
import time
from typing import Any


class Progress:
    """Follows the events of a run."""

    def __init__(self, show: bool = True) -> None:
        self._show = show
        self._cells = self._stored = self._done = self._failed = 0
        self._training: dict[str, str] = {}
        self._handle: Any = None
        self._shown = 0.0

    def follow(self, event: dict[str, Any]) -> None:
        """Takes one event into account and shows the new state."""
        kind, cell = event["event"], event.get("cell", "")
        if kind == "plan":
            self._cells, self._stored = event["cells"], event.get("stored", 0)
        elif kind == "revised":
            self._cells = event["cells"]
        elif kind == "epoch":
            self._training[cell] = f"{event['title']}, epoch {event['epoch']} of {event['epochs']}"
        elif kind in ("done", "stored", "failed"):
            self._training.pop(cell, None)
            self._failed += kind == "failed"
            self._done += kind != "failed"
        else:
            return
        now = time.monotonic()
        if self._show and (kind != "epoch" or now - self._shown > 0.2):
            self._shown = now
            self._write(self.text())

    def text(self) -> str:
        """Returns the state in one line."""
        text = f"{self._stored + self._done} of {self._cells} models"
        if self._failed:
            text += f", {self._failed} failed"
        if self._training:
            text += "; " + next(iter(self._training.values()))
        return text

    def close(self) -> None:
        """Ends the line on a terminal."""
        if self._show and self._handle is None and sys.stderr.isatty():
            sys.stderr.write("\n")

    def _write(self, text: str) -> None:
        if in_notebook():
            from IPython.display import display

            content = {"text/plain": text}
            if self._handle is None:
                self._handle = display(content, raw=True, display_id=True)  # type: ignore[no-untyped-call]
            else:
                self._handle.update(content, raw=True)
        elif sys.stderr.isatty():
            sys.stderr.write("\r\x1b[K" + text)
            sys.stderr.flush()


def in_notebook() -> bool:
    """Reports whether this is the kernel of a notebook."""
    shell = sys.modules.get("IPython")
    if shell is None:
        return False
    current = shell.get_ipython()
    return current is not None and type(current).__name__ == "ZMQInteractiveShell"
