import dataclasses
import re

import click
import pytest
from click.testing import CliRunner

from recon.options import GROUPS, Options
from recon_cli.group import COMMANDS, LazyCommand, recon
from recon_cli.option_groups import GroupedCommand, GroupedOption

REAL = {name: LazyCommand(name).command for name in COMMANDS}
GROUPED = sorted(name for name, command in REAL.items() if isinstance(command, GroupedCommand))


def sections(command: str, columns: int = 100) -> dict[str, list[str]]:
    """The option entries of each section of a command's help, as printed."""
    text = CliRunner().invoke(recon, [command, "--help"], terminal_width=columns).stdout
    parts = re.split(r"^([A-Z][a-z ]+):\n", text, flags=re.MULTILINE)
    blocks = dict(zip(parts[1::2], parts[2::2], strict=True))
    return {
        title: re.split(r"\n  (?=-)", "\n" + block.split("\n\n")[0])[1:] for title, block in blocks.items()
    }


def test_the_commands_that_share_options_are_grouped() -> None:
    assert GROUPED == [
        "build",
        "calibrate",
        "compare",
        "depth",
        "eval",
        "export",
        "features",
        "join",
        "plan",
        "relief",
        "render",
        "serve",
        "view",
    ]
    shared = {field.name for field in dataclasses.fields(Options)}
    for name, command in REAL.items():
        takes = {parameter.name for parameter in command.params} & shared
        # `recon measure` shares one option alone, --rectangle.
        assert name in GROUPED or not takes - {"overwrite", "rectangle"}, name


_MODELS = REAL["models"]
assert isinstance(_MODELS, click.Group)
_ONE_FILE = [
    (name, parameter.opts[0])
    for name, command in [*REAL.items(), ("models export", _MODELS.commands["export"])]
    for parameter in command.params
    if isinstance(parameter, click.Option)
    and isinstance(parameter.type, click.Path)
    and not parameter.multiple
]


@pytest.mark.parametrize(("command", "flag"), _ONE_FILE)
def test_a_second_file_for_an_option_that_takes_one_is_refused(command: str, flag: str) -> None:
    # click alone would use the last one and drop the others without a word.
    words = [*command.split(), "photo.jpg", flag, "a.bin", flag, "b.bin"]
    done = CliRunner().invoke(recon, words)
    assert done.exit_code == 2
    assert "takes one file here" in done.output and flag in done.output, done.output


@pytest.mark.parametrize("name", GROUPED)
def test_every_option_is_in_a_group(name: str) -> None:
    for parameter in REAL[name].params:
        if isinstance(parameter, click.Option):
            assert isinstance(parameter, GroupedOption), parameter.name
            assert parameter.group in GROUPS, parameter.name


def test_every_field_of_the_options_is_in_a_group_and_in_the_help_of_build() -> None:
    printed = sections("build")
    assert tuple(printed) == GROUPS
    for field in dataclasses.fields(Options):
        flag = field.metadata["flag"].split("/")[0]
        entries = [
            entry for entry in printed[field.metadata["group"]] if re.match(rf"{flag}[ \n]", entry + "\n")
        ]
        assert len(entries) == 1, field.name


@pytest.mark.parametrize("name", GROUPED)
def test_no_help_text_is_longer_than_two_lines(name: str) -> None:
    for entries in sections(name).values():
        for entry in entries:
            first, *others = entry.split("\n")
            alone = len(re.split(r"\s{2,}", first)) == 1  # a long flag has its line to itself
            assert len(others) + (not alone) <= 2, entry


def test_the_most_used_options_come_first() -> None:
    first = {group: re.split(r"[ ,]", entries[0])[0] for group, entries in sections("build").items()}
    assert (
        first["Depth model"] == "--model" and first["Metric scale"] == "--length" and first["Output"] == "-o"
    )
