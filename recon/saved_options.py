"""Options as plain JSON values: in a scene file, and between the viewer's window and its worker."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args, get_type_hints

from recon.constraint_text import PARSERS, constraint_from, values_of
from recon.constraints import Constraint
from recon.estimator_names import without_folder
from recon.options import Options

_KINDS = {name: (kind, *get_args(kind)) for name, kind in get_type_hints(Options).items()}
"""Of each field: its type, and those that this is made of."""
_PATHS = {name for name, kinds in _KINDS.items() if Path in kinds} | {"model", "reference"}
"""Options that name a file or a folder, or may."""


def options_as_values(options: Options) -> dict[str, Any]:
    """Every option that is not None; paths as text, constraints as in a file of constraints."""
    return {name: _plain(value) for name, value in vars(options).items() if value is not None}


def without_folders(values: Mapping[str, Any]) -> dict[str, Any]:
    """The same values for a file that is passed on: of paths the name alone, as folders tell whose machine it was."""
    return {name: _name_of(name, value) for name, value in values.items()}


def options_from_values(values: Mapping[str, Any]) -> Options:
    """The inverse of ``options_as_values``; also of scenes of before, whose constraints are the command line's text.

    Raises:
        ValueError, TypeError, KeyError: There is no such option, or it has another kind of value.
    """
    return Options(**{name: _value(_KINDS.get(name, ()), value) for name, value in values.items()})


def _plain(value: Any) -> Any:
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, Constraint):
        return values_of(value)
    return [_plain(one) for one in value] if isinstance(value, tuple) else value


def _name_of(option: str, value: Any) -> Any:
    if option not in _PATHS or not isinstance(value, str):
        return value
    return Path(value).name if Path in _KINDS[option] else without_folder(value)


def _value(kinds: tuple[Any, ...], value: Any) -> Any:
    if isinstance(value, list):
        return tuple(_value(kinds, one) for one in value)
    parse = next((parse for kind, parse in PARSERS.items() if kind in kinds), None)
    if parse is not None and value is not None:
        return parse(value) if isinstance(value, str) else constraint_from(value)
    return Path(value) if Path in kinds and value is not None else value
