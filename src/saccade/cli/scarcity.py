"""saccade scarcity"""

import json as json_format
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from saccade.cli.choice import OFFERED, Begin, as_base_wants, check_names, in_files
from saccade.cli.plan import check_writable, load_data
from saccade.cli.words import Whole, duration
from saccade.core.errors import BadRun, BadUsage, MissingFile
from saccade.run.directory import is_empty, new_run_path, runs_folder
from saccade.run.durable import read_json

RESULT = "scarcity.json"


def scarcity(
    data: str,
    /,
    *,
    per_class: str = "1,5,10,50,all",
    models: str | None = None,
    weights: str | None = None,
    seeds: Whole = 3,
    quick: bool = False,
    out: Path | None = None,
    name: str | None = None,
    json: bool = False,
) -> int:
    """How many labelled pictures does it take? Accuracy against labels, from scratch and transfer.

    Every network is trained on the same few pictures of each class, drawn with each seed, then on
    more. One table, one chart, and how many labels transfer needs to match the best from scratch.
    Stopped, the same command goes on where it was.

    Examples:

        saccade scarcity digits --models conv,conv+augment
        saccade scarcity ./photos
        saccade scarcity mnist --models conv-bn,conv-bn+transfer --weights runs/fashion

    Parameters
    ----------
    data: str
        A data set's name, or a path with a slash.
    per_class: str
        How many labelled pictures of each class, with commas.
    models: str
        With commas: NAME from scratch, NAME+augment with the recipe's augmentation, a base, or
        NAME+transfer with --weights. Default: that for the pictures' size, plain and augmented, and
        squeezenet1.1 for photos, if its weights are here.
    weights: str
        What a base begins with: imagenet (default), a file, or a run.
    seeds: int
        Draws and first weights a point; an interval is of their mean.
    quick: bool
        A tenth of the steps.
    out: Path
        The directory of the results.
    name: str
        Its name in ./runs ($SACCADE_RUNS).
    json: bool
        The last line of stdout is one JSON value.
    """
    if out is not None and name is not None:
        raise BadUsage("--out and --name both say where the results go; give one")
    counts = _counts(per_class)
    names = None if models is None else _names(models)
    _check(data, names, weights)
    check_writable(out or runs_folder())
    from saccade.train import scarcity as measuring

    contenders = _contenders(data, names, weights)
    first = contenders[0].dataset
    plan = measuring.Plan(
        contenders,
        measuring.points(counts, first.train.labels),
        seeds=seeds,
        share=0.1 if quick else 1.0,
    )
    named = out or (runs_folder() / name if name else None)
    folder = named or _unfinished(first.name, plan) or new_run_path(first.name, "scarcity")
    if folder.exists() and not (folder / RESULT).exists() and not is_empty(folder):
        raise BadUsage(f"{folder} exists and holds no scarcity curve")
    _say(first.statement)
    code = _measure(measuring.measure, plan, folder)
    if code:
        _say(f"stopped; what is done stays in {folder}. The same command goes on")
        return code
    return _say_result(folder, json)


def _counts(text: str) -> list[int | None]:
    words = [word.strip() for word in text.split(",")]
    if not all(word == "all" or (word.isascii() and word.isdecimal()) for word in words):
        raise BadUsage(f"--per-class takes whole numbers and all, with commas, got `{text}`")
    return [None if word == "all" else int(word) for word in words]


def _names(text: str) -> list[str]:
    """What is typed, a base always without the ending it has anyway."""
    from saccade.models.bases import BASES

    names = [name.strip() for name in text.split(",")]
    plain = [name.removesuffix("+transfer") for name in names]
    return [base if base in BASES else name for base, name in zip(plain, names, strict=True)]


def _check(data: str, names: Sequence[str] | None, weights: str | None) -> None:
    """What is typed wrong is said before pictures are read, which may take minutes."""
    from saccade.train.contender import start_of

    bases = [model for model, start in map(start_of, names or ()) if start == "transfer"]
    if weights is not None and names is not None and not bases:
        raise BadUsage("--weights is what a base begins with, and --models has none")
    if weights == "none":
        raise BadUsage("--weights none is from scratch, as models without it are: leave it out")
    check_names(data, None)
    if len(bases) > 1 and weights not in (None, "imagenet"):
        raise BadUsage(f"--weights {weights} is of one base, and --models has {', '.join(bases)}")
    for base in bases:
        check_names(data, Begin(base, weights or "imagenet", "none"))


def _contenders(data: str, names: Sequence[str] | None, weights: str | None) -> list[Any]:
    """Each on pictures of the size it wants; what two of them share is read once."""
    from saccade.train.contender import contender, start_of

    read: dict[str, Any] = {}

    def reading(base: str) -> Any:
        wanted = as_base_wants(Begin(base, "", ""))
        key = str(wanted)
        if key not in read:
            read[key] = load_data(data, wanted)
        return read[key]

    names = names or default_names(data, reading(""), weights)
    return [
        contender(
            name,
            reading(start_of(name)[0] if start_of(name)[1] == "transfer" else ""),
            weights or "imagenet",
        )
        for name in names
    ]


def default_names(data: str, dataset: Any, weights: str | None) -> list[str]:
    """The model for these pictures, plain and augmented, and what transfer can begin with here."""
    from saccade.models import default_model
    from saccade.models.bases import BASES
    from saccade.models.pretrained import published_weights
    from saccade.train.transfer import base_of

    own = default_model(dataset.input_shape)
    names = [own, f"{own}+augment"]
    if weights == "imagenet":
        if not in_files(data):
            raise BadUsage(f"--weights imagenet, of which base? --models {','.join(names)},BASE")
        published_weights(OFFERED)
        return [*names, OFFERED]
    if weights is None:
        if in_files(data):
            with suppress(MissingFile):
                published_weights(OFFERED)
                names.append(OFFERED)
        return names
    if Path(weights).is_file():
        raise BadUsage(f"whose weights are in {weights}? --models says it: {','.join(names)},BASE")
    base = base_of(weights)
    return [*names, base if base in BASES else f"{base}+transfer"]


def _unfinished(data: str, plan: Any) -> Path | None:
    """The newest curve of the same command that is not whole."""
    from saccade.train.scarcity import rows_of

    wanted = len(plan.contenders) * len(plan.per_class) * plan.seeds
    for path in sorted(runs_folder().glob(f"*-{data}-scarcity*/{RESULT}"), reverse=True):
        with suppress(BadUsage, BadRun):
            if len(rows_of(path.parent, plan)) < wanted:
                return path.parent
    return None


def _measure(measure: Any, plan: Any, folder: Path) -> int:
    """Goes through every training; 0, or the exit code of the signal that ended it."""
    from saccade.cli.interruption import interruption
    from saccade.cli.progress import training_progress
    from saccade.run.events import Finished

    pace = Pace()
    with interruption() as interrupted:
        for training in measure(plan, folder):
            if interrupted.signal:  # it came after the last one was done, whose row is kept now
                return interrupted.exit_code
            began, finished = time.monotonic(), None
            with training_progress(0, training.steps) as show:
                for event in training.events:
                    show(event)
                    if isinstance(event, Finished):
                        finished = event
                    elif interrupted.signal:
                        return interrupted.exit_code
            if finished is None:
                return interrupted.exit_code
            pace.took(training, time.monotonic() - began)
            count = training.per_class or "all"
            _say(
                f"{training.number} of {training.total}  {training.contender.name}, "
                f"{count} a class, seed {training.seed}: test accuracy {finished.test}"
                f"{pace.left(training)}"
            )
    return 0


class Pace:
    """How long trainings took, and how long those that are left may take."""

    def __init__(self) -> None:
        self.seconds: defaultdict[str, list[float]] = defaultdict(list)

    def took(self, training: Any, seconds: float) -> None:
        """Notes one."""
        self.seconds[training.contender.name].append(seconds)

    def left(self, training: Any) -> str:
        """About how long the rest will take, if it goes on so; more labels may take longer."""
        rest = training.total - training.number
        if not rest:
            return ""
        means = [sum(each) / len(each) for each in self.seconds.values()]
        return f"; about {duration(rest * sum(means) / len(means))} left"


def _say_result(folder: Path, as_json: bool) -> int:
    from saccade.view.scarcity import table_lines, write_scarcity

    page = write_scarcity(folder)
    for line in table_lines(folder):
        print(line, file=sys.stderr if as_json else sys.stdout)
    _say(f"the page: {page}")
    if as_json:
        facts = read_json(folder / RESULT)
        told = {key: facts[key] for key in ("rows", "points", "labels_needed")}
        print(json_format.dumps({"run": str(folder), **told}, allow_nan=False))
    return 0


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
