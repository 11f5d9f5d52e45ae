"""``recon completion``: print the shell completion script."""

import click
from click.shell_completion import get_completion_class

from recon_cli.console import Session, manners

_HOW = {
    "bash": 'eval "$(recon completion bash)"      in ~/.bashrc',
    "zsh": 'eval "$(recon completion zsh)"       in ~/.zshrc',
    "fish": "recon completion fish | source       in ~/.config/fish/config.fish",
}


@click.command(epilog="\b\nAdd to your shell's start-up file:\n  " + "\n  ".join(_HOW.values()))
@click.argument("shell", type=click.Choice(list(_HOW)))
@manners
def completion(session: Session, shell: str) -> None:
    """Print the completion script for a SHELL."""
    completion_class = get_completion_class(shell)
    if completion_class is None:
        raise click.UsageError(f"click has no completion for {shell}")
    root = click.get_current_context().find_root()
    script = completion_class(root.command, {}, "recon", "_RECON_COMPLETE").source()
    session.result["script"] = script
    session.print(script)
