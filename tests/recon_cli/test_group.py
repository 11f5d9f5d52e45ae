"""Commands are imported when they are used: ``recon --help`` has their summaries without them."""

import pkgutil
import subprocess
import sys

import pytest
from click.testing import CliRunner

import recon_cli.commands
from recon_cli.group import COMMANDS, LazyCommand, recon


def test_every_module_of_commands_is_a_command_of_its_name() -> None:
    modules = {module.name for module in pkgutil.iter_modules(recon_cli.commands.__path__)}
    assert modules == set(COMMANDS)
    assert all(LazyCommand(name).command.name == name for name in modules)


@pytest.mark.parametrize("width", [40, 80, 110])
def test_the_help_is_that_of_the_commands_themselves_and_complete(width: int) -> None:
    settings = {"terminal_width": width, "max_content_width": width}
    shown = CliRunner().invoke(recon, ["--help"], prog_name="recon", **settings).output
    words = " ".join(shown.split())
    for name in COMMANDS:
        first = (LazyCommand(name).command.help or "").partition("\n\n")[0]
        assert f" {name} {' '.join(first.split())}" in words


@pytest.mark.parametrize("words", [["--help"], ["--version"]])
def test_help_and_version_import_no_command(words: list[str]) -> None:
    program = (
        "import contextlib, io, sys\nfrom recon_cli.group import recon\n"
        "with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):\n"
        f"    recon.main({words!r})\n"
        "print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    modules = done.stdout.split()
    assert "recon_cli.group" in modules
    assert not [name for name in modules if name.startswith("recon_cli.commands")]
    assert not {"numpy", "rich", "recon.options", "recon_cli.console"} & set(modules)


@pytest.mark.parametrize(
    ("words", "position", "expected"),
    [
        ("recon mea", 1, "measure"),
        ("recon build --focal-3", 2, "--focal-35mm"),
        ("recon models li", 2, "list"),
    ],
)
def test_the_shell_completes_commands_their_options_and_subcommands(
    words: str, position: int, expected: str
) -> None:
    environment = {"_RECON_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(position)}
    assert CliRunner().invoke(recon, prog_name="recon", env=environment).output == f"plain,{expected}\n"
