"""The documentation site: `./dev docs` builds all of it in CI; here its hooks and its table of contents."""

import re
from pathlib import Path

import pytest

from tools.docs_site import on_page_content, on_page_markdown

ROOT = Path(__file__).parents[2]


def test_links_into_the_repository_become_text_and_others_stay() -> None:
    page = "[a](../recon/a.py) [b](b.md) ![c](pictures/c.webp) ![d](../d.png) [e](https://example.org/../e)"
    assert on_page_markdown(page, page=None) == page.replace("[a](../recon/a.py)", "a")


def test_equations_become_mathml() -> None:
    pytest.importorskip("latex2mathml", reason='equations need latex2mathml: pip install "recon[docs]"')
    html = '<p><span class="arithmatex">\\(a &lt; b\\)</span></p><div class="arithmatex">\\[\\frac{1}{z}\\]</div>'
    result = on_page_content(html, page=None)
    assert result.count("<math ") == 2 and "arithmatex" not in result and "<mfrac>" in result
    assert (
        'display="inline"' in result and 'display="block"' in result and "&lt;" in result
    ) or "&#x" in result
    assert on_page_content("<p>5 € (3)</p>", page=None) == "<p>5 € (3)</p>"


def test_a_picture_links_to_its_file() -> None:
    html = '<p><img alt="a" src="../pictures/a.webp" /></p>'
    assert on_page_content(html, page=None) == (
        '<p><a class="picture" href="../pictures/a.webp"><img alt="a" src="../pictures/a.webp" /></a></p>'
    )


def test_every_page_is_in_the_table_of_contents_once() -> None:
    listed = re.findall(
        r"^ +- .*?: (\S+\.md)$|^  - .*?: (\S+\.md)$", (ROOT / "mkdocs.yml").read_text("utf-8"), re.MULTILINE
    )
    names = sorted(a or b for a, b in listed)
    assert names == sorted(path.name for path in (ROOT / "docs").glob("*.md"))


def test_the_readme_leads_to_pages_and_pictures_that_are_there() -> None:
    links = re.findall(r"\]\((?!https?://|#)([^)#\s]+)", (ROOT / "README.md").read_text("utf-8"))
    assert len(links) > 10 and [link for link in links if not (ROOT / link).exists()] == []


def _all_pages() -> str:
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
    return "\n".join(page.read_text("utf-8") for page in pages)


def test_every_extra_that_a_page_or_a_message_installs_is_declared() -> None:
    named = set(re.findall(r"(?:recon|\.)\[([a-z0-9,]+)\]", _all_pages()))
    for folder in ("recon", "apps"):
        for path in (ROOT / folder).rglob("*.py"):
            named |= set(re.findall(r"to_add\([\"'](\w+)[\"']\)", path.read_text("utf-8")))
    project = (ROOT / "pyproject.toml").read_text("utf-8")
    extras = project.split("[project.optional-dependencies]")[1].split("\n[")[0]
    declared = set(re.findall(r"^(\w+) = \[", extras, re.MULTILINE))
    assert {"viewer", "onnx", "coreml"} <= named and named <= declared


def test_every_program_of_tools_that_a_page_names_is_there() -> None:
    named = set(re.findall(r"python -m (tools(?:\.\w+)+)", _all_pages()))
    paths = [ROOT / name.replace(".", "/") for name in named]
    assert len(named) > 10
    assert [
        path for path in paths if not (path.with_suffix(".py").exists() or (path / "__main__.py").exists())
    ] == []


def test_warnings_of_the_build_are_errors() -> None:
    (build,) = re.findall(r"-m mkdocs build.*", (ROOT / "dev").read_text("utf-8"))
    # With --quiet, mkdocs drops warnings before --strict can count them.
    assert "--strict" in build and "--quiet" not in build
