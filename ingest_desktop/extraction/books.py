"""What the package of an EPUB book says of it: its files in reading order, their titles, whether they are locked."""

import posixpath
import re
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import unquote

from ingest_desktop.domain.errors import SourceMalformed, UnsupportedFormat
from ingest_desktop.extraction.packages import Package, refuse_entities

_CONTAINER: Final = "META-INF/container.xml"
_ENCRYPTION: Final = "META-INF/encryption.xml"
_XML_BYTES: Final = 32 * 1024 * 1024
_PAGES: Final = (".xhtml", ".html", ".htm", ".xml", ".xht")
_PAGE_TYPES: Final = frozenset(
    "application/xhtml+xml text/html application/x-dtbook+xml text/x-oeb1-document application/xml text/xml "
    "image/svg+xml".split()
)
_FONTS: Final = frozenset({"http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC"})
_NATURAL: Final = re.compile(r"(\d+)")
_MOST_TITLES: Final = 20_000
_MOST_LEVELS: Final = 6


@dataclass(frozen=True, slots=True)
class Title:
    """An entry of the table of contents: where it points, and its titles from the highest to its own."""

    file: str
    path: tuple[str, ...]


@dataclass(slots=True)
class Book:
    """What is known of a book before its chapters are read.

    Attributes:
        files: Members with text, in reading order, as the package names them; some may be missing.
        facts: Title, creator, language and so on.
        titles: Entries of the table of contents, in order.
        warnings: What is odd about it.
    """

    files: list[str] = field(default_factory=list)
    facts: dict[str, str] = field(default_factory=dict)
    titles: list[Title] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def above(self) -> list[tuple[str, ...]]:
        """For each file the titles that stand above its first line: its own, else those of the file before."""
        first: dict[str, tuple[str, ...]] = {}
        last: dict[str, tuple[str, ...]] = {}
        for title in self.titles:
            first.setdefault(title.file, title.path)
            last[title.file] = title.path
        found = []
        path: tuple[str, ...] = ()
        for file in self.files:
            found.append(first.get(file, path))
            path = last.get(file, path)
        return found


def open_book(package: Package) -> Book:
    """What the package says. What is missing or broken is done without.

    Raises:
        UnsupportedFormat: Its text is locked.
        SourceMalformed: There is no text in it at all.
    """
    check_locked(package)
    book = Book()
    place = _package_file(package)
    root = _xml(package, place) if place is not None else None
    if root is not None and place is not None:
        _read_package(package, root, posixpath.dirname(place), book)
    else:
        book.warnings.append("The book has no list of its parts that can be read; its files are in the order of names.")
    if not book.files:
        pages = [name for name in package.names if _is_page(name)]
        book.files = sorted(pages, key=lambda name: [(len(word), word) for word in _NATURAL.split(name.lower())])
    if not book.files:
        raise SourceMalformed("The book holds no pages of text: it is damaged or incomplete.")
    return book


def check_locked(package: Package) -> None:
    """Refuse a book whose text is encrypted. Fonts may be, by two simple ways that lock nobody out.

    Raises:
        UnsupportedFormat: Some of its text is. No password opens it.
    """
    if _ENCRYPTION not in package:
        return
    root = _xml(package, _ENCRYPTION)
    for item in _all(root, "EncryptedData") if root is not None else ():
        method = next((node.get("Algorithm") for node in _all(item, "EncryptionMethod")), None)
        if method in _FONTS:
            continue
        for node in _all(item, "CipherReference"):
            if unquote(node.get("URI") or "").lower().endswith((*_PAGES, ".opf", ".ncx")):
                raise UnsupportedFormat("The book is locked (DRM): only its shop's program can open it.")


def _package_file(package: Package) -> str | None:
    """The member that lists the parts: as the container says, else the first that looks so."""
    root = _xml(package, _CONTAINER) if _CONTAINER in package else None
    for node in _all(root, "rootfile") if root is not None else ():
        place = package.find(unquote(node.get("full-path") or ""))
        if place is not None:
            return place
    return next((name for name in package.names if name.lower().endswith(".opf")), None)


def _read_package(package: Package, root: Any, folder: str, book: Book) -> None:
    for node in _all(root, "metadata"):
        for entry in node.iter():
            name = _name(entry)
            if name in ("title", "creator", "language", "publisher", "date", "subject", "identifier", "description"):
                _add_fact(book, name, entry)
    items: dict[str, Any] = {}
    for node in _all(root, "manifest"):
        for item in _all(node, "item"):
            items.setdefault(item.get("id") or "", item)
    spine = next(iter(_all(root, "spine")), None)
    seen = set()
    for reference in _all(spine, "itemref") if spine is not None else ():
        item = items.get(reference.get("idref") or "")
        file = _target(package, folder, item.get("href")) if item is not None else None
        if item is None or file is None or file in seen:
            continue
        kind = (item.get("media-type") or "").lower()
        if kind in _PAGE_TYPES or file.lower().endswith(_PAGES):
            seen.add(file)
            book.files.append(file)
    if not book.files:
        book.warnings.append("The book does not say in which order it is read; its files are in the order of names.")
    _read_titles(package, folder, items, spine, book)


def _add_fact(book: Book, name: str, entry: Any) -> None:
    text = " ".join("".join(entry.itertext()).split())[:500]
    if not text:
        return
    if name not in book.facts:
        book.facts[name] = text
    elif name in ("creator", "subject") and len(book.facts[name]) < 500:
        book.facts[name] += f"; {text}"


def _read_titles(package: Package, folder: str, items: dict[str, Any], spine: Any, book: Book) -> None:
    """The table of contents: the navigation page, else the NCX file."""
    for item in items.values():
        if "nav" in (item.get("properties") or "").split():
            place = _target(package, folder, item.get("href"))
            root = _xml(package, place) if place is not None and place in package else None
            if root is not None and place is not None:
                _from_navigation(package, root, posixpath.dirname(place), book)
    if book.titles:
        return
    wanted = items.get(spine.get("toc") or "") if spine is not None else None
    found = [wanted] if wanted is not None else []
    found += [item for item in items.values() if "ncx" in (item.get("media-type") or "").lower()]
    for item in found:
        place = _target(package, folder, item.get("href"))
        root = _xml(package, place) if place is not None and place in package else None
        if root is not None and place is not None:
            _from_ncx(package, root, posixpath.dirname(place), book)
            if book.titles:
                return


def _from_ncx(package: Package, root: Any, folder: str, book: Book) -> None:
    waiting = [(node, ()) for node in reversed(_all(root, "navMap"))]
    stack: list[tuple[Any, tuple[str, ...]]] = list(waiting)
    while stack and len(book.titles) < _MOST_TITLES:
        node, above = stack.pop()
        path = above
        if _name(node) == "navPoint":
            label = next(("".join(child.itertext()) for child in node if _name(child) == "navLabel"), "")
            target = next((child.get("src") for child in node if _name(child) == "content"), None)
            path = _add_title(package, folder, target, label, above, book)
        stack += [(child, path) for child in reversed(node) if _name(child) == "navPoint"]


def _from_navigation(package: Package, root: Any, folder: str, book: Book) -> None:
    """Links of the lists in the navigation element of the table of contents."""
    navs = _all(root, "nav")
    kinds = [" ".join(value for key, value in nav.attrib.items() if key.endswith("type")) for nav in navs]
    chosen = next((nav for nav, kind in zip(navs, kinds, strict=True) if "toc" in kind.split()), None)
    chosen = chosen if chosen is not None else next(iter(navs), None)
    stack: list[tuple[Any, tuple[str, ...]]] = [(chosen, ())] if chosen is not None else []
    while stack and len(book.titles) < _MOST_TITLES:
        node, above = stack.pop()
        path = above
        if _name(node) == "li":
            link = next((child for child in node if _name(child) in ("a", "span")), None)
            if link is not None:
                path = _add_title(package, folder, link.get("href"), "".join(link.itertext()), above, book)
        stack += [(child, path) for child in reversed(node) if _name(child) in ("ol", "ul", "li", "div", "section")]


def _add_title(
    package: Package, folder: str, target: str | None, label: str, above: tuple[str, ...], book: Book
) -> tuple[str, ...]:
    title = " ".join(label.split())[:200]
    path = (*above, title)[:_MOST_LEVELS] if title else above
    file = _target(package, folder, target)
    if title and file is not None:
        book.titles.append(Title(file, path))
    return path


def _target(package: Package, folder: str, link: str | None) -> str | None:
    """The member that a link in the book means, whether there is one or not; None for a link out of the book."""
    if not link or "://" in link[:30]:
        return None
    for reading in (unquote(link.partition("#")[0]), link.partition("#")[0], unquote(link)):
        place = posixpath.normpath(posixpath.join("/", folder, reading.strip().replace("\\", "/"))).lstrip("/")
        found = package.find(place) or package.find(reading)
        if found is not None:
            return found
    return posixpath.normpath(posixpath.join("/", folder, unquote(link.partition("#")[0]))).lstrip("/") or None


def _is_page(name: str) -> bool:
    return name.lower().endswith((".xhtml", ".html", ".htm", ".xht")) and not name.startswith(
        ("__MACOSX/", "META-INF/")
    )


def _xml(package: Package, name: str) -> Any:
    """The root of an XML member, whatever is wrong with it; None when nothing can be made of it."""
    from lxml import etree

    try:
        data = package.read(name, _XML_BYTES)
        refuse_entities(data)
        parser = etree.XMLParser(
            resolve_entities=False,
            no_network=True,
            huge_tree=False,
            load_dtd=False,
            recover=True,
            remove_comments=True,
            remove_pis=True,
        )
        return etree.fromstring(data.lstrip(), parser)
    except (SourceMalformed, etree.XMLSyntaxError, ValueError):
        return None


def _name(node: Any) -> str:
    """The name of an element without its namespace."""
    tag = node.tag
    return tag.rpartition("}")[2].rpartition(":")[2] if isinstance(tag, str) else ""


def _all(root: Any, name: str) -> list[Any]:
    """All elements of a name, in whatever namespace."""
    return [node for node in root.iter() if _name(node) == name]
