"""Types of command-line parameters: positions, constraints, uncertainties, lengths and counts."""

from collections.abc import Sequence
from math import inf, isfinite
from typing import TYPE_CHECKING, Any

import click

from recon.constraints import Constraint, Pixel
from recon.units import parse_count

if TYPE_CHECKING:
    from recon.measure import Assumptions


class Positions(click.ParamType):
    """``X,Y`` or ``X,Y:X,Y:...``, with a minimum and maximum number of positions."""

    def __init__(self, least: int, most: int | None, example: str) -> None:
        self.least, self.most, self.example = least, most, example
        self.name = example

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[Pixel, ...]:
        """The positions; a usage error with an example for anything else."""
        if isinstance(value, tuple):
            return value
        try:
            positions = tuple(_pixel(part) for part in str(value).split(":"))
        except ValueError as error:
            self.fail(f"{value!r}: {error}; expected {self.example}", param, ctx)
        if not (self.least <= len(positions) and (self.most is None or len(positions) <= self.most)):
            wanted = f"{self.least} position{'s' if self.least > 1 else ''}" + (
                "" if self.most == self.least else " or more"
            )
            self.fail(f"{value!r}: needs {wanted}, got {len(positions)}; expected {self.example}", param, ctx)
        return positions


class ConstraintText(click.ParamType):
    """``X,Y=LENGTH`` and the like."""

    def __init__(self, kind: type[Constraint]) -> None:
        self.kind, self.name = kind, kind.__name__

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Constraint:
        """The constraint; a usage error with an example for anything else."""
        from recon.constraint_text import PARSERS

        if isinstance(value, Constraint):
            return value
        try:
            return PARSERS[self.kind](value)
        except ValueError as error:
            raise click.UsageError(str(error), ctx) from error


class DepthSigma(click.ParamType):
    """``1%`` or ``2cm``: a relative or an absolute uncertainty."""

    name = "SHARE|LENGTH"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> "Assumptions":
        """Assumptions with this depth uncertainty."""
        from recon.length_text import parse_length, parse_share
        from recon.measure import Assumptions

        if isinstance(value, Assumptions):
            return value
        is_share = "%" in value
        try:
            sigma = parse_share(value) if is_share else parse_length(value)
        except ValueError:
            self.fail(f"{value!r} is not an uncertainty; expected 1% or 2cm", param, ctx)
        if sigma <= 0:
            self.fail(f"{value!r}: an uncertainty must be positive", param, ctx)
        return Assumptions(depth_sigma=sigma) if is_share else Assumptions(depth_sigma_m=sigma)


class Number(click.FloatRange):
    """``click.FloatRange``, but refuses what is not finite: NaN lies outside no range."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The number; a usage error for anything else."""
        number = float(super().convert(value, param, ctx))
        if not isfinite(number):
            self.fail(f"{value!r} is not a finite number", param, ctx)
        return number


class Metres(click.ParamType):
    """``6``, ``6m``, ``5cm``: a length; a bare number is metres."""

    name = "M"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The length in metres; a usage error with an example for anything else."""
        from recon.length_text import parse_metres

        if isinstance(value, int | float):
            return float(value)
        try:
            return parse_metres(value)
        except ValueError:
            self.fail(f"{value!r} is not a length; expected 6, 6m or 50cm", param, ctx)


class Distance(Metres):
    """A length above 0, at most ``most_m``."""

    def __init__(self, most_m: float = inf) -> None:
        self.most_m = most_m

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The length in metres; a usage error for 0, a negative one, NaN, or one above the limit."""
        length_m = super().convert(value, param, ctx)
        if not 0 < length_m <= self.most_m:
            limit = "" if self.most_m == inf else f" and at most {self.most_m:g} m"
            self.fail(f"{value!r} must be above 0{limit}", param, ctx)
        return length_m


class Count(click.ParamType):
    """``100000``, ``100k`` or ``1.5M``."""

    name = "N"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The whole number; a usage error for anything else."""
        if isinstance(value, int):
            return value
        try:
            return parse_count(str(value))
        except ValueError:
            self.fail(f"{value!r} is not a whole number, such as 100000, 100k or 1.5M", param, ctx)


class Words(click.ParamType):
    """``flip,scales``: some of a few words."""

    name = "WORD,..."

    def __init__(self, choices: Sequence[str]) -> None:
        self.choices = choices

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, ...]:
        """The words; a usage error that lists them for any other."""
        if isinstance(value, tuple):
            return value
        words = tuple(word.strip() for word in str(value).split(","))
        if not set(words) <= set(self.choices):
            self.fail(f"{value!r} is not one or several of {', '.join(self.choices)}", param, ctx)
        return words


def _pixel(text: str) -> Pixel:
    numbers = text.split(",")
    if len(numbers) != 2:
        raise ValueError(f"a position is X,Y, got {text!r}")
    try:
        x, y = (float(number) for number in numbers)
    except ValueError:
        raise ValueError(f"{text!r} is not two numbers") from None
    if not (abs(x) < float("inf") and abs(y) < float("inf")):
        raise ValueError(f"{text!r} is not two finite numbers")
    return x, y
