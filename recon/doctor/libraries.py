"""Examines Python and the libraries that every job needs."""

import importlib
import platform
import re
import sys
from collections.abc import Iterator
from importlib import metadata, resources

from recon.depth.inference.devices import device_report
from recon.doctor.finding import Finding

AREA = "main job"
OLDEST_PYTHON = (3, 10)
_MODULES = {"openexr": "OpenEXR", "pillow": "PIL"}
"""Distributions whose module has another name than theirs with underscores; all those of OpenCV have ``cv2``."""
_REQUIREMENT = re.compile(r"([\w.-]+)(?![\w.-])[^>]*>=\s*([\d.]+)")
_PREVIEW = "preview.safetensors"


def examine_python() -> Finding:
    """The interpreter: its version, and whether it is a 64-bit one."""
    detail = f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    if sys.version_info < OLDEST_PYTHON:
        fix = f"install Python {'.'.join(map(str, OLDEST_PYTHON))} or newer, and recon into it"
        return Finding(AREA, "Python", "broken", f"{detail}: too old", fix, required=True)
    if sys.maxsize < 2**32:
        fix = "install a 64-bit Python, and recon into it"
        return Finding(AREA, "Python", "broken", f"{detail}, 32 bits: torch needs 64", fix, required=True)
    return Finding(AREA, "Python", "works", detail, required=True)


def examine_libraries() -> Iterator[Finding]:
    """Each library that recon requires: installed, new enough, importable; for torch also its device."""
    for name, least in requirements():
        finding = _examine(name, least)
        yield finding
        if name == "torch" and finding.state == "works":
            yield _examine_device()


def requirements() -> list[tuple[str, str]]:
    """Names and least versions of the libraries of the main job, as recon's own metadata lists them."""
    lines = [line for line in metadata.requires("recon") or [] if "extra ==" not in line]
    matches = [_REQUIREMENT.match(line.partition(";")[0].strip()) for line in lines]
    return [(match[1].lower(), match[2]) for match in matches if match is not None]


def examine_preview() -> Finding:
    """The weights of the bundled network, which makes scenes without any download."""
    path = resources.files("recon.depth").joinpath(_PREVIEW)
    if not path.is_file():
        fix = "pip install --force-reinstall --no-deps recon"
        return Finding(AREA, "preview network", "missing", "its weights are not there", fix, required=True)
    size_mb = len(path.read_bytes()) / 1e6
    return Finding(AREA, "preview network", "works", f"bundled, {size_mb:.0f} MB", required=True)


def _examine(name: str, least: str) -> Finding:
    """One library. What fails while it is imported is what the user would see: it is shown."""
    module = "cv2" if name.startswith("opencv") else _MODULES.get(name, name.replace("-", "_"))
    try:
        version = metadata.version(name)
    except metadata.PackageNotFoundError:
        return _from_another_package(name, least, module)
    if _numbers(version) < _numbers(least):
        fix = f'pip install "{name}>={least}"'
        return Finding(AREA, name, "broken", f"{version}, too old", fix, required=True)
    problem = _import_error(module)
    if problem is not None:
        fix = f'pip install --force-reinstall "{name}>={least}"'
        return Finding(AREA, name, "broken", f"{version}, cannot be imported: {problem}", fix, required=True)
    return Finding(AREA, name, "works", version, required=True)


def _from_another_package(name: str, least: str, module: str) -> Finding:
    """OpenCV comes in four packages with one module, and conda uses other names."""
    if _import_error(module) is not None:
        fix = f'pip install "{name}>={least}"'
        return Finding(AREA, name, "missing", "not installed", fix, required=True)
    version = getattr(sys.modules[module], "__version__", "a version that it does not state")
    return Finding(AREA, name, "works", f"{version}, from another package", required=True)


def _import_error(module: str) -> str | None:
    try:
        importlib.import_module(module)
    except Exception as error:  # a library may fail with anything, and the others are to be examined too
        return (str(error).strip() or type(error).__name__).splitlines()[0]
    return None


def _examine_device() -> Finding:
    report = device_report()
    return Finding(AREA, "device", "note" if report.fix else "works", report.text, report.fix)


def _numbers(version: str) -> list[int]:
    """(2, 13, 0) of ``2.13.0+cpu``."""
    return [int(word) for word in re.findall(r"\d+", re.split(r"[+a-zA-Z]", version)[0])]
