"""What torch can compute on here."""

import os
import shutil
from dataclasses import dataclass

from recon.units import counted

_CUDA_DRIVER = "/proc/driver/nvidia/version"


@dataclass(frozen=True)
class DeviceReport:
    """Where networks run with ``--device auto``."""

    text: str
    fix: str | None = None
    """How to use a graphics card that is there and not used."""


def device_report() -> DeviceReport:
    """The device that ``auto`` takes, with its memory or cores; imports torch."""
    import torch

    if torch.cuda.is_available():
        properties = torch.cuda.get_device_properties(0)
        return DeviceReport(f"cuda: {properties.name}, {properties.total_memory / 2**30:.0f} GiB")
    if torch.backends.mps.is_available():
        return DeviceReport("mps: the graphics part of an Apple processor")
    cores = f"cpu, {counted(torch.get_num_threads(), 'thread')}"
    if not has_nvidia_driver():
        return DeviceReport(cores)
    if torch.version.cuda is None:
        fix = "install a CUDA build of torch (pytorch.org has the command for your system)"
        return DeviceReport(f"{cores}; the NVIDIA card is not used: this torch is a CPU build", fix)
    fix = "nvidia-smi, which says what is wrong with the driver; update it"
    return DeviceReport(f"{cores}; the NVIDIA card is not used: torch finds no working driver", fix)


def has_nvidia_driver() -> bool:
    """Whether a driver for NVIDIA cards is installed, whatever torch says."""
    return os.path.exists(_CUDA_DRIVER) or shutil.which("nvidia-smi") is not None
