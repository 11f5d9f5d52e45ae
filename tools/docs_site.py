"""Hooks of the documentation site (mkdocs.yml): links out of docs/ become text, equations MathML, pictures links.

The pages are read in the repository as well, where ``../recon/pipeline.py`` is a link. The site has no such file.
Equations are converted when the site is built, so that it needs no script of another server. A picture links to its
file, so that it can be seen as large as it is: on a phone, the page has 360 px for it.
"""

import re
from typing import Any

_INTO_THE_REPOSITORY = re.compile(r"(?<!!)\[([^]]+)\]\((?:\.\./)[^)]+\)")
_MATHS = re.compile(
    r'<(?P<tag>span|div) class="arithmatex">\\(?P<open>[(\[])(?P<tex>.*?)\\[)\]]</(?P=tag)>', re.DOTALL
)
_PICTURE = re.compile(r'<img\b[^>]*? src="(?P<source>[^"]+)"[^>]*>')


def on_page_markdown(markdown: str, **page: Any) -> str:
    """Links that lead out of ``docs/`` keep their text alone."""
    del page
    return _INTO_THE_REPOSITORY.sub(r"\1", markdown)


def on_page_content(html: str, **page: Any) -> str:
    """LaTeX to MathML, which browsers draw themselves, and links around pictures."""
    del page
    html = _MATHS.sub(_mathml, html)
    return _PICTURE.sub(r'<a class="picture" href="\g<source>">\g<0></a>', html)


def _mathml(match: re.Match[str]) -> str:
    from html import unescape

    from latex2mathml.converter import convert

    return convert(unescape(match["tex"]), display="block" if match["tag"] == "div" else "inline")
