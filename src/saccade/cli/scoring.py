"""Many pictures: `saccade predict` on folders, CSVs and archives."""

import json as json_format
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from saccade.cli.progress import scoring_progress
from saccade.cli.scored import (
    SCREENFUL,
    as_json,
    print_rows,
    print_summary,
    say_refused,
    say_unknown,
)
from saccade.cli.words import plain
from saccade.core.answerer import Answerer
from saccade.core.errors import BadUsage
from saccade.data.listing import Found
from saccade.data.paths import is_table
from saccade.data.unlabelled import list_to_ask
from saccade.run import durable
from saccade.run.tables import read_lines
from saccade.score.identity import identity
from saccade.score.parquet import check_parquet, write_parquet
from saccade.score.resuming import Part, finish, part_of, part_path, record_of
from saccade.score.scoring import score
from saccade.score.shown import look
from saccade.score.table import Table, confidence_columns
from saccade.score.tally import Tally

ENDINGS = (".csv", ".parquet")


@dataclass(frozen=True)
class Wanted:
    """What shall come of it."""

    output: Path | None
    html: Path | None
    force: bool
    probabilities: bool
    image_root: Path | None
    json: bool

    @property
    def is_anything(self) -> bool:
        """Whether it takes more than printing."""
        return bool(self.output or self.html or self.image_root or self.probabilities)


def check_wanted(wanted: Wanted, pictures: Sequence[Path]) -> None:
    """Says in no time what would fail after hours.

    Raises:
        BadUsage: a file that can't be written, or must not be.
        MissingFile: what it takes is not installed.
    """
    output, html = wanted.output, wanted.html
    if wanted.image_root is not None and not any(map(is_table, pictures)):
        raise BadUsage("--image-root is where a CSV's paths begin; no CSV is given")
    if output is None and wanted.probabilities:
        raise BadUsage("--probabilities are columns of a file: add -o predictions.csv")
    if output is not None and output.suffix.lower() not in ENDINGS:
        raise BadUsage(f"-o takes a name that ends in {' or '.join(ENDINGS)}, got {output}")
    if output is not None and html is not None and _same(output, html):
        raise BadUsage(f"-o and --html are one file, {output}")
    for path in filter(None, (output, html)):
        if path.is_dir():
            raise BadUsage(f"{path} is a folder; a file is written")
        if not path.absolute().parent.is_dir():
            raise BadUsage(f"there is no folder {path.absolute().parent} to write {path.name} to")
        if not os.access(path.absolute().parent, os.W_OK):
            raise BadUsage(f"{path.absolute().parent} can't be written to")
        made = {path, part_path(path), record_of(part_path(path))}
        if any(_same(each, given) for each in made for given in pictures):
            raise BadUsage(f"{path} is what is read; nothing is written over it")
        if path.exists() and not wanted.force:
            raise BadUsage(f"{path} is there already: --force writes it anew")
    if output is not None and output.suffix.lower() == ".parquet":
        check_parquet()


def score_all(answerer: Answerer, network: str, pictures: Sequence[Path], wanted: Wanted) -> int:
    """Asks about every picture, writes and says what was wanted; the exit code."""
    listings = [list_to_ask(path, answerer.classes, _root(path, wanted)) for path in pictures]
    found = [one for listing in listings for one in listing.found]
    for path, listing in zip(pictures, listings, strict=True):
        print(f"{plain(str(path))}: {len(listing.found):,} ({listing.how})", file=sys.stderr)
    say_unknown(found, answerer)
    labelled = any(one.label for one in found)
    more = confidence_columns(answerer.calibration, answerer.classes)
    table = Table(answerer.classes, labelled, wanted.probabilities, more)
    tally = Tally(answerer.classes)
    with _file_for(wanted.output) as output, _ended_by_sigterm():
        asked = identity(answerer, found, table)
        with part_of(output, table.header, asked, anew=wanted.force) as part:
            _score(answerer, found, table, part, tally, wanted)
            if wanted.html is not None:
                _write_page(wanted.html, answerer, network, pictures, found, tally)
            if wanted.output is None and not wanted.json and len(found) <= SCREENFUL:
                print_rows(part, table, bool(tally.accuracy))
            _finish(part, output, table)
    say_refused(found, tally)
    written = [path for path in (wanted.output, wanted.html) if path]
    if wanted.json:
        print(json_format.dumps(as_json(tally, wanted.output, wanted.html), allow_nan=False))
    else:
        print_summary(tally, written, len(found))
    return int(tally.problems > 0)


def _score(
    answerer: Answerer,
    found: Sequence[Found],
    table: Table,
    part: Part,
    tally: Tally,
    wanted: Wanted,
) -> None:
    """Every picture that has no row yet gets one; all rows are counted."""
    for cells in part.earlier():
        tally.add(table.read(cells))
    if part.rows:
        print(f"goes on after {part.rows:,} of {len(found):,} pictures", file=sys.stderr)
    try:
        with scoring_progress(part.rows, len(found)) as show:
            for block in score(answerer, found, part.rows):
                rows = table.rows(block)
                part.add(rows)
                for cells in rows:
                    tally.add(table.read(cells))
                show(part.rows)
    except (KeyboardInterrupt, SystemExit):
        how = "typed again, it goes on there" if wanted.output else "only with -o it could go on"
        print(f"stopped after {part.rows:,} of {len(found):,} pictures; {how}", file=sys.stderr)
        raise


def _finish(part: Part, output: Path, table: Table) -> None:
    """The rows so far become the file that was wanted."""
    part.note()
    whole = part.path
    if output.suffix.lower() == ".parquet":
        whole = part.path.with_name(f"{part.path.name}.whole")
        write_parquet(read_lines(part.path), table.numbers, whole)
    finish(whole, output)


@contextmanager
def _file_for(output: Path | None) -> Iterator[Path]:
    """Where the rows go; where nobody wants them, to a folder that goes in the end."""
    if output is not None:
        yield output
        return
    folder = tempfile.mkdtemp(prefix="saccade-")
    try:
        yield Path(folder) / "predictions.csv"
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _ended_by_sigterm() -> Iterator[None]:
    """SIGTERM ends it as Ctrl-C does: what was written is noted."""

    def end(number: int, frame: FrameType | None) -> None:
        sys.exit(128 + number)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _write_page(
    html: Path,
    answerer: Answerer,
    network: str,
    pictures: Sequence[Path],
    found: Sequence[Found],
    tally: Tally,
) -> None:
    from saccade.view.scored import Scored, scored_page

    mistakes = tally.surest_mistakes
    doubtful = [position for position in tally.least_sure if position not in {*mistakes}]
    scored = Scored(
        network,
        ", ".join(map(str, pictures)) if len(pictures) < 4 else f"{len(pictures):,} inputs",
        tally,
        list(look(answerer, found, mistakes)),
        list(look(answerer, found, doubtful)),
        [(found[position].name, why) for position, why in tally.refused],
    )
    durable.write_text(html, scored_page(scored))


def _root(path: Path, wanted: Wanted) -> Path | None:
    """--image-root is for the CSVs among what is given."""
    return wanted.image_root if is_table(path) else None


def _same(one: Path, other: Path) -> bool:
    if one.exists() and other.exists():
        return one.samefile(other)
    return one.resolve() == other.resolve()
