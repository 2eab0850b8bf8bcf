"""saccade doctor"""

import csv
import json as json_format
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from saccade.core.errors import BadUsage
from saccade.doctor.finding import Finding

if TYPE_CHECKING:
    from saccade.doctor.drawings import Drawings
    from saccade.doctor.pictures import Pictures
    from saccade.train.augment import Augmentation

STYLES = {"stop": "bold red", "warn": "bold yellow", "note": "bold"}
EXAMPLES, MOST_DOUBTED = 3, 100


def doctor(
    data: str,
    /,
    *,
    run: Path | None = None,
    json: bool = False,
    html: Path | None = None,
    quarantine: Path | None = None,
    augment: str | None = None,
    image_root: Path | None = None,
    group_by: str | None = None,
) -> int:
    """Look a data set over before training on it: damage, doubles, leaks, labels.

    Files that can't be used and why, the same picture twice, in train and in test, or under two
    labels, also where it was scaled, cut, mirrored or compressed again; tiny and lopsided classes;
    dark and blurred pictures. Nothing is changed or deleted. Exits 1 if anything calls for a look.

    Examples:

        saccade doctor ./photos
        saccade doctor ./photos --html doctor.html
        saccade doctor photos.csv --quarantine left-out.csv
        saccade doctor mnist --run runs/2026-11-21-mnist-conv
        saccade doctor mnist --augment flip,affine --html doctor.html

    Parameters
    ----------
    data: str
        A data set's name, or the path of a folder, an archive or a CSV.
    run: Path
        A trained run: name the labels of test and validation that its network doubts most.
    json: bool
        The last line of stdout is one JSON value.
    html: Path
        Write a page with the pictures of every finding.
    quarantine: Path
        Write the pictures that can't be used to this CSV: path, code, reason.
    augment: str
        Augmentations as for `saccade train`: warn where one changes labels; --html shows them.
    image_root: Path
        Where the paths of a CSV begin (default: its folder).
    group_by: str
        A column of a CSV whose groups belong together.
    """
    from saccade.doctor.checks import counts

    for path in (html, quarantine):
        if path is not None and not path.absolute().parent.is_dir():
            raise BadUsage(f"there is no folder {path.absolute().parent} to write {path.name} to")
    pictures, findings, drawings = _examined(data, run, augment, image_root, group_by)
    told = counts(pictures)
    if html is not None:
        from saccade.doctor.page import page

        text = page(pictures, findings, told, drawings)
        html.write_text(text, encoding="utf-8", errors="backslashreplace")
    if quarantine is not None:
        _write_quarantine(quarantine, pictures)
    if json:
        stop = [finding.says for finding in findings if finding.level == "stop"]
        values = {**told, "stop": stop, "findings": [finding.to_json() for finding in findings]}
        print(json_format.dumps(values, allow_nan=False))
    else:
        _print(pictures.name, told, findings)
    return int(any(finding.level != "note" for finding in findings))


def _examined(
    data: str, run: Path | None, augment: str | None, image_root: Path | None, group_by: str | None
) -> "tuple[Pictures, list[Finding], list[Drawings]]":
    """Every picture, what was found, and what augmentations make of some."""
    from saccade.cli.progress import reading_progress
    from saccade.doctor.checks import examine
    from saccade.doctor.pictures import look

    augmentations: tuple[Augmentation, ...] = ()
    drawings: list[Drawings] = []
    if augment is not None:  # a name typed wrong is said before minutes of reading
        from saccade.train.augment import named

        augmentations = named(augment)
    with reading_progress() as bar:
        task = None if bar is None else bar.add_task("reading", total=None, text="")

        def show(done: int, total: int) -> None:
            if bar is not None and task is not None:
                bar.update(task, completed=done, total=total)

        pictures = look(data, image_root=image_root, group_by=group_by, progress=show)
        findings = examine(pictures)
        if run is not None:
            from saccade.doctor.doubts import doubts

            findings += doubts(run, pictures, MOST_DOUBTED)
        if augmentations and not any(finding.level == "stop" for finding in findings):
            from saccade.doctor.changes import changes

            told_of_changes, drawings = changes(pictures, augmentations)
            findings += told_of_changes
    return pictures, findings, drawings


def _print(name: str, told: Mapping[str, int], findings: Sequence[Finding]) -> None:
    from rich.console import Console

    from saccade.cli.words import plain

    terminal = Console(highlight=False, soft_wrap=True)
    for text, style in lines(name, told, findings):
        terminal.print(plain(text), style=style, markup=False)


def lines(
    name: str, told: Mapping[str, int], findings: Sequence[Finding]
) -> Iterator[tuple[str, str]]:
    """What is printed, each line with its style."""
    yield f"{name}: {', '.join(f'{count:,} {what}' for what, count in told.items())}", ""
    if not findings:
        yield "nothing was found", "green"
    for finding in findings:
        yield "", ""
        yield finding.says, STYLES[finding.level]
        for together in finding.pictures[:EXAMPLES]:
            yield f"  {'  =  '.join(together)}", "dim"
        if len(finding.pictures) > EXAMPLES:
            yield f"  and {len(finding.pictures) - EXAMPLES:,} more", "dim"
        if finding.advice:
            yield f"  {finding.advice}", "cyan"


def _write_quarantine(path: Path, pictures: "Pictures") -> None:
    refused = [
        (name, *verdict.refused)
        for name, verdict in zip(pictures.names, pictures.verdicts, strict=True)
        if verdict.refused
    ]
    with path.open("w", encoding="utf-8", errors="backslashreplace", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["path", "code", "reason"])
        for name, *why in [*refused, *((o.path, "left_out", o.reason) for o in pictures.excluded)]:
            rows.writerow([_cell(name), *why])


def _cell(name: str) -> str:
    """No formula for a spreadsheet to run."""
    return f"'{name}" if name[:1] in "=+-@\t\r" else name
