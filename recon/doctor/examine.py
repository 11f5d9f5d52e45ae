"""All examinations, in the order in which they are shown."""

from collections.abc import Iterator

from recon.doctor.additions import examine_blender, examine_extras
from recon.doctor.display import examine_viewer
from recon.doctor.finding import Finding
from recon.doctor.libraries import examine_libraries, examine_preview, examine_python


def examine(network: bool = False) -> Iterator[Finding]:
    """Examines the installation and this machine; takes as long as importing torch.

    Args:
        network: Also ask the hub for a sign of life. Otherwise the network is not used.

    Yields:
        One finding after the other. Where the libraries of the main job are missing, what needs them is left out.
    """
    works = True
    for finding in _main_job():
        works = works and not finding.stops_the_main_job
        yield finding
    if works:
        from recon.doctor.models import examine_cache, examine_hub, examine_models

        yield from examine_models()
        yield examine_cache()
        yield examine_hub(network)
    yield from examine_viewer()
    yield from examine_extras()
    yield examine_blender()


def _main_job() -> Iterator[Finding]:
    yield examine_python()
    yield from examine_libraries()
    yield examine_preview()
