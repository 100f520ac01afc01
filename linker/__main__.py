"""`python -m linker`: the command line."""

from linker.cli import app

if __name__ == "__main__":
    app(prog_name="linker")
