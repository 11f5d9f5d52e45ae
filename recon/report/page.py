"""The frame of a page, and its parts: sections, pictures with captions, legends, tables."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from importlib import resources
from pathlib import Path

from recon.atomic_write import staged
from recon.report.colour_scale import ColourScale
from recon.version import GENERATOR


@dataclass(frozen=True)
class Section:
    """One section of a page."""

    title: str
    body: str
    """HTML."""
    note: str = ""
    """Plain text below the title."""


@dataclass(frozen=True)
class Cell:
    """One cell of a table."""

    text: str
    detail: str = ""
    """A second line, in small letters."""
    emphasis: str = ""
    """A class of the style sheet: ``good``, ``bad``, ``failed``, ``whole``."""
    span: int = 1
    """Columns that it takes."""


def page(title: str, lead: str, sections: Sequence[Section]) -> str:
    """A whole page.

    Args:
        title: Plain text.
        lead: HTML below the title.
        sections: In order.
    """
    body = "".join(
        f"<section><h2>{escape(each.title)}</h2>"
        + (f'<p class="note">{escape(each.note)}</p>' if each.note else "")
        + f"{each.body}</section>"
        for each in sections
    )
    style = resources.files("recon.report").joinpath("page.css").read_text("utf-8")
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{style}</style></head>"
        f"<body><header><h1>{escape(title)}</h1>{lead}</header><main>{body}</main>"
        f"<footer>Made by {escape(GENERATOR)}</footer></body></html>\n"
    )


def write_page(path: Path, text: str, *, overwrite: bool) -> None:
    """Writes a page atomically.

    Raises:
        ExportError: It cannot be written.
    """
    with staged(path, overwrite=overwrite) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


def figure(uri: str, caption: str, detail: str = "", *, style: str = "", over: str = "") -> str:
    """A picture with a caption.

    Args:
        uri: Data URI.
        caption: Plain text.
        detail: A second line, plain text.
        style: Classes of the style sheet.
        over: HTML drawn over the picture.
    """
    classes = f' class="{style}"' if style else ""
    return f"<figure{classes}>{_picture(uri, caption, over)}{_caption(caption, detail)}</figure>"


def pair(uris: tuple[str, str], caption: str, detail: str = "", *, style: str = "", over: str = "") -> str:
    """Two pictures next to each other with one caption; ``over`` is drawn over the first (see ``figure``)."""
    classes = f' class="{style}"' if style else ""
    both = _picture(uris[0], caption, over) + _picture(uris[1], caption)
    return f'<figure{classes}><div class="pair">{both}</div>{_caption(caption, detail)}</figure>'


def _picture(uri: str, alt: str, over: str = "") -> str:
    return f'<div class="picture"><img src="{uri}" alt="{escape(alt)}">{over}</div>'


def _caption(caption: str, detail: str) -> str:
    small = f"<small>{escape(detail)}</small>" if detail else ""
    return f"<figcaption><b>{escape(caption)}</b>{small}</figcaption>"


def grid(figures: Sequence[str], style: str = "") -> str:
    """Figures next to each other, as many as fit."""
    return f'<div class="{" ".join(["grid", *style.split()])}">{"".join(figures)}</div>'


def legend(scale: ColourScale) -> str:
    """The colour bar of a scale, as wide as the page allows."""
    step = 15
    colours = ",".join(
        f"rgb({r},{g},{b})" for r, g, b in [*scale.table[::step].tolist(), scale.table[-1].tolist()]
    )
    ticks = "".join(
        f'<span style="left:{100 * place:.2f}%">{escape(label)}</span>'
        for place, label in scale.ticks
        if 0 <= place <= 1
    )
    return (
        f'<div class="legend"><div class="bar" style="background:linear-gradient(90deg,{colours})"></div>'
        f'<div class="ticks">{ticks}</div><div class="unit">{escape(scale.title)}</div>'
        '<div class="unknown"><i></i>unknown</div></div>'
    )


def table(titles: Sequence[str], rows: Sequence[Sequence[Cell]]) -> str:
    """A table; on a narrow screen each row becomes a card."""
    head = "".join(f"<th>{escape(title)}</th>" for title in titles)
    body = "".join(f"<tr>{_cells(titles, row)}</tr>" for row in rows)
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def facts(pairs: Sequence[tuple[str, str]]) -> str:
    """Names and values, as a list."""
    return (
        "<dl>"
        + "".join(f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in pairs)
        + "</dl>"
    )


def _cells(titles: Sequence[str], row: Sequence[Cell]) -> str:
    if sum(cell.span for cell in row) != len(titles):
        raise ValueError(f"expected {len(titles)} columns, got {sum(cell.span for cell in row)}")
    at, cells = 0, []
    for cell in row:
        classes = f' class="{cell.emphasis}"' if cell.emphasis else ""
        span = f' colspan="{cell.span}"' if cell.span > 1 else ""
        small = f"<small>{escape(cell.detail)}</small>" if cell.detail else ""
        cells.append(
            f'<td data-title="{escape(titles[at])}"{classes}{span}><span>{escape(cell.text)}{small}</span></td>'
        )
        at += cell.span
    return "".join(cells)
