"""What all values of arrays have: they are compared by their contents, and printed in one line."""

from dataclasses import fields
from typing import Any, ClassVar

import numpy as np


class Value:
    """A frozen dataclass of arrays (``eq=False, repr=False``): numpy's own comparison has no single truth."""

    __dataclass_fields__: ClassVar[dict[str, Any]]
    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        """Whether both are of one type and all fields are equal; NaN equals NaN."""
        if self is other:
            return True
        if type(self) is not type(other):
            return NotImplemented
        names = (each.name for each in fields(self) if each.compare)
        return all(_same(getattr(self, name), getattr(other, name)) for name in names)

    def __repr__(self) -> str:
        """One line; no arrays."""
        shown = ((each.name, getattr(self, each.name)) for each in fields(self) if each.repr)
        return f"{type(self).__name__}({', '.join(f'{name}={_short(value)}' for name, value in shown)})"


def _same(a: Any, b: Any) -> bool:
    if isinstance(a, np.ndarray) and isinstance(b, np.ndarray):
        return a.dtype == b.dtype and np.array_equal(a, b, equal_nan=a.dtype.kind == "f")
    return bool(a == b)


def _short(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"<{value.dtype} {value.shape}>"
    return repr(value)
