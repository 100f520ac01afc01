"""The door to the command line: `linker`, and `python -m linker`."""

from __future__ import annotations

import os
import signal

_STOPPED = 130
"""`linker.cli.console.STOPPED`, which is not imported yet."""


def main() -> None:
    """Run the command line; Ctrl-C while it is imported ends it without a word."""
    # A shell starts its background jobs deaf to Ctrl-C, and so they stay.
    is_heard = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if is_heard:
        # Nothing is open that would have to be put in order.
        signal.signal(signal.SIGINT, lambda *_: os._exit(_STOPPED))
    from linker.cli import app

    if is_heard:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    app(prog_name="linker")


if __name__ == "__main__":
    main()
