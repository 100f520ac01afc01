"""The command line."""

from linker.cli.commands import app

__all__ = ["app"]
