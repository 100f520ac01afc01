from __future__ import annotations

import gzip
import json
import math
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import typer
from cases import CONCEPTS, PATIENCE, build, concept, write_jsonl
from rf2 import Rf2
from typer.testing import CliRunner, Result

import linker
from linker import Linker
from linker.annotate import Counts, NoteStream, annotate_files
from linker.annotate.journal import read_records
from linker.cli import app
from linker.index import Index, Manifest

# Of exact names alone: the fake encoder cannot be loaded by its name.
NOTES = [
    {"id": "1", "text": "Known heart failure. Denies chest pain."},
    {"id": "2", "text": "All well."},
    {"id": "3", "text": "Fever and SOB 🙂."},
]


def run(*arguments: object, stdin: bytes = b"") -> Result:
    result = CliRunner().invoke(app, [str(a) for a in arguments], input=stdin)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def _command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "linker", *map(str, arguments)]


def _error(result: Result, message: str, *, status: int = 1) -> None:
    assert result.exit_code == status
    assert result.stdout == ""
    assert result.stderr.startswith("error: ")
    assert message in result.stderr
    assert result.stderr.count("\n") == 1


def _usage(result: Result, word: str) -> None:
    """The wording is Typer's: it names what is wrong."""
    assert result.exit_code == 2
    assert result.stdout == ""
    assert "Traceback" not in result.stderr
    # The message is in a frame, as wide as the terminal.
    assert word in " ".join(result.stderr.replace("│", " ").split()).lower()


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    return write_jsonl(tmp_path / "notes.jsonl", NOTES)


# The whole


def hear_interrupts() -> None:
    """A shell starts its background jobs, and so perhaps these tests, deaf to Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_version() -> None:
    assert run("--version").stdout == f"concept-linker {linker.__version__}\n"


def test_help_names_every_command() -> None:
    said = run("--help").stdout
    commands = ("build", "overlay", "diff", "info", "link", "map", "annotate", "evaluate", "demo")
    assert all(name in said for name in commands)
    assert "..." not in said.partition("Commands:")[2]


@pytest.mark.parametrize("width", [40, 80, 120])
def test_help_cuts_no_name_of_an_option(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setenv("TERMINAL_WIDTH", str(width))
    for name, command in typer.main.get_command(app).commands.items():
        said = run(name, "--help").stdout
        words = said.split()
        assert "\N{HORIZONTAL ELLIPSIS}" not in said
        assert "list[" not in said
        for option in command.params:
            for written in (*option.opts, *option.secondary_opts):
                if written.startswith("--"):
                    assert any(word.strip(",|") == written for word in words), (name, written)


def test_help_says_defaults_that_stand_in_brackets() -> None:
    done = CliRunner().invoke(app, ["train", "--help"], env={"COLUMNS": "200"})
    said = " ".join(done.stdout.split())
    assert "The rank of the adapter (LoRA). [default: 16]" in said
    assert "[default: infonce]" in said


def test_help_has_a_short_name_at_every_command() -> None:
    assert run("-h").stdout == run("--help").stdout
    assert run("map", "-h").stdout == run("map", "--help").stdout


@pytest.mark.parametrize(
    ("typed", "expected"),
    [("linker an", "annotate"), ("linker annotate --input", "--input-format"), ("linker x", "")],
)
def test_a_shell_completes_commands_and_options(typed: str, expected: str) -> None:
    asked = {"_LINKER_COMPLETE": "complete_bash", "COMP_WORDS": typed}
    done = subprocess.run(
        _command(),
        env={**os.environ, **asked, "COMP_CWORD": str(typed.count(" "))},
        capture_output=True,
        text=True,
        check=True,
    )
    assert (done.stdout.strip(), done.stderr) == (expected, "")


def test_public_names_are_sorted_and_there() -> None:
    assert linker.__all__ == sorted(linker.__all__)
    assert all(getattr(linker, name) is not None for name in linker.__all__)
    assert {*linker.__all__, "__version__"} <= set(dir(linker))
    with pytest.raises(AttributeError, match="'linker' has no attribute 'nothing'"):
        linker.nothing  # noqa: B018


HEAVY = "torch transformers faiss spacy scispacy ray pyarrow"


@pytest.mark.parametrize(
    ("statement", "absent"),
    [
        ("import linker", f"{HEAVY} numpy pydantic rich typer"),
        ("import linker.cli", f"{HEAVY} numpy"),
        ("from linker import Note, LinkerError, Recipe", f"{HEAVY} numpy"),
        (
            "import linker.link, linker.annotate",
            "torch transformers spacy scispacy ray onnxruntime pandas scipy jinja2 duckdb",
        ),
    ],
)
def test_imports_are_light(statement: str, absent: str) -> None:
    code = f"{statement}\nimport sys\nprint(*sorted(set('{absent}'.split()) & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "\n", "")


ENDED_BEFORE_IT_BEGAN = """
import os, signal, sys, time
from importlib.abc import MetaPathFinder

class Pressed(MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == "typer":
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(60)

sys.meta_path.insert(0, Pressed())
from linker.__main__ import main
main()
"""


def test_ctrl_c_while_the_command_line_is_imported_ends_it_without_a_word() -> None:
    done = subprocess.run(
        [sys.executable, "-c", ENDED_BEFORE_IT_BEGAN],
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=hear_interrupts,
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


def test_a_job_that_is_deaf_to_ctrl_c_stays_so() -> None:
    code = (
        "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
        "import linker.__main__ as door, linker.cli\n"
        "linker.cli.app = lambda **_: print(signal.getsignal(signal.SIGINT).name)\n"
        "door.main()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "SIG_IGN\n"


def test_runs_as_a_module() -> None:
    done = subprocess.run(_command("--help"), capture_output=True, text=True, check=True)
    assert "Usage: linker [OPTIONS] COMMAND" in done.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ["info", "nowhere"],
        ["link", "--index", "nowhere"],
        ["annotate", "notes.jsonl", "--index", "nowhere", "--out", "out"],
    ],
)
def test_missing_index_is_an_error(arguments: list[str]) -> None:
    _error(run(*arguments), "nowhere: does not exist; build one with: linker build")


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["info"], "folder"),
        (["link"], "--index"),
        (["link", "--index", "x", "--k", "0"], "--k"),
        (["link", "--index", "x", "--threshold", "1.5"], "--threshold"),
        (["annotate", "--index", "x", "--out", "y"], "inputs"),
        (["annotate", "n", "--out", "y"], "--index"),
        (["annotate", "n", "--index", "x", "--out", "y", "--format", "xml"], "--format xml is not"),
        (
            ["annotate", "n", "--index", "x", "--out", "y", "--workers", "0"],
            "--workers",
        ),
        (["build", "obo", "x"], "--out"),
        (["build", "--out", "x"], "give source and path, or a --recipe"),
        (["build", "obo", "--out", "x"], "give source and path, or a --recipe"),
        (["build", "table", "x", "--out", "y", "--column", "id"], "expected ours=theirs"),
        (["build", "table", "x", "--out", "y", "--only", "STATUS"], "expected column=value"),
        (["mend"], "mend"),
    ],
)
def test_wrong_usage_is_told(arguments: list[str], word: str) -> None:
    _usage(run(*arguments), word)


def test_errors_of_the_system_are_told_in_a_line(index: Index, notes: Path) -> None:
    _error(
        run("annotate", notes, "--index", index.path, "--out", notes / "links.jsonl"),
        f"{notes}",
    )


@pytest.mark.parametrize(("said", "shown"), [("std::bad_alloc", " (std::bad_alloc)"), ("", "")])
def test_memory_that_is_short_is_told_in_a_line(said: str, shown: str) -> None:
    def fill() -> None:
        raise MemoryError(said)

    short = typer.Typer(cls=app.info.cls)
    short.callback()(lambda: None)
    short.command("fill")(fill)
    _error(CliRunner().invoke(short, ["fill"]), f"error: memory is short{shown}; free some")


# link


def _links(index: Index, stdin: bytes, *arguments: object) -> list[dict[str, Any]]:
    result = run("link", "--index", index.path, *arguments, stdin=stdin)
    assert (result.exit_code, result.stderr) == (0, "")
    return [json.loads(line) for line in result.stdout.split("\n")[:-1]]


def test_link_has_the_keys_of_the_contract(index: Index) -> None:
    (line,) = _links(index, b"Cardiac failure\n")
    assert list(line) == ["text", "concept_id", "probability", "candidates"]
    assert (line["text"], line["concept_id"]) == ("Cardiac failure", "X:0001")
    assert len(line["candidates"]) == 5
    first = line["candidates"][0]
    assert list(first) == ["concept_id", "name", "matched_name", "score", "probability"]
    assert (first["name"], first["matched_name"]) == ("Heart failure", "Cardiac failure")
    assert (first["score"], first["probability"]) == (1.0, line["probability"])


@pytest.mark.parametrize(
    ("stdin", "texts"),
    [
        (b"", []),
        (b"fever", ["fever"]),
        (b"fever\n", ["fever"]),
        (b"fever\r\n\r\nSOB\r\n", ["fever", "", "SOB"]),
        (b"\n\n", ["", ""]),
        (b"\xef\xbb\xbffever\n", ["fever"]),
        ("β-thalassaemia\n".encode(), ["β-thalassaemia"]),
        ("fever\u2028\n \n".encode(), ["fever\u2028", " "]),
        (b"\x00\n", ["\x00"]),
    ],
)
def test_link_answers_every_line(index: Index, stdin: bytes, texts: list[str]) -> None:
    assert [line["text"] for line in _links(index, stdin)] == texts


@pytest.mark.parametrize(
    ("arguments", "texts"),
    [
        (["fever"], ["fever"]),
        (["cardiac failure", "", "SOB"], ["cardiac failure", "", "SOB"]),
        (["“fever”".encode(), b"fever \xff"], ["“fever”", "fever \ufffd"]),
        (["--", "-fever"], ["-fever"]),
    ],
)
def test_link_answers_its_arguments_and_leaves_stdin(
    index: Index, arguments: list[str | bytes], texts: list[str]
) -> None:
    done = subprocess.run(
        [*_command("link", "--index", index.path), *arguments],
        input=b"unread\n",
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert [json.loads(line)["text"] for line in done.stdout.splitlines()] == texts


def test_link_answers_more_lines_than_a_batch(index: Index) -> None:
    names = [c["name"] for c in CONCEPTS] * 50
    found = _links(index, "".join(f"{name}\n" for name in names).encode(), "--k", 1)
    assert [line["text"] for line in found] == names
    assert {len(line["candidates"]) for line in found} == {1}


def test_link_says_why_where_it_is_asked_to(index: Index) -> None:
    (line,) = _links(index, b"Cardiac failure\n", "--why")
    assert list(line) == ["text", "concept_id", "probability", "candidates", "why"]
    assert line["why"][0] == "it is the name 'Cardiac failure' of X:0001"


def test_link_keeps_its_threshold(index: Index) -> None:
    (line,) = _links(index, b"fever\n", "--threshold", 1)
    assert line["concept_id"] is None
    assert line["candidates"][0]["concept_id"] == "X:0006"


def test_an_encoder_that_is_not_there_is_told_before_it_is_needed(
    index: Index, tmp_path: Path
) -> None:
    missing = tmp_path / "none"
    result = run("link", "--index", index.path, "--encoder", missing, stdin=b"fever\n")
    _error(result, f"{missing}: no such folder")


def test_link_says_which_encoder_it_needs(index: Index) -> None:
    _error(run("link", "--index", index.path, stdin=b"unheard of\n"), "fake: no such encoder")


def test_link_with_closed_stdin(index: Index) -> None:
    done = subprocess.run(
        ["sh", "-c", 'exec "$@" <&-', "sh", *_command("link", "--index", index.path)],
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


@pytest.mark.parametrize(
    ("redirection", "reason"),
    [(">&-", "Bad file descriptor"), (">/dev/full", "No space left on device")],
)
@pytest.mark.parametrize("command", [["link", "--index"], ["info"], ["info", "--json"], ["--help"]])
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_output_that_cannot_be_written(
    index: Index, command: list[str], redirection: str, reason: str, unbuffered: str
) -> None:
    arguments = command if command == ["--help"] else [*command, str(index.path)]
    done = subprocess.run(
        ["sh", "-c", f'exec "$@" {redirection}', "sh", *_command(*arguments)],
        input=b"fever\n",
        capture_output=True,
        check=False,
        env={**os.environ, "PYTHONUNBUFFERED": unbuffered},
    )
    assert done.stderr.decode() == f"error: standard output: {reason}\n"
    assert done.returncode == 1


def test_work_does_not_stop_because_its_log_cannot_be_written(
    index: Index, notes: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out.jsonl"
    command = _command("annotate", notes, "--index", index.path, "--out", out)
    done = subprocess.run(["sh", "-c", 'exec "$@" 2>/dev/full', "sh", *command], check=False)
    assert done.returncode == 0
    assert len(out.read_text(encoding="utf-8").splitlines()) == len(NOTES)


def test_annotate_needs_no_standard_output(index: Index, tmp_path: Path) -> None:
    notes, out = tmp_path / "notes.jsonl", tmp_path / "out.jsonl"
    notes.write_text('{"id": "1", "text": ""}\n', encoding="utf-8")
    arguments = ["annotate", str(notes), "--index", str(index.path), "--out", str(out)]
    done = subprocess.run(
        ["sh", "-c", 'exec "$@" >&-', "sh", *_command(*arguments)], capture_output=True, check=False
    )
    assert (done.returncode, out.read_text(encoding="utf-8")) == (0, '{"id": "1", "links": []}\n')


def test_link_writes_utf8_whatever_the_locale_and_stops_when_nobody_reads(
    index: Index, tmp_path: Path
) -> None:
    (tmp_path / "names").write_bytes("β-thalassaemia\n".encode() * 20_000)
    with (
        (tmp_path / "names").open("rb") as names,
        subprocess.Popen(
            _command("link", "--index", index.path),
            stdin=names,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "PYTHONIOENCODING": "ascii", "LC_ALL": "C"},
        ) as process,
    ):
        assert process.stdout is not None
        assert process.stderr is not None
        assert json.loads(process.stdout.readline())["text"] == "β-thalassaemia"
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 1


def test_what_the_locale_lacks_is_a_question_mark(index: Index, tmp_path: Path) -> None:
    copied = shutil.copytree(index.path, tmp_path / "copied")
    manifest = (copied / "manifest.json").read_text(encoding="utf-8")
    renamed = manifest.replace('"mini.source"', '"Thésaurus"')
    (copied / "manifest.json").write_text(renamed, encoding="utf-8")
    said = [line.split() for line in _in_ascii("info", copied).splitlines()]
    assert ["terminology", "Th?saurus"] in said
    # What a program reads is whole.
    assert json.loads(_in_ascii("info", copied, "--json"))["terminology"]["terminology"] == (
        "Thésaurus"
    )
    # So narrow that words are cut, with an ellipsis.
    assert _in_ascii("build", "--help").split()[:3] == ["Usage:", "linker", "build"]


def _in_ascii(*arguments: object) -> str:
    done = subprocess.run(
        _command(*arguments),
        capture_output=True,
        check=True,
        env={**os.environ, "PYTHONIOENCODING": "ascii", "COLUMNS": "40"},
    )
    assert done.stderr == b""
    return done.stdout.decode("ascii")


# info


def test_info_shows_what_an_index_is(index: Index) -> None:
    result = run("info", index.path)
    assert result.exit_code == 0
    rows = {line[:22].strip(): line[22:].strip() for line in result.stdout.splitlines()[1:]}
    assert rows["terminology"] == "mini.source"
    assert rows["concepts"] == "15 (and 4 retired ids)"
    assert rows["encoder"] == "fake (64 dimensions, mean pooling, fp32)"
    assert rows["encoder licence"] == "invented"
    assert rows["licence"] == "not stated"
    assert "files" not in rows
    assert "\x1b" not in result.stdout


def test_info_as_json_is_the_manifest(index: Index) -> None:
    result = run("info", index.path, "--json")
    assert Manifest.model_validate_json(result.stdout) == index.manifest


def test_info_verifies_checksums(index: Index, tmp_path: Path) -> None:
    assert "every checksum is right" in run("info", index.path, "--verify").stdout
    damaged = tmp_path / "damaged"
    damaged.mkdir()
    for file in index.path.iterdir():
        (damaged / file.name).write_bytes(file.read_bytes())
    data = bytearray((damaged / "names.arrow").read_bytes())
    data[len(data) // 2] ^= 1
    (damaged / "names.arrow").write_bytes(data)
    assert run("info", damaged).exit_code == 0
    _error(run("info", damaged, "--verify"), "names.arrow: sha256 is")


# annotate


def test_annotate_writes_a_line_a_note(index: Index, notes: Path, tmp_path: Path) -> None:
    out = tmp_path / "links.jsonl"
    result = run("annotate", notes, "--index", index.path, "--out", out, "--k", 2)
    assert result.exit_code == 0
    assert result.stdout == ""
    lines = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert [(line["id"], [x["concept_id"] for x in line["links"]]) for line in lines] == [
        ("1", ["X:0001", "X:0012"]),
        ("2", []),
        ("3", ["X:0006", "X:0014"]),
    ]
    assert lines[0]["links"][1]["assertion"]["negated"]
    assert {len(x["candidates"]) for line in lines for x in line["links"]} == {2}


def test_brat_names_its_files_in_utf8_whatever_the_locale(index: Index, tmp_path: Path) -> None:
    notes = write_jsonl(tmp_path / "notes.jsonl", [{"id": "à/β2", "text": "Fever."}])
    out = tmp_path / "brat"
    done = subprocess.run(
        _command("annotate", notes, "--index", index.path, "--format", "brat", "--out", out),
        stderr=subprocess.PIPE,
        check=False,
        env={**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    )
    assert b"error" not in done.stderr.lower()
    assert sorted(file.name for file in (out / "à").iterdir()) == ["β2.ann", "β2.txt"]
    assert (out / "à" / "β2.ann").read_text().startswith("T1\t")


def test_annotate_says_that_ids_are_none_that_omop_knows(
    index: Index, notes: Path, tmp_path: Path
) -> None:
    out = tmp_path / "note_nlp.parquet"
    options = ["annotate", notes, "--index", index.path, "--out", out, "--format", "omop"]
    assert "note_id" not in run(*options).stderr
    write_jsonl(notes, [*NOTES, {"id": "n4", "text": "Fever."}])
    assert (
        "\nnote_id is text: 1 of 4 notes has an id that is not an integer, which the CDM requires\n"
        in run(*options).stderr
    )


@pytest.mark.parametrize(
    ("deaths", "told"), [(1, "1 worker died and was"), (2, "2 workers died and were")]
)
def test_annotate_says_how_many_workers_were_replaced(
    index: Index,
    notes: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    deaths: int,
    told: str,
) -> None:
    def annotate(*_: Any, **options: Any) -> Counts:
        counts = Counts(2, 0, 3, 0, held_notes=2, held_links=3, deaths=deaths)
        options["told"](counts)
        return counts

    monkeypatch.setattr("linker.annotate.annotate_files", annotate)
    said = run("annotate", notes, "--index", index.path, "--out", tmp_path / "out.jsonl").stderr
    assert (
        f"out.jsonl: 2 notes, 3 links\n{told} replaced (was memory short?); nothing is lost\n"
        in said
    )


def test_annotate_says_in_plain_lines_how_far_it_is(
    index: Index, notes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A busy machine has more to say.
    monkeypatch.setattr("linker.cli.progress.LOG_EVERY", math.inf)
    out = tmp_path / "[out].jsonl"
    said = run("annotate", notes, "--index", index.path, "--out", out).stderr.splitlines()
    assert said[0].startswith("annotating: done in ")
    assert said[0].endswith(" notes/s")
    assert said[1:] == [f"{out}: 3 notes, 4 links"]


def test_annotate_onto_an_output_says_what_was_done_and_what_it_holds(
    index: Index, notes: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out.jsonl"
    arguments = ["annotate", notes, "--index", index.path, "--out", out]
    run(*arguments)
    kept = "3 kept of the output that was there"
    nothing = f"{out}: nothing new; {kept}; it holds 3 notes, 4 links"
    assert run(*arguments).stderr.splitlines()[-1] == nothing
    with notes.open("a", encoding="utf-8") as file:
        file.write('{"id": "n4", "text": "Fever."}\n')
    new = f"{out}: 1 note, 1 link; {kept}; it holds 4 notes, 5 links"
    assert run(*arguments).stderr.splitlines()[-1] == new
    notes.write_text('{"id": "n4", "text": "Fever."}\n', encoding="utf-8")
    gone = f"{out}: 0 notes, 0 links; 1 kept of the output that was there; 3 dropped"
    said = run(*arguments, "--prune").stderr.splitlines()[-1]
    assert said == f"{gone}; it holds 1 note, 1 link"


def test_annotate_keeps_mentions_in_others_on_request(index: Index, tmp_path: Path) -> None:
    notes, out = tmp_path / "a.jsonl", tmp_path / "out.jsonl"
    notes.write_text('{"id": "1", "text": "Known cold sensation."}\n')
    found = []
    for options in ((), ("--nested",)):
        asked = ("annotate", notes, "--index", index.path, "--out", out, *options, "--force")
        assert run(*asked).exit_code == 0
        (line,) = map(json.loads, out.read_text(encoding="utf-8").splitlines())
        found.append([(link["text"], link["concept_id"]) for link in line["links"]])
    assert found == [
        [("cold sensation", "X:0008")],
        [("cold sensation", "X:0008"), ("cold", "X:0007")],
    ]


def test_annotate_has_whole_composites_on_request(tmp_path: Path) -> None:
    index = build(
        tmp_path / "i", [concept("C:1", "Breast cancer"), concept("C:2", "Ovarian cancer")]
    )
    notes, out = tmp_path / "a.jsonl", tmp_path / "out.jsonl"
    notes.write_text('{"id": "1", "text": "No breast or ovarian cancer."}\n')
    found = []
    for options in ((), ("--whole-composites",)):
        asked = ("annotate", notes, "--index", index.path, "--out", out, *options, "--force")
        assert run(*asked).exit_code == 0
        (line,) = map(json.loads, out.read_text(encoding="utf-8").splitlines())
        found.append([link["text"] for link in line["links"]])
    assert found == [["breast", "ovarian cancer"], ["breast or ovarian cancer", "ovarian cancer"]]


def test_annotate_takes_rules_of_the_house(index: Index, tmp_path: Path) -> None:
    rules, notes, out = (tmp_path / name for name in ("house.toml", "a.jsonl", "out.jsonl"))
    rules.write_text(
        '[[trigger]]\nattribute = "negated"\ndirection = "backward"\nphrases = ["went by"]\n'
    )
    notes.write_text('{"id": "1", "text": "Fever went by."}\n')
    asked = ("annotate", notes, "--index", index.path, "--out", out)
    assert run(*asked, "--assertion-rules", rules, "--workers", 2).exit_code == 0
    (line,) = map(json.loads, out.read_text(encoding="utf-8").splitlines())
    assert [link["assertion"]["negated"] for link in line["links"]] == [True]
    # An output is of one set of rules.
    _error(run(*asked), "another assertion rules;")
    rules.write_text(rules.read_text().replace("went by", "is over"))
    _error(run(*asked, "--assertion-rules", rules), "another assertion rules;")
    rules.write_text('[[trigger]]\nattribute = "absent"\n')
    _error(run(*asked, "--assertion-rules", rules), "house.toml: 'trigger[0].attribute'")


def test_annotate_reports_bad_notes(index: Index, tmp_path: Path) -> None:
    data = b'{"id": 1, "text": "Fever."}\n{"id": 2, "text": 3}\n'
    path = tmp_path / "notes.jsonl.gz"
    path.write_bytes(gzip.compress(data))
    out = tmp_path / "out"
    result = run("annotate", path, "--index", index.path, "--out", out)
    assert result.exit_code == 0
    assert result.stderr.splitlines()[-1] == (
        f"1 error, a note or the rest of a file: see {out}.errors.jsonl"
    )
    assert Path(f"{out}.errors.jsonl").exists()


def test_errors_of_earlier_nights_are_told_from_those_of_this_one(
    index: Index, tmp_path: Path
) -> None:
    out = tmp_path / "links.jsonl"
    told = []
    for night, lines in enumerate(
        ['{"id": 1, "text": "Fever."}\n{"id": 2, "text": 3}\n', '{"id": 4, "text": 4}\n', ""]
    ):
        path = tmp_path / f"night-{night}.jsonl"
        path.write_text(lines)
        result = run("annotate", path, "--index", index.path, "--out", out)
        assert result.exit_code == (1 if night == 1 else 0)  # Of the second no note can be read.
        told.append(result.stderr.splitlines()[-1].partition("errors.jsonl")[2])
    assert told == ["", " (1 kept from earlier runs)", " (2 kept from earlier runs)"]


def test_a_run_of_errors_alone_fails_also_when_it_is_gone_on_with(
    index: Index, tmp_path: Path
) -> None:
    notes = write_jsonl(tmp_path / "notes.jsonl", [{"id": "1\0", "text": "Fever."}])
    out = tmp_path / "out.csv"

    def stop(stream: NoteStream, n: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        annotate_files(Linker.load(index.path), [notes], out, format="csv", progress=stop)
    options = ["annotate", notes, "--index", index.path, "--out", out]
    for _ in range(2):
        result = run(*options, "--resume")
        assert (result.exit_code, "1 error, a note or" in result.stderr) == (1, True)


def test_annotate_of_bad_notes_alone_fails(index: Index, tmp_path: Path) -> None:
    path, out = tmp_path / "notes.jsonl", tmp_path / "out"
    path.write_text('{"id": 1, "text": null}\n', encoding="utf-8")
    arguments = ["annotate", path, "--index", index.path, "--out", out]
    result = run(*arguments)
    assert (result.exit_code, out.read_bytes()) == (1, b"")
    path.write_text('{"id": 1, "text": "Fever."}\n', encoding="utf-8")
    assert run(*arguments).exit_code == 0
    # One that stays bad does not fail each run on.
    path.write_text('{"id": 1, "text": "Fever."}\n{"id": 2}\n', encoding="utf-8")
    assert run(*arguments).exit_code == 0
    # But an increment of which nothing could be read does, whatever the output has from before.
    path.write_text('{"id": 3, "txt": "Fever."}\n', encoding="utf-8")
    assert run(*arguments).exit_code == 1
    assert len(out.read_text(encoding="utf-8").splitlines()) == 1


def test_a_run_of_bad_notes_alone_that_goes_on_fails_too(index: Index, tmp_path: Path) -> None:
    path, out = tmp_path / "notes.jsonl", tmp_path / "out"
    path.write_text('{"id": 1, "text": null}\n', encoding="utf-8")

    def stop(stream: NoteStream, n: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        annotate_files(Linker.load(index.path), [path], out, progress=stop)
    result = run("annotate", path, "--index", index.path, "--out", out, "--resume")
    assert f"{out}: 0 notes, 0 links; 1 done before; it holds 0 notes, 0 links\n" in result.stderr
    assert (result.exit_code, out.read_bytes()) == (1, b"")


def test_annotate_keeps_what_is_there(index: Index, notes: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    arguments = ["annotate", notes, "--index", index.path, "--out", out]
    out.write_text("mine", encoding="utf-8")
    _error(run(*arguments), f"{out}: exists already; use --force")
    assert run(*arguments, "--force").exit_code == 0
    assert len(out.read_text(encoding="utf-8").splitlines()) == 3


@pytest.fixture
def many(tmp_path: Path) -> Path:
    return write_jsonl(
        tmp_path / "many.jsonl", [{**NOTES[i % 3], "id": str(i)} for i in range(6_000)]
    )


def test_annotate_after_ctrl_c_goes_on(index: Index, many: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    partial = tmp_path / "out.partial"
    many.write_text(f"broken\n{many.read_text()}")
    arguments = ["annotate", many, "--index", index.path, "--out", out]
    # A terminal sends the signal to the workers too.
    process = subprocess.Popen(
        _command(*arguments, "--workers", 2),
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=hear_interrupts,
    )
    _wait_for(partial)
    begun = partial.stat().st_size
    # A run that is stopped before its first notes leaves nothing to go on with.
    while partial.stat().st_size == begun:
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    # On a busy machine lines of progress come before it.
    assert said.splitlines()[-1] == "stopped; what was done is kept: use --resume to go on"
    assert "Traceback" not in said
    assert not out.exists()
    done = len(list(read_records(partial)))
    result = run(*arguments, "--resume")
    told = result.stderr.splitlines()[-2]
    assert told.startswith(f"{out}: {6_001 - done:,} notes, ")
    assert told.endswith(f"; {done:,} done before; it holds 6,000 notes, 8,000 links")
    # That of the run that was stopped, which did not come to tell of it.
    assert f"1 error, a note or the rest of a file: see {out}.errors" in result.stderr
    ids = [json.loads(line)["id"] for line in out.read_text(encoding="utf-8").splitlines()]
    assert ids == [str(i) for i in range(6_000)]


def _wait_for(path: Path) -> None:
    end = time.monotonic() + PATIENCE
    while not (path.exists() and (path.is_dir() or path.stat().st_size)):
        assert time.monotonic() < end
        time.sleep(0.01)


# build


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["hl7", "x"], "hl7"),
        (["jsonl", "nowhere.jsonl"], "nowhere.jsonl"),
        (["--recipe", "nowhere.toml"], "nowhere.toml: cannot be read: No such file"),
    ],
)
def test_build_of_what_is_not_there(arguments: list[str], message: str, tmp_path: Path) -> None:
    result = run("build", *arguments, "--out", tmp_path / "index")
    assert result.exit_code == 1
    assert result.stderr.splitlines()[-1].startswith("error: ")
    assert message in result.stderr.splitlines()[-1]
    assert "Traceback" not in result.stderr
    assert not (tmp_path / "index").exists()


def test_recipe_with_an_unknown_key(tmp_path: Path) -> None:
    path = tmp_path / "recipe.toml"
    path.write_text('[terminology]\nsource = "obo"\npaht = "x"\n', encoding="utf-8")
    _error(run("build", "--recipe", path, "--out", tmp_path / "index"), "'terminology.paht'")


@pytest.mark.model
def test_build_from_a_recipe_with_flags_over_it(tmp_path: Path) -> None:
    source = write_jsonl(tmp_path / "terms.jsonl", CONCEPTS)
    recipe = tmp_path / "recipe.toml"
    recipe.write_text(
        '[terminology]\nsource = "jsonl"\npath = "elsewhere"\nterminology = "Theirs"\n'
        'licence = "invented"\n[index]\nkind = "HNSW16"\n',
        encoding="utf-8",
    )
    out = tmp_path / "index"
    arguments = ["build", "jsonl", source, "--recipe", recipe, "--out", out]
    arguments += ["--kind", "Flat", "--name", "Ours", "--release", "2031"]
    result = run(*arguments)
    assert result.exit_code == 0, result.stderr
    assert result.stdout == ""
    said = result.stderr.splitlines()
    assert said[-1] == f"{out}: 15 concepts, 30 distinct names"
    assert any(line.startswith("embedding names: done") and "names/s" in line for line in said)
    manifest = Manifest.read(out)
    assert manifest.terminology.terminology == "Ours"
    assert manifest.terminology.version == "2031"
    assert manifest.terminology.licence == "invented"
    assert manifest.vectors.kind == "Flat"
    assert manifest.encoder.name == "minilm-bio"
    # And again: what is there stays, unless told otherwise.
    again = run(*arguments)
    assert again.exit_code == 1
    assert "use --force to replace it" in again.stderr
    (line,) = _links(Index.open(out), b"cardiac failures\n")
    assert line["concept_id"] == "X:0001"


@pytest.mark.model
def test_build_says_what_it_left_out_and_what_to_do(tmp_path: Path) -> None:
    source = write_jsonl(tmp_path / "terms.jsonl", [{"id": "X:1", "name": "Green spots"}])
    other = write_jsonl(
        tmp_path / "other.jsonl", [{"id": "Y:1", "name": "Lime spots", "parents": ["Y:404"]}]
    )
    with source.open("a", encoding="utf-8") as file:
        file.write("{}\n")
    out = tmp_path / "index"
    stop = "without --max-bad-rows the build stops at the first broken row, and names it"
    done = run("build", "jsonl", source, "--max-bad-rows", 1, "--out", out)
    assert done.stderr.splitlines()[-2] == f"{out}: left out: broken rows (1); {stop}"
    arguments = ["--and", f"jsonl:{other}", "--force", "--out", out]
    done = run("build", "jsonl", source, "--max-bad-rows", 1, *arguments)
    assert done.stderr.splitlines()[-2] == (
        f"{out}: left out: broken rows (1), parents that are not there (1); "
        f"linker info {out} says of which terminology; {stop}"
    )


@pytest.mark.model
def test_build_keeps_the_types_that_flags_name(tmp_path: Path) -> None:
    release = Rf2()
    root = release.concept(138875005, "Root concept")
    for item, name in enumerate(("Foot pain (finding)", "Left (qualifier value)"), start=11):
        release.concept(item, name, parents=[root])
    folder, out = release.write(tmp_path / "rf2"), tmp_path / "index"
    result = run("build", "snomed", folder, "--semantic-type", "finding", "--out", out)
    assert result.exit_code == 0, result.stderr
    index = Index.open(out)
    assert index.manifest.terminology.filters["semantic_types"] == ["finding"]
    assert index.manifest.counts.concepts == 1
    unknown = run("build", "snomed", folder, "--semantic-group", "DISO", "--out", tmp_path / "no")
    assert unknown.exit_code == 1
    assert "error: snomed has no option semantic_groups" in unknown.stderr


@pytest.mark.model
def test_build_reads_all_columns_and_only_the_rows_that_flags_name(tmp_path: Path) -> None:
    table, out = tmp_path / "labs.csv", tmp_path / "index"
    table.write_text(
        "No,Long,Short,Alias,S\n1,Spotase,SPT,Dotase,A\n2,Lime,,,B\n3,Red,,,C\n4,Tan,,,\n"
    )
    columns = ["concept_id=No", "name=Long", "synonyms=Short", "synonyms=Alias"]
    flags = [word for column in columns for word in ("--column", column)]
    only = ["--only", "S=A", "--only", "S=B", "--only", "S=", "--default-type", "substance"]
    result = run("build", "table", table, *flags, *only, "--no-derive-names", "--out", out)
    assert result.exit_code == 0, result.stderr
    assert f"{out}: left out: rows of another S (1)\n" in result.stderr
    assert "no concept has a semantic type" not in result.stderr
    index = Index.open(out)
    assert index.manifest.terminology.filters == {"only": {"S": ["A", "B", ""]}}
    linker = Linker(index)
    assert linker.concept("1").names == ("Spotase", "Dotase", "SPT")
    assert [linker.concept(number).preferred_name for number in ("2", "4")] == ["Lime", "Tan"]
    assert linker.concept("4").semantic_types == ("substance",)


@pytest.mark.model
def test_build_says_that_no_concept_has_a_type(tmp_path: Path) -> None:
    table, out = tmp_path / "problems.csv", tmp_path / "index"
    table.write_text("id,name\n1,Rash\n2,Fever\n")
    result = run("build", "table", table, "--out", out)
    assert f"{out}: no concept has a semantic type, and the rules for disorders" in result.stderr
    assert "build it with --default-type disorder (or substance" in result.stderr


@pytest.mark.model
def test_build_after_ctrl_c_goes_on(tmp_path: Path) -> None:
    many = [concept(f"Y:{i}", f"Disease of the {i}th kind of thing") for i in range(20_000)]
    source = write_jsonl(tmp_path / "terms.jsonl", many)
    out = tmp_path / "index"
    process = subprocess.Popen(
        _command("build", "jsonl", source, "--out", out),
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=hear_interrupts,
    )
    _wait_for(tmp_path / "index.partial")
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    assert said.splitlines()[-1] == "stopped; what was done is kept: use --resume to go on"
    assert "Traceback" not in said
    assert not out.exists()
