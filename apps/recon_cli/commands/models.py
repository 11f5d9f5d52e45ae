"""``recon models``: list and download the depth models."""

from typing import Any

import click

from recon_cli.console import Session, manner_options, manners
from recon_cli.display import table_text


@click.group(invoke_without_command=True)
@manner_options
@click.pass_context
def models(context: click.Context, **flags: bool) -> None:
    """List the depth models; `recon models pull NAME` downloads one."""
    if context.invoked_subcommand is None:
        context.invoke(list_models, **flags)
    else:
        # --json before the subcommand's name means the same as after it.
        context.default_map = {context.invoked_subcommand: {name: True for name in flags if flags[name]}}


@models.command("list")
@manners
def list_models(session: Session) -> None:
    """List the depth models with their output, size and licence, and whether they are on this machine."""
    from recon.depth import registry

    rows: list[dict[str, Any]] = [
        {
            "name": card.name,
            "gives": card.gives,
            "predicts_focal": card.predicts_focal,
            "summary": card.summary,
            "licence": card.licence,
            "repository": card.repository,
            "download_mb": card.download_mb,
            "on_this_machine": registry.is_here(card.name),
        }
        for card in registry.cards()
    ]
    session.result["models"] = rows
    for problem in registry.problems():
        session.journal.warn("model", problem)
    if session.json:
        return
    session.print(
        table_text(
            ("name", "predicts", "local", "download", "licence of the weights", "description"),
            [_line(row) for row in rows],
            whole=("name", "predicts", "local", "download"),
            width=250,  # in a pipe, one model per line
        )
    )
    session.print(
        "\nAny other checkpoint of these architectures: --model hf:REPO-OR-FOLDER[@REVISION]. "
        "Download: recon models pull NAME"
    )


def _line(row: dict[str, Any]) -> list[str]:
    size = row["download_mb"]
    return [
        row["name"],
        row["gives"] + (" + focal length" if row["predicts_focal"] else ""),
        "yes" if row["on_this_machine"] else "no",
        "bundled" if row["repository"] is None else f"{size} MB" if size else "?",
        row["licence"],
        row["summary"],
    ]


@models.command()
@click.argument("name")
@manners
def pull(session: Session, name: str) -> None:
    """Download the weights of the model NAME (or hf:REPO[@REVISION]) into the cache."""
    from recon.depth import registry

    snapshot = registry.pull(name, session.journal)
    if snapshot is not None:
        session.journal.decide("model", f"{name} is on this machine, revision {snapshot.revision}")
        session.result |= {"name": name, "repository": snapshot.repository, "revision": snapshot.revision}
