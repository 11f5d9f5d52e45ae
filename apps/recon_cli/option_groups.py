"""Groups of options in ``--help``: every option names its group, and the command prints one section per group."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

from recon.options import GROUPS, Group

TYPED = "recon_cli.typed"
Decorated = TypeVar("Decorated", bound=Callable[..., Any])


class GroupedOption(click.Option):
    """An option that belongs to one of ``recon.options.GROUPS``."""

    def __init__(self, *args: Any, group: Group, **attributes: Any) -> None:
        super().__init__(*args, **attributes)
        self.group = group


class StrictCommand(click.Command):
    """A command that refuses a second file for an option that takes one: click would use only the last."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """As click does."""
        _, _, given = self.make_parser(ctx).parse_args(list(args))
        for parameter in given:
            takes_one = isinstance(parameter.type, click.Path) and isinstance(parameter, click.Option)
            if (
                takes_one
                and not parameter.multiple
                and given.count(parameter) > 1
                and not ctx.resilient_parsing
            ):
                flags = " / ".join(parameter.opts)
                raise click.UsageError(f"{flags} takes one file here: run the command once for each", ctx)
        return super().parse_args(ctx, args)


class GroupedCommand(StrictCommand):
    """A command whose help has a section per group, and that replaces ``{formats}`` in its epilog by the suffixes.

    ``ctx.meta[TYPED]`` holds the words that follow its name.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """As click does."""
        ctx.meta[TYPED] = tuple(args)
        return super().parse_args(ctx, args)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Writes the sections in the order of ``GROUPS``; options without a group (``--help``) come last."""
        sections: dict[str, list[tuple[str, str]]] = {group: [] for group in GROUPS}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is not None and isinstance(parameter, click.Option):
                sections[getattr(parameter, "group", GROUPS[-1])].append(record)
        for group, records in sections.items():
            if records:
                with formatter.section(group):
                    formatter.write_dl(records)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """As click does. The formats are looked up only here, since they import every writer."""
        if self.epilog and "{formats}" in self.epilog:
            from recon.export.registry import formats
            from recon.scene_file import SUFFIX

            self.epilog = self.epilog.replace("{formats}", " ".join(sorted([*formats(), SUFFIX])))
        super().format_epilog(ctx, formatter)


def option(*names: str, group: Group, **attributes: Any) -> Callable[[Decorated], Decorated]:
    """``click.option`` with a group."""
    return click.option(*names, cls=GroupedOption, group=group, **attributes)
