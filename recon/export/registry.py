"""Finds the format for a file name among the modules of ``formats`` that declare ``FORMAT`` or ``FORMATS``."""

import importlib
import importlib.util
import pkgutil
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

import recon.export.formats
from recon.atomic_write import staged
from recon.errors import ExportError, to_add
from recon.export.format import Content, Format
from recon.options import Shape

_INSTEAD = {
    ".blend": "write .glb and open it with `recon blender scene.glb`, which sets up the camera as well",
    ".fbx": "write .glb, which Blender, Unreal and Unity import",
    ".gltf": "write .glb, which is glTF in a single file",
    ".dae": "write .glb or .obj",
    ".3ds": "write .glb or .obj",
    ".max": "write .glb or .obj",
    ".3mf": "`recon relief photo.jpg -o relief.3mf` makes a closed relief for 3D printing",
    ".usd": "write .usdc or .usda, or .usdz for a phone",
}
"""Formats that people ask for, and what to write instead."""


@cache
def formats() -> Mapping[str, Format]:
    """All formats by suffix (``.ply``), in alphabetical order."""
    names = sorted(module.name for module in pkgutil.iter_modules(recon.export.formats.__path__))
    modules = [importlib.import_module(f"recon.export.formats.{name}") for name in names]
    declared: list[Format] = [module.FORMAT for module in modules if hasattr(module, "FORMAT")]
    declared += [form for module in modules for form in getattr(module, "FORMATS", ())]
    return {form.suffix: form for form in sorted(declared, key=lambda form: form.suffix)}


def format_for(path: Path, shape: Shape | None = None, *, others: Sequence[str] = ()) -> tuple[Format, Shape]:
    """The format for a file name, and the kind of geometry to write.

    Args:
        path: The file to write; only its suffix matters, ignoring case. The longest match counts: ``a.textured.ply``
            is not a ``.ply``.
        shape: ``cloud``, ``mesh``, or None for the format's default.
        others: Suffixes that the caller writes itself (``.npz``), to include in the error message.

    Raises:
        ExportError: unknown format, unsupported geometry or file name, or a missing library.
    """
    known = formats()
    name = path.name.lower()
    fitting = [suffix for suffix in known if name.endswith(suffix) and name != suffix]
    form = known[max(fitting, key=len)] if fitting else None
    if form is None:
        problem = f"{path.suffix} is not a known format" if path.suffix else "the name has no suffix"
        advice = f"; {_INSTEAD[suffix]}" if (suffix := path.suffix.lower()) in _INSTEAD else ""
        raise ExportError(f"{path}: {problem}{advice}. Choose one of {', '.join(sorted([*known, *others]))}.")
    shape = shape or form.shapes[0]
    if shape not in form.shapes:
        raise ExportError(f"{path}: {form.suffix} does not support a {shape}. {form.instead}".rstrip())
    if form.needs is not None and importlib.util.find_spec(form.needs[0]) is None:
        module, extra = form.needs
        raise ExportError(f"{path}: {form.suffix} needs {module}; install it with {to_add(extra)}.")
    try:
        form.sidecars(path, shape)
    except UnicodeEncodeError as error:
        # Linux allows any bytes in a file name, but a format that references its files needs text.
        raise ExportError(
            f"{path}: {form.suffix} does not support a file name that is not UTF-8; use another name."
        ) from error
    return form, shape


def save(content: Content, path: Path, form: Format, *, overwrite: bool = True) -> None:
    """Writes a file and its sidecars atomically.

    ``atomic_write.check_writable`` checks earlier whether existing files may be replaced; with ``overwrite`` False,
    this is checked again at the end.

    Raises:
        ExportError: nothing to write, no permission, no space, or an existing file; existing files are unchanged.
    """
    _, *sidecars = form.files_of(content, path)
    with staged(path, sidecars, overwrite=overwrite) as temporary:
        form.write(content, temporary)
