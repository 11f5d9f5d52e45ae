"""The server: its six tools over standard input and output."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp_types import CallToolResult, InputRequiredResult, ToolAnnotations
from pydantic import ValidationError

from recon.version import __version__
from recon_mcp.folders import Folders
from recon_mcp.tools import Tools
from recon_mcp.words import unknown_text, wrong_text
from recon_mcp.workshop import Workshop

_INSTRUCTIONS = """recon turns one photo into a metric 3D scene.
To measure something: build the photo to an .npz, find its two ends in the photo in px, measure, and look at the
marked picture that comes back. Quote lengths with their interval. Metres of the model preview are guesses; a known
length, the camera's height or measured depth makes them true."""


class _Server(MCPServer):
    """Refuses wrong arguments in sentences."""

    async def call_tool(
        self, name: str, arguments: dict[str, Any], context: Context[Any, Any] | None = None
    ) -> CallToolResult | InputRequiredResult:
        """Calls a tool.

        Raises:
            ToolError: An argument is unknown or wrong, or the tool refuses.
        """
        known = {tool.name: list(tool.input_schema["properties"]) for tool in await self.list_tools()}
        if name in known and (unknown := unknown_text(name, arguments, known[name])):
            raise ToolError(unknown)
        try:
            return await super().call_tool(name, arguments, context)
        except ToolError as error:
            if isinstance(error.__cause__, ValidationError):
                raise ToolError(wrong_text(name, error.__cause__)) from None
            raise


def make_server(folders: Folders) -> MCPServer:
    """The server with its tools, for files in these folders."""
    server = _Server("recon", version=__version__, instructions=_INSTRUCTIONS, log_level="WARNING")
    tools = Tools(Workshop(folders))
    looks = ToolAnnotations(read_only_hint=True, open_world_hint=False)
    writes = ToolAnnotations(read_only_hint=False, destructive_hint=True, open_world_hint=False)
    server.add_tool(tools.build, annotations=writes)
    server.add_tool(tools.depth, annotations=writes)
    server.add_tool(tools.measure, annotations=looks)
    server.add_tool(tools.calibrate, annotations=writes)
    server.add_tool(tools.info, annotations=looks)
    server.add_tool(tools.render, annotations=writes)
    return server


def serve(allowed: Sequence[Path]) -> None:
    """Serves until standard input is closed.

    Raises:
        ReconError: One of the allowed folders is none.
    """
    folders = Folders(allowed)
    # Relative paths start there, wherever the client has started this program.
    os.chdir(folders.allowed[0])
    make_server(folders).run("stdio")
