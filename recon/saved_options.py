"""Options as plain JSON values: in a scene file, and between the viewer's window and its worker."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

from recon.constraint_text import PARSERS, constraint_from, values_of
from recon.constraints import Constraint
from recon.options import Options
from recon.provenance import without_folder
from recon.strict_json import as_kind, as_object

_KINDS = get_type_hints(Options)
_PATHS = {name for name, kind in _KINDS.items() if Path in get_args(kind)} | {"model", "reference"}
"""Options that name a file or a folder, or may."""


def options_as_values(options: Options) -> dict[str, Any]:
    """Every option that is not None; paths as text, constraints as in a file of constraints."""
    return {name: _plain(value) for name, value in vars(options).items() if value is not None}


def without_folders(values: Mapping[str, Any]) -> dict[str, Any]:
    """The same values for a file that may be shared: of paths only the name, as folders reveal the machine."""
    return {name: _name_of(name, value) for name, value in values.items()}


def options_from_values(values: Mapping[str, Any]) -> Options:
    """The inverse of ``options_as_values``; also reads older scenes, which store constraints as command-line text.

    Raises:
        ValueError: Unknown option, or a value of the wrong type.
    """
    return Options(**{name: _value(name, value) for name, value in as_object(values, "options").items()})


def _plain(value: Any) -> Any:
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, Constraint):
        return values_of(value)
    return [_plain(one) for one in value] if isinstance(value, tuple) else value


def _name_of(option: str, value: Any) -> Any:
    if option not in _PATHS or not isinstance(value, str):
        return value
    return Path(value).name if Path in get_args(_KINDS[option]) else without_folder(value)


def _value(name: str, value: Any) -> Any:
    if name not in _KINDS:
        raise ValueError(f"there is no option {name[:40]!r}")
    kind = _KINDS[name]
    parse = next((parse for known, parse in PARSERS.items() if known in get_args(kind)), None)
    if parse is None or value is None:
        return as_kind(kind, value, name)

    def constraint(one: Any) -> Constraint:
        return parse(one) if isinstance(one, str) else constraint_from(one)

    if get_origin(kind) is tuple:
        return tuple(constraint(one) for one in as_kind(list[Any], value, name))
    return constraint(value)
