"""Writes a bundle, once it is proved that it answers as its run does."""

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np

import saccade
from saccade.bundle import files
from saccade.bundle.bundle import open_bundle
from saccade.bundle.model import Model
from saccade.core.errors import BadBundle, BadUsage, Disagrees
from saccade.core.preprocess import Preprocess
from saccade.core.text import readable
from saccade.export.card import card
from saccade.export.golden import as_files, drawn, golden_file
from saccade.export.materials import bill_of_materials
from saccade.export.network import to_onnx
from saccade.export.proof import Asked, Exported, Parity, asked, parity, prove
from saccade.export.traced import traced_onnx
from saccade.export.writer import NoRule
from saccade.run import disk, durable
from saccade.run.directory import Run, open_run
from saccade.train.restore import Own

Golden = Literal["generated", "held-out"]
KEPT = 8  # golden pictures
UNIX, READABLE = 3, 0o644  # of a file in a .zip, whatever system writes it
GOLDEN_ARE: Mapping[Golden, str] = {
    "generated": "Golden pictures are drawn by a program; none is of the data",
    "held-out": "Golden pictures are pictures of the data, held out of training: this bundle holds "
    "them, share it as you would share the data",
}


def export_bundle(
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
        MissingFile: a layer has no rule here, and jax2onnx, which may know it, is not installed.
        Disagrees: the file does not answer as the network does.

    >>> import saccade, tempfile
    >>> run = saccade.create_run(Path(tempfile.mkdtemp()) / "run")
    >>> events = saccade.fit("softmax", saccade.load("digits"), saccade.recipe("softmax", steps=99))
    >>> _ = saccade.finish(saccade.record(events, run))
    >>> exported = export_bundle(run)
    >>> exported.path.name, exported.checks[0].pictures, exported.checks[0].agrees
    ('export', 256, True)
    """
    place = Path(out) if out is not None else _run_path(run) / "export"
    check_place(place)
    network = asked(run, checkpoint, model)
    trained = network.trained
    pictures = drawn(*trained.network.input_shape[:2])
    if golden == "held-out":
        pictures = as_files(network.pixels[:KEPT])
    expected = network.probabilities(_read(trained.preprocess, pictures))
    written = _network_files(network) | {files.GOLDEN: golden_file(pictures, expected)}
    checks = _checks(written, network, pictures, expected)
    prove(checks)
    _describe(written, network, checks, golden)
    _write(place, written)
    return Exported(place, sum(map(len, written.values())), checks)


def _run_path(run: str | Path | Run) -> Path:
    return run.path if isinstance(run, Run) else open_run(run).path


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


def _network_files(network: Asked) -> dict[str, bytes]:
    """The network, and what must stand beside it to be asked."""
    trained, calibration = network.trained, network.calibration
    graph, weights, rule = trained.network.graph, trained.weights, trained.preprocess
    try:
        model = to_onnx(graph, weights, rule, calibration, trained.classes)
    except NoRule as lacking:
        model = traced_onnx(trained, calibration, lacking)
    return {
        files.MODEL: model,
        files.PREPROCESS: _json(rule.to_json()),
        files.CLASSES: _json(list(trained.classes)),
        files.CALIBRATION: _json(calibration.to_json()),
    }


def _checks(
    written: Mapping[str, bytes], network: Asked, pictures: list[bytes], expected: np.ndarray
) -> tuple[Parity, ...]:
    """What is written asked for the same: pictures as pixels, golden ones as files."""
    rule = Preprocess.from_json(json.loads(written[files.PREPROCESS]))
    try:
        model = Model(written[files.MODEL])
        theirs, logits = model.answer(network.pixels)
        theirs_golden, _ = model.answer(_read(rule, pictures))
    except (BadBundle, ValueError) as error:
        raise Disagrees(f"the exported network does not run: {error}") from None
    golden = parity("golden", expected, theirs_golden)
    return *network.parity(theirs, logits), golden


def _describe(
    written: dict[str, bytes], network: Asked, checks: Sequence[Parity], golden: Golden
) -> None:
    """Adds the card, the bill of materials and, last, the manifest."""
    run, step = network.trained.run, network.trained.step
    facts, metrics = run.facts, run.metrics
    if metrics and metrics.get("step_read") != step:
        metrics = {}  # of other weights than these
    written[files.CARD] = card(facts, metrics, network.calibration, checks, GOLDEN_ARE[golden])
    hashes = {name: hashlib.sha256(data).hexdigest() for name, data in written.items()}
    written[files.MATERIALS] = bill_of_materials(facts, hashes)
    told = {
        "saccade": saccade.__version__,
        "name": f"{facts['data']['name']}-{facts['model']['name']}",
        "step": step,
        "golden": golden,
        "proof": [check.to_json() for check in checks],
    }
    written[files.MANIFEST] = files.manifest_of(written, told)


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
