"""Public names of a package that are imported on first use (PEP 562)."""

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def on_first_use(package: str, places: Mapping[str, str]) -> Callable[[str], Any]:
    """Returns the package's ``__getattr__``.

    Args:
        package: Its ``__name__``.
        places: The module that defines each name, or that is the name: ``{"batch": "recon.batch"}``.
    """

    def find(name: str) -> Any:
        if name not in places:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value: Any = import_module(places[name])
        if places[name] != f"{package}.{name}":
            value = getattr(value, name)
            setattr(sys.modules[package], name, value)
        return value

    return find
