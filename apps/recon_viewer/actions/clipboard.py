"""Copies the measurements, and opens the files that the clipboard names."""

from recon.errors import ReconError
from recon_viewer.background import outputs
from recon_viewer.background.host import Host
from recon_viewer.model.measurements import as_text, counted
from recon_viewer.model.pasted import pasted_paths


def copy(host: Host) -> None:
    """Copies the list of measurements as text."""
    readings = host.readings
    if not readings:
        host.say("nothing to copy: measure something first")
        return
    try:
        outputs.copy_text(as_text(readings))
    except ReconError as error:
        host.say(str(error), problem=True)
        return
    host.say(f"{counted(readings)} copied")


def paste(host: Host) -> None:
    """Opens the copied files."""
    try:
        paths = pasted_paths(outputs.pasted_text())
    except ReconError as error:
        host.say(str(error), problem=True)
        return
    if not paths:
        host.say(
            "the clipboard names no file: copy files or their full paths, then press Ctrl+V", problem=True
        )
    for path in paths:
        host.reopen(path)
