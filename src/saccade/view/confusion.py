"""What is taken for what: the confusion matrix."""

from collections.abc import Sequence

from saccade.view import page
from saccade.view.story import Story

Matrix = Sequence[Sequence[int]]

MOST_NUMBERED = 20  # classes; above, cells have a colour only
MOST_PAIRS = 10
SHORT = 3  # letters; longer names stand upright above their column


def confusion(story: Story) -> str:
    """The matrix as a coloured grid, and the pairs that are confused most."""
    if story.result is None:
        return ""
    title, names = "Confusion", story.classes
    matrix = _matrix(story)
    if matrix is None:
        return page.section(title, page.paragraph("eval/confusion.csv is missing or damaged."))
    numbered = len(names) <= MOST_NUMBERED
    grid = _grid(matrix, names) if numbered else _cells(matrix, names)
    order = "in the order of the class table; point at a cell to see its names and number. "
    return page.section(
        title,
        page.paragraph(
            "A row is what the pictures show, a column what was answered"
            f"{'. ' if numbered else ', ' + order}"
            "Blue is right, orange is wrong; the deeper, the larger its share of the row."
        ),
        f'<div class="pair"><div>{grid}</div><div>{_pairs(matrix, names)}</div></div>',
    )


def confused_pairs(matrix: Matrix, most: int = MOST_PAIRS) -> list[tuple[int, int, int]]:
    """(count, true, answered) of wrong answers, the most frequent first.

    >>> confused_pairs([[8, 2, 0], [0, 9, 0], [5, 0, 5]])
    [(5, 2, 0), (2, 0, 1)]
    """
    return sorted(_wrong(matrix), key=lambda pair: (-pair[0], pair[1:]))[:most]


def _wrong(matrix: Matrix) -> list[tuple[int, int, int]]:
    return [
        (count, true, answered)
        for true, row in enumerate(matrix)
        for answered, count in enumerate(row)
        if count and true != answered
    ]


def _matrix(story: Story) -> Matrix | None:
    table = story.rows("confusion.csv")
    try:
        rows = [[int(cell) for cell in list(row.values())[1:]] for row in table]
    except ValueError:
        return None
    size = len(story.classes)
    return rows if len(rows) == size and all(len(row) == size for row in rows) else None


def _kind(true: int, answered: int) -> str:
    return "right" if true == answered else "wrong"


def _depths(matrix: Matrix) -> list[list[float]]:
    """How deep each cell's colour is, 0..1: its share of the row.

    Wrong cells are measured by the deepest of them, so that a good net's can be told apart too.
    """
    shares = [[count / (sum(row) or 1) for count in row] for row in matrix]
    worst = max((shares[true][answered] for _, true, answered in _wrong(matrix)), default=1.0)
    return [
        [share if true == answered else share / worst for answered, share in enumerate(row)]
        for true, row in enumerate(shares)
    ]


def _words(count: int, true: int, answered: int, names: Sequence[str]) -> str:
    if true == answered:
        return f"{page.text(names[true])}: {count:,} right"
    return f"{page.text(names[true])} taken for {page.text(names[answered])}: {count:,}"


def _grid(matrix: Matrix, names: Sequence[str]) -> str:
    """A table with a number in every cell that is not empty."""
    upright = any(len(name) > SHORT for name in names)
    kind = ' class="upright"' if upright else ""
    rows = "".join(
        f'<tr><th scope="row"><div class="label">{page.name(name)}</div></th>'
        + "".join(_cell(matrix[true][i], true, i, depth, names) for i, depth in enumerate(depths))
        + "</tr>"
        for true, (name, depths) in enumerate(zip(names, _depths(matrix), strict=True))
    )
    heads = "".join(f'<th scope="col"><div{kind}>{page.name(name)}</div></th>' for name in names)
    return (
        '<div class="wide"><table class="confusion">'
        f'<thead><tr><th class="quiet">true \\ answer</th>{heads}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
    )


def _cell(count: int, true: int, answered: int, depth: float, names: Sequence[str]) -> str:
    if not count:
        return "<td></td>"
    return (
        f'<td class="{_kind(true, answered)}" style="--share:{depth:.3f}"'
        f' title="{_words(count, true, answered, names)}">{count:,}</td>'
    )


def _cells(matrix: Matrix, names: Sequence[str]) -> str:
    """Squares of colour; empty cells are not drawn."""
    size, depths = len(matrix), _depths(matrix)
    squares = "".join(
        f'<rect class="{_kind(true, answered)}" x="{answered}" y="{true}" width="1" height="1"'
        f' style="--share:{depths[true][answered]:.3f}">'
        f"<title>{_words(count, true, answered, names)}</title></rect>"
        for true, row in enumerate(matrix)
        for answered, count in enumerate(row)
        if count
    )
    return (
        f'<svg class="cells" viewBox="0 0 {size} {size}" role="img">'
        f"<title>confusion of {size:,} classes</title>{squares}</svg>"
    )


def _pairs(matrix: Matrix, names: Sequence[str]) -> str:
    pairs = confused_pairs(matrix)
    if not pairs:
        return page.paragraph("Nothing was confused.")
    rows = [
        f"<b>{page.name(names[true])}</b> taken for <b>{page.name(names[answered])}</b>: "
        f"{count:,} of {sum(matrix[true]):,} ({page.percent(count / sum(matrix[true]), 1)})"
        for count, true, answered in pairs
    ]
    return "<h3>Confused most</h3>" + page.items(rows, ordered=True)
