"""Examines what the desktop viewer needs: Open3D, a display and a Vulkan driver."""

import ctypes.util
import os
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from recon.doctor.finding import Finding
from recon.errors import to_add
from recon.units import counted

AREA = "viewer"
_DRIVER_FOLDERS = ("/usr/share/vulkan/icd.d", "/etc/vulkan/icd.d", "/usr/local/share/vulkan/icd.d")
_DRIVER_VARIABLES = ("VK_DRIVER_FILES", "VK_ICD_FILENAMES", "VK_ADD_DRIVER_FILES")
_SOFTWARE = ("lvp", "lavapipe", "swiftshader")
"""In the names of drivers with which the processor draws."""
_CARDS = ("dev/dri/renderD*", "dev/nvidia[0-9]*", "dev/dxg")
_FASTER = "a graphics card with its driver"
_WEB = "recon view --web FILE, which needs none"


def examine_viewer() -> Iterator[Finding]:
    """Open3D, the display and, on Linux, Vulkan. No window is opened: `recon view` itself tries that."""
    if find_spec("open3d") is None:
        yield Finding(AREA, "Open3D", "missing", "not installed", to_add("viewer"))
    elif missing := _missing_libraries():
        fix = f"apt-get install {' '.join(missing)}"
        yield Finding(AREA, "Open3D", "broken", "system libraries are missing", fix)
    else:
        yield Finding(AREA, "Open3D", "works", "installed")
    if has_display():
        yield Finding(AREA, "display", "works", os.environ.get("DISPLAY") or "there")
    else:
        detail = "neither DISPLAY nor WAYLAND_DISPLAY is set"
        yield Finding(AREA, "display", "missing", detail, _WEB)
    if sys.platform.startswith("linux"):
        yield _examine_vulkan()


def has_display() -> bool:
    """Whether a display is configured; assumed on systems other than Linux."""
    return not sys.platform.startswith("linux") or any(
        os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY")
    )


def _examine_vulkan() -> Finding:
    fix = "apt-get install libvulkan1 mesa-vulkan-drivers"
    if ctypes.util.find_library("vulkan") is None:
        return Finding(AREA, "Vulkan", "missing", "its loader (libvulkan.so.1) is not installed", fix)
    drivers = _drivers()
    if not drivers:
        return Finding(AREA, "Vulkan", "missing", "there is no driver", fix)
    detail = counted(len(drivers), "driver")
    if not any(path.exists() for pattern in _CARDS for path in Path("/").glob(pattern)):
        why = "no graphics card"
    elif all(any(word in name.lower() for word in _SOFTWARE) for name in drivers):
        why = "none for a graphics card"
    else:
        return Finding(AREA, "Vulkan", "works", detail)
    return Finding(AREA, "Vulkan", "note", f"{detail}, {why}: the processor draws, slowly", _FASTER)


def _drivers() -> list[str]:
    """Names of the Vulkan drivers that the loader considers; a folder in a variable counts as one."""
    replacing, added = _DRIVER_VARIABLES[:2], _DRIVER_VARIABLES[2]
    usual = [path.name for folder in _DRIVER_FOLDERS for path in Path(folder).glob("*.json")]
    return next((names for names in map(_listed, replacing) if names), usual) + _listed(added)


def _listed(variable: str) -> list[str]:
    return [Path(path).name for path in os.environ.get(variable, "").split(os.pathsep) if path]


def _missing_libraries() -> list[str]:
    """Debian's packages of the libraries that Open3D links, as far as they are missing; none on other systems."""
    if not sys.platform.startswith("linux"):
        return []
    packages = {
        "GL": "libgl1",
        "EGL": "libegl1",
        "X11": "libx11-6",
        "usb-1.0": "libusb-1.0-0",
        "udev": "libudev1",
    }
    return [package for name, package in packages.items() if ctypes.util.find_library(name) is None]
