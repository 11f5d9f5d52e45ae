"""``recon mcp``: a server of the Model Context Protocol, for agents."""

from importlib.util import find_spec
from pathlib import Path

import click

from recon.errors import ReconError, to_add
from recon_cli.console import Session, manners

_EPILOG = """\b
A client starts it; for most of them the entry is
  {"mcpServers": {"recon": {"command": "recon", "args": ["mcp", "--allow", "/home/me/photos"]}}}
"""


@click.command(epilog=_EPILOG)
@click.option(
    "--allow",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="Folder that the agent may read and write, with its subfolders. Repeatable. Default: the current one.",
)
@manners
def mcp(session: Session, allow: tuple[Path, ...]) -> None:
    """Serve an agent over standard input and output: build scenes, measure in them and look at them."""
    if find_spec("mcp") is None:
        raise ReconError(f"recon mcp needs the MCP SDK: {to_add('mcp')}")
    from recon_mcp.server import serve

    serve(allow or (Path.cwd(),))
