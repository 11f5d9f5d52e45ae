"""``recon models``: list, describe and download the depth models."""

import re
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from recon_cli.console import Session, manner_options, manners
from recon_cli.display import table_text
from recon_cli.option_groups import StrictCommand

if TYPE_CHECKING:
    from recon.depth.estimator import ModelCard, Place

_DIGITS = re.compile(r"[0-9]{1,5}")


class _Models(click.Group):
    """click's group; what is no subcommand is the name of a model to describe."""

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        """The subcommand, or one that describes the model of that name."""
        command = super().get_command(context, name)
        if command is not None or get_close_matches(name, self.commands, n=1, cutoff=0.7):
            return command
        return click.command(name, help=_describe.__doc__)(manners(partial(_describe, name=name)))


@click.group(
    cls=_Models,
    invoke_without_command=True,
    subcommand_metavar="[NAME | list | pull NAME | suggest | export NAME]",
)
@manner_options
@click.pass_context
def models(context: click.Context, **flags: bool) -> None:
    """List the depth models; `recon models NAME` describes one, `recon models pull NAME` downloads one."""
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

    cards = registry.cards()
    session.result["models"] = [_as_json(card) for card in cards]
    for problem in registry.problems():
        session.journal.warn("model", problem)
    if session.json:
        return
    if session.journal.verbose:
        session.print("\n\n".join(map(_details, cards)))
    else:
        titles = ("name", "predicts", "weights", "time", "commercial", "licence")
        session.print(table_text(titles, map(_row, cards), numbers=("time",), whole=titles), styled=True)
    session.print(
        "\nWhich one to use: recon models suggest. More on one, and how to install it: recon models NAME\n"
        "time: on a CPU, as a multiple of that of dav2-small (about 1 s), at default sizes\n"
        "Download: recon models pull NAME. commercial: the licence of the weights allows commercial use\n"
        "Other checkpoints of these architectures: --model hf:REPO-OR-FOLDER[@REVISION]\n"
        "As an ONNX file, for use without torch: recon models export NAME -o FILE.onnx"
    )


def _describe(session: Session, name: str) -> None:
    """Describe one depth model: what it predicts, its licence, and how to install it."""
    from recon.depth import registry

    card = registry.card(name)
    session.result["model"] = _as_json(card)
    session.print(_details(card))


def _as_json(card: "ModelCard") -> dict[str, Any]:
    from recon.depth import registry
    from recon.depth.hub.cpu_times import cpu_time

    return {
        "name": card.name,
        "gives": card.gives,
        "predicts_focal": card.predicts_focal,
        "summary": card.summary,
        "licence": card.licence,
        "commercial_use": card.commercial,
        "masks_sky": card.masks_sky,
        "predicts_normals": card.predicts_normals,
        "place": card.place,
        "repository": card.repository,
        "download_mb": card.download_mb,
        "cpu_time": cpu_time(card.name),
        "on_this_machine": registry.is_here(card.name),
    }


def _row(card: "ModelCard") -> list[str]:
    from recon.depth import registry

    here = "bundled" if card.repository is None else "here" if registry.is_here(card.name) else _size(card)
    predicts = [card.gives, *_others(card)]
    # What the licence forbids stands in the column before it.
    licence = card.licence.partition(":")[0].removesuffix(" licence").removesuffix(" Model")
    return [card.name, ", ".join(predicts), here, _time(card), _commercial(card), licence]


def _time(card: "ModelCard") -> str:
    from recon.depth.hub.cpu_times import cpu_time

    times = cpu_time(card.name)
    return "-" if times is None else f"{times:g}"


def _others(card: "ModelCard") -> list[str]:
    """What a model predicts besides depth."""
    given = {"focal": card.predicts_focal, "sky": card.masks_sky, "normals": card.predicts_normals}
    return [name for name, predicted in given.items() if predicted]


def _commercial(card: "ModelCard") -> str:
    return {True: "yes", False: "no", None: "?"}[card.commercial]


def _size(card: "ModelCard") -> str:
    return f"{card.download_mb} MB" if card.download_mb else "?"


def _details(card: "ModelCard") -> str:
    """All that is known of a model, a line each; for one that has to be downloaded also how, by hand and offline."""
    from recon.depth import registry

    rows = [
        ("name", card.name),
        ("predicts", ", ".join([f"{card.gives} depth", *_others(card)])),
        ("description", card.summary),
        ("licence", card.licence),
        ("commercial", _commercial(card)),
        ("CPU time", f"{_time(card)} (dav2-small: 1)"),
        ("use", f"recon build photo.jpg --model {card.name}"),
    ]
    if card.repository is None:
        rows.append(("weights", "bundled: nothing to download"))
    elif registry.is_here(card.name):
        rows.append(("weights", f"{card.repository}, on this machine"))
    else:
        rows += [
            ("weights", f"{card.repository}, {_size(card)}, not on this machine"),
            *_ways_to_install(card),
        ]
    return "\n".join(f"{label:<12} {text}" for label, text in rows)


def _ways_to_install(card: "ModelCard") -> list[tuple[str, str]]:
    from huggingface_hub import constants

    return [
        ("install", f"recon models pull {card.name}"),
        (
            "by hand",
            f"download {' and '.join(card.files)} from {constants.ENDPOINT}/{card.repository}",
        ),
        ("", "into a folder, and use it: recon build photo.jpg --model hf:FOLDER"),
        ("mirror", f"HF_ENDPOINT=https://MIRROR recon models pull {card.name}"),
        ("offline", f"copy {constants.HF_HUB_CACHE} from a machine that has the model"),
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


@models.command()
@click.option("--commercial", is_flag=True, help="Its licence must allow commercial use.")
@click.option("--metric", is_flag=True, help="It must give metres without a known length.")
@click.option("--indoor", is_flag=True, help="The photo shows a room.")
@click.option("--outdoor", is_flag=True, help="The photo was taken outdoors.")
@click.option("--fast", is_flag=True, help="It must be fast on a CPU, by measured times.")
@manners
def suggest(
    session: Session, commercial: bool, metric: bool, indoor: bool, outdoor: bool, fast: bool
) -> None:
    """Name the most accurate model that meets the conditions, and why."""
    if indoor and outdoor:
        raise click.UsageError("use only one of --indoor and --outdoor, or none for a model of both")
    from recon.depth import registry
    from recon.depth.suggest import Wish, pairing, suggest

    place: Place | None = "indoor" if indoor else "outdoor" if outdoor else None
    card, reason = suggest(registry.cards(), Wish(commercial, metric, place, fast))
    tip = pairing(card, registry.is_here)
    session.result["model"] = {**_as_json(card), "reason": reason, "tip": tip}
    session.print(f"{card.name}: {reason}.\n" + (f"{tip}\n" if tip else ""))
    session.print(_details(card))


class _InputSize(click.ParamType):
    """``518`` or ``686x518``."""

    name = "S|WxH"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> int | tuple[int, int]:
        """The shorter side, or width and height; a usage error for anything else."""
        if isinstance(value, int | tuple):
            return value
        parts = str(value).lower().split("x")
        if len(parts) not in (1, 2) or not all(_DIGITS.fullmatch(part) for part in parts):
            self.fail(f"expected 518, or width and height as 686x518, got {value!r}", param, ctx)
        sides = tuple(int(part) for part in parts)
        return sides[0] if len(sides) == 1 else (sides[0], sides[1])


@models.command("export", cls=StrictCommand)
@click.argument("name")
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Output: .onnx or .mlpackage.",
)
@click.option(
    "--precision",
    type=click.Choice(["fp32", "fp16", "int8"]),
    default="fp32",
    show_default=True,
    help="Number format. fp16: half the size. int8: linear layers in 8 bits.",
)
@click.option(
    "--size",
    type=_InputSize(),
    help="Input of the network: its shorter side at 4:3, or width and height, px.",
)
@click.option("--offline", is_flag=True, help="Never access the network.")
@click.option("--overwrite", is_flag=True, help="Replace existing files.")
@manners
def export_model(
    session: Session,
    name: str,
    output: Path,
    precision: str,
    size: int | tuple[int, int] | None,
    offline: bool,
    overwrite: bool,
) -> None:
    """Export the model NAME as an ONNX file, check it, and use it without torch: --model onnx:FILE.

    A Core ML package (.mlpackage) is converted, and not run: that needs macOS.
    """
    from dataclasses import asdict

    from recon.atomic_write import check_writable
    from recon.depth.onnx.export import data_file, export
    from recon.errors import ExportError

    if output.suffix.lower() == ".mlpackage":
        _export_package(session, name, output, precision, size, offline, overwrite)
        return
    if output.suffix.lower() != ".onnx":
        raise ExportError(f"{output}: the name of the file must end in .onnx or .mlpackage.")
    check_writable([(output, data_file(output))], overwrite=overwrite)
    done = export(
        name,
        output,
        precision=precision,  # type: ignore[arg-type]
        size=size,
        offline=offline,
        overwrite=overwrite,
        journal=session.journal,
    )
    for each in done.differences:
        session.journal.decide("checked", f"largest difference to torch in fp32, {each.text}")
    session.journal.decide(
        "time", f"processor time for one picture: onnxruntime {done.onnx_s:.2f} s, torch {done.torch_s:.2f} s"
    )
    session.journal.decide(
        "written",
        f"{', '.join(map(str, done.files))}: {done.width}x{done.height} px, {precision}, {done.bytes / 1e6:.1f} MB; "
        f"use it with --model onnx:{output}",
    )
    session.result |= {
        "written": [{"path": str(path), "bytes": path.stat().st_size} for path in done.files],
        "width": done.width,
        "height": done.height,
        "differences": [asdict(each) for each in done.differences],
        "torch_processor_s": done.torch_s,
        "onnx_processor_s": done.onnx_s,
    }


def _export_package(
    session: Session,
    name: str,
    output: Path,
    precision: str,
    size: int | tuple[int, int] | None,
    offline: bool,
    overwrite: bool,
) -> None:
    from recon.atomic_write import check_writable
    from recon.depth.onnx.coreml import export_package, files_of

    check_writable([files_of(output)], overwrite=overwrite)
    done = export_package(
        name,
        output,
        precision=precision,
        size=size,
        offline=offline,
        overwrite=overwrite,
        journal=session.journal,
    )
    session.journal.decide("checked", "not run: Core ML runs on macOS and iOS only; compare its output there")
    session.journal.decide(
        "written", f"{output}: {done.width}x{done.height} px, {precision}, {done.bytes / 1e6:.1f} MB"
    )
    session.result |= {
        "written": [{"path": str(output), "bytes": done.bytes}],
        "width": done.width,
        "height": done.height,
        "differences": None,
    }
