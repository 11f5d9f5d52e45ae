"""``recon doctor``: what works on this machine, and the command that fixes what does not."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, NoReturn

import click

from recon_cli.console import Session, manners
from recon_cli.display import printable_line

if TYPE_CHECKING:
    from recon.doctor import Finding

_MARKS = {"works": "ok", "note": "note", "missing": "MISSING", "broken": "BROKEN"}


@click.command()
@click.option("--network", is_flag=True, help="Also check that the Hugging Face Hub responds.")
@manners
def doctor(session: Session, network: bool) -> None:
    """Check the installation: what works here, and the command that fixes what does not.

    Exit code 0 if a photo can become a scene, otherwise 1.
    """
    from recon.doctor import examine

    findings = []
    area = ""
    for finding in examine(network):
        findings.append(finding)
        if finding.area != area:
            session.print(f"{'' if not area else chr(10)}{finding.area}")
            area = finding.area
        session.print(printable_line(f"  {_MARKS[finding.state]:<8} {finding.name:<23} {finding.detail}"))
        if finding.fix is not None:
            session.print(printable_line(f"  {'':<8} {'':<23} -> {finding.fix}"))
    session.result["findings"] = [finding.as_dict() for finding in findings]
    stopping = [finding for finding in findings if finding.stops_the_main_job]
    if stopping:
        _end(session, stopping)
    session.print("\nA photo can become a scene here: recon photo.jpg")


def _end(session: Session, stopping: "Sequence[Finding]") -> NoReturn:
    """Exits with code 1; the output still has all findings."""
    message = f"no photo can become a scene here: {', '.join(finding.name for finding in stopping)}"
    session.journal.warn("doctor", f"{message}. First: {stopping[0].fix}")
    if session.json:
        error = {"type": "ReconError", "message": message}
        click.echo(json.dumps({"ok": False, "error": error, **session.result}, indent=1))
    raise click.exceptions.Exit(1)
