"""Writes a bundle, once it is proved that it answers as its run does."""

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

import saccade
from saccade.bundle import files
from saccade.bundle.bundle import open_bundle
from saccade.bundle.model import Model
from saccade.core.calibration import Calibration, identity
from saccade.core.errors import BadBundle, BadData, BadUsage, Disagrees, MissingFile
from saccade.core.preprocess import Preprocess
from saccade.core.text import readable
from saccade.export.card import card
from saccade.export.golden import as_files, drawn, golden_file
from saccade.export.materials import bill_of_materials
from saccade.export.network import to_onnx
from saccade.export.proof import Parity, parity, prove
from saccade.run import disk, durable
from saccade.run.directory import Run
from saccade.train.evaluate import unseen
from saccade.train.restore import Own, Trained, restore

Golden = Literal["generated", "held-out"]
ASKED, KEPT = 256, 8  # pictures
UNIX, READABLE = 3, 0o644  # of a file in a .zip, whatever system writes it
GOLDEN_ARE: Mapping[Golden, str] = {
    "generated": "Golden pictures are drawn by a program; none is of the data",
    "held-out": "Golden pictures are pictures of the data, held out of training: this bundle holds "
    "them, share it as you would share the data",
}


@dataclass(frozen=True)
class Exported:
    """A bundle that was written: where, how large in bytes, and how near it is to its run."""

    path: Path
    size: int
    checks: tuple[Parity, ...]


def export(
    run: str | Path | Run,
    out: str | Path | None = None,
    *,
    golden: Golden = "generated",
    checkpoint: str | None = None,
    model: Own = None,
) -> Exported:
    """Writes a run's network as a bundle, a directory or (`out` ends with .zip) one file.

    Before, 256 pictures that the network has not learned from, or all there are, and the golden
    ones go through both: where an answer differs, nothing is written. `out` is RUN/export by
    default; a bundle that is there is replaced. `checkpoint` is `best` or `last`, by default the
    one that test was read with; `model` is a person's own network again.

    Raises:
        BadRun: no such run, or it has no checkpoint yet.
        BadData: its data, which the proof takes, is gone or has changed.
        BadUsage: a layer can't be exported, or something else is at `out`.
        Disagrees: the file does not answer as the network does.

    >>> import saccade, tempfile
    >>> run = saccade.create_run(Path(tempfile.mkdtemp()) / "run")
    >>> events = saccade.fit("softmax", saccade.load("digits"), saccade.recipe("softmax", steps=99))
    >>> _ = list(saccade.record(events, run))
    >>> exported = export(run)
    >>> exported.path.name, exported.checks[0].pictures, exported.checks[0].agrees
    ('export', 256, True)
    """
    trained = restore(run, checkpoint, model=model)
    place = Path(out) if out is not None else trained.run.path / "export"
    check_place(place)
    calibration = identity(len(trained.classes))
    kind, pixels = _unseen(trained)
    pictures = drawn(*trained.network.input_shape[:2])
    if golden == "held-out":
        pictures = as_files(pixels[:KEPT])
    expected = _ask(trained, calibration, _read(trained.preprocess, pictures))
    written = {
        files.MODEL: to_onnx(
            trained.network.graph,
            trained.weights,
            trained.preprocess,
            calibration,
            trained.classes,
        ),
        files.PREPROCESS: _json(trained.preprocess.to_json()),
        files.CLASSES: _json(list(trained.classes)),
        files.CALIBRATION: _json(calibration.to_json()),
        files.GOLDEN: golden_file(pictures, expected),
    }
    ours = _ask(trained, calibration, pixels)
    checks = _checks(written, (kind, pixels, ours), (pictures, expected))
    prove(checks)
    facts, metrics = trained.run.facts, trained.run.metrics
    if metrics and metrics.get("step_read") != trained.step:
        metrics = {}  # of other weights than these
    written[files.CARD] = card(facts, metrics, calibration, checks, GOLDEN_ARE[golden])
    hashes = {name: hashlib.sha256(data).hexdigest() for name, data in written.items()}
    written[files.MATERIALS] = bill_of_materials(facts, hashes)
    told = {
        "saccade": saccade.__version__,
        "name": f"{facts['data']['name']}-{facts['model']['name']}",
        "step": trained.step,
        "golden": golden,
        "proof": [check.to_json() for check in checks],
    }
    written[files.MANIFEST] = files.manifest_of(written, told)
    _write(place, written)
    return Exported(place, sum(map(len, written.values())), tuple(checks))


def check_place(place: Path) -> None:
    """Nothing but a bundle is replaced.

    Raises:
        BadUsage: something else is there.
    """
    if not place.name:
        raise BadUsage(f"{place} has no name of its own; give --out a directory or a .zip")
    if not place.exists():
        return
    if place.suffix == ".zip":
        try:
            with zipfile.ZipFile(place) as archive:
                names = set(archive.namelist())
        except (OSError, *files.UNZIPPING):
            raise BadUsage(f"{place} is there and is no .zip; give another --out") from None
    elif place.is_dir():
        names = {each.name for each in place.iterdir()}
    else:
        raise BadUsage(f"{place} is there and is no bundle; give another --out")
    own = {files.MANIFEST, *files.LIMITS}
    if names - own or (names and not names >= {files.MANIFEST, files.MODEL}):
        odd = sorted(map(readable, names - own))[:3]
        found = f": it holds {', '.join(odd)}" if odd else ""
        raise BadUsage(f"{place} is there and is no bundle{found}; give another --out")


def _checks(
    written: Mapping[str, bytes],
    unseen_asked: tuple[str, np.ndarray, np.ndarray],
    golden_asked: tuple[list[bytes], np.ndarray],
) -> list[Parity]:
    """What is written asked for the same: pictures as pixels, golden ones as files."""
    (kind, pixels, ours), (pictures, expected) = unseen_asked, golden_asked
    rule = Preprocess.from_json(json.loads(written[files.PREPROCESS]))
    try:
        model = Model(written[files.MODEL])
        theirs, _ = model.answer(pixels)
        theirs_golden, _ = model.answer(_read(rule, pictures))
    except (BadBundle, ValueError) as error:
        raise Disagrees(f"the exported network does not run: {error}") from None
    return [parity(kind, ours, theirs), parity("golden", expected, theirs_golden)]


def _unseen(trained: Trained) -> tuple[str, np.ndarray]:
    """Pictures that the network has not learned from, and what they are."""
    try:
        return unseen(trained, ASKED)
    except (BadData, MissingFile) as error:
        raise BadData(
            f"{error}. An export is proved on pictures of the run's data: put it back as it was, "
            "or train again"
        ) from None


def _ask(trained: Trained, calibration: Calibration, pixels: np.ndarray) -> np.ndarray:
    """The network's own probabilities [n, classes]."""
    return calibration.probabilities(trained.engine.logits(trained.weights, pixels))


def _read(rule: Preprocess, pictures: list[bytes]) -> np.ndarray:
    return np.stack([rule.read(picture) for picture in pictures])


def _json(value: Any) -> bytes:
    text = json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    return text.encode("utf-8", "backslashreplace")  # a folder's name may be no text; JSON's, too


def _write(place: Path, written: Mapping[str, bytes]) -> None:
    """Aside, opened again as whoever gets it will, then renamed."""
    durable.make_directory(place.parent, parents=True)
    aside = durable.aside_of(place)
    durable.remove(aside)
    try:
        if place.suffix == ".zip":
            durable.write_bytes(aside, _archive(written))
        else:
            durable.make_directory(aside)
            for name, data in written.items():
                durable.write_bytes(aside / name, data)
        open_bundle(aside)
        if place.is_dir():
            _exchange(place, aside)
        else:
            durable.move(aside, place)
    finally:
        durable.try_to_remove(aside)


def _exchange(place: Path, aside: Path) -> None:
    """The new directory for the old one, which comes back where that fails.

    A directory with something in it is not replaced in one step. Whoever dies between the two
    leaves the old one beside, whole.
    """
    old = durable.aside_of(place.with_name(f"{place.name}-before"))
    durable.remove(old)
    disk.rename(place, old)
    try:
        durable.move(aside, place)
    except OSError:
        if not place.exists():
            durable.move(old, place)
        raise
    durable.try_to_remove(old)


def _archive(written: Mapping[str, bytes]) -> bytes:
    """As one file. Equal bundles are equal bytes: no times, one order; weights hardly shrink."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_STORED) as archive:
        for name, data in sorted(written.items()):
            entry = zipfile.ZipInfo(name)
            entry.create_system, entry.external_attr = UNIX, READABLE << 16
            archive.writestr(entry, data)
    return made.getvalue()
