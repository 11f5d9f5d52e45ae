"""Hooks of the documentation site (mkdocs.yml): links into the repository become text, and equations become MathML.

The pages are read in the repository as well, where ``../recon/pipeline.py`` is a link. The site has no such file.
Equations are converted when the site is built, so that it needs no script of another server.
"""

import re
from typing import Any

_INTO_THE_REPOSITORY = re.compile(r"(?<!!)\[([^]]+)\]\((?:\.\./)[^)]+\)")
_MATHS = re.compile(
    r'<(?P<tag>span|div) class="arithmatex">\\(?P<open>[(\[])(?P<tex>.*?)\\[)\]]</(?P=tag)>', re.DOTALL
)


def on_page_markdown(markdown: str, **page: Any) -> str:
    """Links that lead out of ``docs/`` keep their text alone."""
    del page
    return _INTO_THE_REPOSITORY.sub(r"\1", markdown)


def on_page_content(html: str, **page: Any) -> str:
    """LaTeX to MathML, which browsers draw themselves."""
    del page
    return _MATHS.sub(_mathml, html)


def _mathml(match: re.Match[str]) -> str:
    from html import unescape

    from latex2mathml.converter import convert

    return convert(unescape(match["tex"]), display="block" if match["tag"] == "div" else "inline")
