"""Bars of long work: tqdm's where it is installed (in notebooks too), plain lines elsewhere."""

import sys
import time

_WORDS = {
    "keys": ("making keys", "key"),
    "encrypt": ("encrypting", "block"),
    "train": ("training", "iteration"),
    "encode": ("embedding", "text"),
}


class Progress:
    """A callback for the extension module, which measures each part and shows a bar of it.

    Parameters
    ----------
    shown : bool
        Whether there are bars.
    """

    def __init__(self, shown):
        self.seconds = {}
        self._shown = shown
        self._part = None
        self._bar = None
        self._began = time.perf_counter()

    def __call__(self, part, done, total):
        if part != self._part:
            self._next(part, total)
        if self._bar is not None:
            self._bar.update(done - self._bar.n)
        self.seconds[part] = time.perf_counter() - self._began

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._close()

    def _next(self, part, total):
        self._close()
        if self._part is not None:
            self._began += self.seconds[self._part]
        self._part = part
        if self._shown:
            words, unit = _WORDS.get(part, (part, "step"))
            self._bar = _bar()(total=total or None, desc=words, unit=unit)

    def _close(self):
        if self._bar is not None:
            self._bar.close()
            self._bar = None


def _bar():
    try:
        from tqdm.auto import tqdm
    except ImportError:
        return PlainBar
    return tqdm


class PlainBar:
    """A line on standard error when a part begins, and one when it has ended."""

    def __init__(self, *, total, desc, unit):
        self.n = 0
        self._words = desc if total is None else f"{desc}: {total} {unit}{'s' if total != 1 else ''}"
        self._began = time.perf_counter()
        print(f"{self._words} ..", file=sys.stderr)

    def update(self, n):
        """Count `n` more."""
        self.n += n

    def close(self):
        """Say how long it took."""
        print(f"{self._words}: {time.perf_counter() - self._began:.1f} s", file=sys.stderr)
