"""Pieces of HTML. Everything that comes from a file goes through `text` or `name`."""

from collections.abc import Iterable, Sequence
from html import escape
from importlib.resources import files

from saccade.core.text import readable

# The page may load nothing and run nothing, whatever a name in it says.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def text(value: object) -> str:
    """Plain text, safe anywhere in a page, attributes included.

    >>> text('<b> & "x"')
    '&lt;b&gt; &amp; &quot;x&quot;'
    """
    return escape(readable(value), quote=True)


def name(value: object) -> str:
    """A name from outside; right-to-left letters in it do not turn what stands around it."""
    return f"<bdi>{text(value)}</bdi>"


def percent(share: float, digits: int = 2) -> str:
    """A share 0..1 as people read it.

    >>> percent(0.98328), percent(1, 0)
    ('98.33 %', '100 %')
    """
    return f"{100 * share:.{digits}f} %"


def paragraph(html: str, kind: str = "") -> str:
    """A paragraph of ready HTML; `kind` is a class of the style sheet."""
    return f'<p class="{kind}">{html}</p>' if kind else f"<p>{html}</p>"


def section(title: str, *parts: str) -> str:
    """A part of the page under a heading."""
    return f"<section><h2>{text(title)}</h2>{''.join(parts)}</section>"


def items(rows: Iterable[str], ordered: bool = False) -> str:
    """A list of ready HTML."""
    tag = "ol" if ordered else "ul"
    return f"<{tag}>{''.join(f'<li>{row}</li>' for row in rows)}</{tag}>"


def table(kind: str, header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of ready HTML whose first column names the row; it scrolls where it is too wide."""
    head = "".join(f'<th scope="col">{cell}</th>' for cell in header)
    body = "".join(
        f'<tr><th scope="row"><div class="label">{first}</div></th>'
        f"{''.join(f'<td>{cell}</td>' for cell in rest)}</tr>"
        for first, *rest in rows
    )
    top = f"<thead><tr>{head}</tr></thead>" if header else ""
    return f'<div class="wide"><table class="{kind}">{top}<tbody>{body}</tbody></table></div>'


def style(*names: str) -> str:
    """Our style sheets of these names, one after the other."""
    return "\n".join(files("saccade.view").joinpath(name).read_text("utf-8") for name in names)


def document(title: str, body: str, *sheets: str) -> str:
    """A page that needs nothing but itself; `sheets` are style sheets of its own."""
    css = style("parts.css", "report.css", *sheets)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{text(title)}</title>\n<style>{css}</style>\n</head>\n"
        f"<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n"
    )
