"""Finds the writer for a file name: every module of ``formats`` that declares ``FORMAT`` or ``FORMATS``."""

import importlib
import importlib.util
import pkgutil
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

import recon.export.formats
from recon.atomic_write import staged
from recon.errors import ExportError
from recon.export.format import Content, Format
from recon.options import Shape
from recon.types import Mesh


@cache
def formats() -> Mapping[str, Format]:
    """Every format by its suffix (``.ply``), in alphabetical order."""
    names = sorted(module.name for module in pkgutil.iter_modules(recon.export.formats.__path__))
    modules = [importlib.import_module(f"recon.export.formats.{name}") for name in names]
    found: list[Format] = [module.FORMAT for module in modules if hasattr(module, "FORMAT")]
    found += [form for module in modules for form in getattr(module, "FORMATS", ())]
    return {form.suffix: form for form in sorted(found, key=lambda form: form.suffix)}


def format_for(path: Path, shape: Shape | None = None, *, others: Sequence[str] = ()) -> tuple[Format, Shape]:
    """The format that a file name asks for, and what will be in the file.

    Args:
        path: The file to write; only its suffix is looked at, in upper or lower case. The longest that fits
            counts: ``a.textured.ply`` is no ``.ply``.
        shape: ``cloud``, ``mesh``, or None for the format's own default.
        others: Suffixes that the caller writes itself (``.npz``), to be named in the error's list.

    Raises:
        ExportError: no such format, it cannot hold this shape or this name, or a library that it needs is missing.
    """
    known = formats()
    name = path.name.lower()
    fitting = [suffix for suffix in known if name.endswith(suffix) and name != suffix]
    form = known[max(fitting, key=len)] if fitting else None
    if form is None:
        problem = f"{path.suffix} is not a known format" if path.suffix else "the name has no suffix"
        raise ExportError(f"{path}: {problem}; there are {', '.join(sorted([*known, *others]))}.")
    shape = shape or form.shapes[0]
    if shape not in form.shapes:
        raise ExportError(f"{path}: {form.suffix} holds no {shape}. {form.instead}".rstrip())
    if form.needs is not None and importlib.util.find_spec(form.needs[0]) is None:
        module, extra = form.needs
        raise ExportError(
            f'{path}: {form.suffix} needs {module}: install it by pip install "recon[{extra}]".'
        )
    try:
        form.sidecars(path, shape)
    except UnicodeEncodeError as error:
        # Linux takes any bytes as a name; a format that names its files inside takes text.
        raise ExportError(
            f"{path}: {form.suffix} cannot hold a name that is not UTF-8; give the output another name."
        ) from error
    return form, shape


def save(content: Content, path: Path, form: Format, *, overwrite: bool = True) -> None:
    """Writes a file and its sidecars, all or nothing.

    Whether something may be replaced is asked earlier, by ``atomic_write.check_writable``; with ``overwrite`` False
    it is asked again at the end.

    Raises:
        ExportError: nothing to write, no permission, no space, something in the way; old files stay as they were.
    """
    shape: Shape = "mesh" if isinstance(content.geometry, Mesh) else "cloud"
    with staged(path, form.sidecars(path, shape), overwrite=overwrite) as temporary:
        form.write(content, temporary)
