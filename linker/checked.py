"""TOML files as checked values: an unknown key is an error, and the message says which.

And the tables that come with our packages, which are checked by tests.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, ValidationError

from linker.errors import ConfigError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

if TYPE_CHECKING:
    from importlib.abc import Traversable

ONE, MANY = "(one)", "(many)"
"""Tags of a key that may be a table or a list of such; messages leave them out."""


class Checked(BaseModel):
    """A table of a TOML file: its attributes are the keys that there may be."""

    model_config = ConfigDict(extra="forbid", frozen=True)


_Model = TypeVar("_Model", bound=BaseModel)


def shipped(model: type[_Model], package: str, name: str) -> _Model:
    """The content of a data file that comes with a package of ours.

    Args:
        package: the `__package__` of whoever asks.
        name: the file's name in the folder `data` of the package.

    Raises:
        ConfigError: as `validated`.
    """
    source = resources.files(package) / "data" / name
    return validated(model, read_toml(source), where=str(source))


def shipped_rows(package: str, name: str) -> list[list[str]]:
    """The rows of a tab-separated data file that comes with a package of ours.

    Args:
        package, name: as of `shipped`.

    Returns:
        The fields of each row; lines of comment ("#") and the header are left out.
    """
    text = (resources.files(package) / "data" / name).read_text(encoding="utf-8")
    return [line.split("\t") for line in text.splitlines() if not line.startswith("#")][1:]


def read_toml(path: Path | Traversable) -> dict[str, Any]:
    """The content of a TOML file, which may lie in a package, and may begin with a byte order mark.

    Raises:
        ConfigError: the file cannot be read, or is not TOML.
    """
    try:
        data: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not a TOML file: {error}") from error
    return data


_OURS = "Value error, "
"""How pydantic begins what a check of ours says."""


def validated(
    model: type[_Model], data: dict[str, Any], *, where: str, named: Callable[[str], str] = repr
) -> _Model:
    """Make a model of `data`, or say which key of `where` is wrong and which keys there are.

    Args:
        named: how a message names a key.

    Raises:
        ConfigError: a key is unknown or missing, or a value cannot be.
    """
    try:
        return model.model_validate(data)
    except ValidationError as error:
        problems = []
        for problem in error.errors(include_url=False, include_input=False):
            location = [key for key in problem["loc"] if key not in (ONE, MANY)]
            key = "".join(
                f"[{part}]" if isinstance(part, int) else f".{part}" for part in location
            ).removeprefix(".")
            if problem["type"] == "extra_forbidden":
                known = ", ".join(sorted(_section(model, location[:-1]).model_fields))
                problems.append(f"unknown key {named(key)}; known here: {known}")
            else:
                problems.append(f"{named(key)}: {problem['msg'].removeprefix(_OURS)}")
        raise ConfigError(f"{where}: {'; '.join(problems)}") from error


def _section(model: type[BaseModel], location: Iterable[int | str]) -> type[BaseModel]:
    for key in location:
        if key in model.model_fields:
            annotation = model.model_fields[str(key)].annotation
            models = [a for a in (annotation, *_arguments(annotation)) if _is_model(a)]
            if not models:
                break
            model = models[0]
    return model


def _arguments(annotation: object) -> Iterator[Any]:
    """The types that a type is made of, all the way down."""
    for argument in get_args(annotation):
        yield argument
        yield from _arguments(argument)


def _is_model(annotation: object) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)
