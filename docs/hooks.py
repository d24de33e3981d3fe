"""What mkdocs does not do: links out of docs/ lead to copies, folders fill the menu, the command line is a page."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

from benchmarks.cli import COMMANDS
from benchmarks.report import command_line

DOCS = Path(__file__).parent
ROOT = DOCS.parent
COMMAND_LINE = "reference/command_line.md"
PAGES = ("CHANGELOG.md", "CONTRIBUTING.md")
"""Of the top folder, shown as pages."""
COPIED = "files"
"""Folder of the site for whatever else is linked."""
_LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)#\s]+)(#[^)\s]*)?\)")


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Put pages in the place of a folder's name in the menu: those that the menu does not name, the index first."""
    named = set(_named(config.nav or []))

    def filled(entries: list) -> list:
        found = []
        for entry in entries:
            if isinstance(entry, dict):
                found.append(
                    {title: filled(inner) if isinstance(inner, list) else inner for title, inner in entry.items()}
                )
            elif entry.endswith("/"):
                paths = sorted((DOCS / entry).glob("*.md"), key=lambda path: (path.stem != "index", path.stem))
                found += [name for path in paths if (name := f"{entry}{path.name}") not in named]
            else:
                found.append(entry)
        return found

    config.nav = filled(config.nav or [])
    return config


def _named(entries: list) -> Iterator[str]:
    for entry in entries:
        for inner in entry.values() if isinstance(entry, dict) else (entry,):
            yield from _named(inner) if isinstance(inner, list) else (inner,)


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the top folder's pages and every file outside docs/ that some page links."""
    files.append(File.generated(config, COMMAND_LINE, content=command_line.page(COMMANDS)))
    for name in PAGES:
        files.append(File.generated(config, name, abs_src_path=str(ROOT / name)))
    known = {Path(file.abs_src_path) for file in files if file.abs_src_path}
    for source in [path for path in known if path.suffix == ".md"]:
        for _, _, link, _ in _LINK.findall(source.read_text()):
            target = _target(source, link)
            if target is not None and target.is_file() and target not in known:
                known.add(target)
                name = target.relative_to(ROOT).as_posix()
                # a copy of README.md would be a page
                name = f"{COPIED}/{name}" + (".txt" if target.suffix in (".md", "") else "")
                files.append(File.generated(config, name, abs_src_path=str(target)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Point links at the pages and copies; what is named but no file, such as a folder, is text."""
    if page.file.abs_src_path is None:
        return markdown
    source = Path(page.file.abs_src_path)
    uris = {Path(file.abs_src_path): file.src_uri for file in files if file.abs_src_path}

    def rewritten(found: re.Match[str]) -> str:
        image, text, link, anchor = found.groups()
        target = _target(source, link)
        if target is None:
            return found[0]
        if target in uris:
            uri = os.path.relpath(uris[target], Path(page.file.src_uri).parent)
            return f"{image}[{text}]({uri}{anchor or ''})"
        return text if target.is_dir() else found[0]

    return _LINK.sub(rewritten, markdown)


def _target(source: Path, link: str) -> Path | None:
    """The file of this repository that a relative link leads to, there or not; None for other links."""
    if re.match(r"[a-z]+:", link):
        return None
    target = Path(os.path.normpath(source.parent / link))
    return target if target.is_relative_to(ROOT) else None
