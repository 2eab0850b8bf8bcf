"""saccade train"""

from pathlib import Path
from typing import Any, Literal

from saccade.cli.plan import check_names, chosen_recipe, fresh_plan, resumed_plan, use_device
from saccade.cli.training import carry_out
from saccade.cli.words import MaybeWhole, Whole, parse_duration
from saccade.core.errors import BadUsage
from saccade.run import lock


def train(
    data: str | None = None,
    /,
    *,
    model: str | None = None,
    recipe: str | None = None,
    epochs: float | None = None,
    steps: MaybeWhole = None,
    batch_size: MaybeWhole = None,
    lr: float | None = None,
    optimizer: str | None = None,
    weight_decay: float | None = None,
    schedule: str | None = None,
    augment: str | None = None,
    img_size: MaybeWhole = None,
    val_split: float | None = None,
    test_split: float | None = None,
    val_data: Path | None = None,
    test_data: Path | None = None,
    image_root: Path | None = None,
    group_by: str | None = None,
    eval_every: MaybeWhole = None,
    patience: MaybeWhole = None,
    time_limit: str | None = None,
    seed: MaybeWhole = None,
    device: Literal["auto", "cpu", "gpu", "tpu"] = "auto",
    out: Path | None = None,
    name: str | None = None,
    resume: Path | None = None,
    keep: Whole = 2,
    no_view: bool = False,
    json: bool = False,
) -> int:
    """Train on a data set or a folder of pictures.

    DATA is a name (digits, mnist; see `saccade datasets`) or a path with a slash: a folder of class
    folders, with or without train/, validation/ and test/ above them, a .tar, .tar.gz or .zip of
    one, or a CSV of image_path,label.

    Examples:

        saccade train digits
        saccade train mnist --model softmax --recipe G1.0
        saccade train ./photos --img-size 64 --epochs 30
        saccade train ./photos.csv --image-root ./photos.tar --group-by patient
        saccade train mnist --model conv --time-limit 2m --json
        saccade train digits --model my_net.py:build
        saccade train --resume runs/2026-11-21-mnist-conv

    Parameters
    ----------
    data: str
        A data set's name, or a path with a slash.
    model: str
        Which network (see `saccade models`), or FILE.py:FUNCTION, your own. Default: by the
        pictures' size.
    recipe: str
        How to train: `default`, or an original such as G1.0.
    epochs: float
        Passes over the training pictures. Switches early stopping off.
    steps: int
        Updates instead of epochs. Switches early stopping off.
    batch_size: int
        Pictures an update.
    lr: float
        Learning rate (the highest one of the schedule).
    optimizer: str
        sgd, adam, adamw or rmsprop.
    weight_decay: float
        Decoupled weight decay, 0 or more.
    schedule: str
        How the rate goes: constant, exponential, cosine, one-cycle or step.
    augment: str
        Random changes to training pictures: none, or some of shift,affine,flip,crop.
    img_size: int
        Side in pixels that pictures of a folder are brought to.
    val_split: float
        Share of train to hold out and watch, 0 to 1.
    test_split: float
        Share to hold out as test where the data has no test split.
    val_data: Path
        A folder or CSV of the same classes to watch while training.
    test_data: Path
        A folder or CSV of the same classes to test on.
    image_root: Path
        Folder, tar or zip where the paths of a CSV begin. Default: its own folder.
    group_by: str
        Column of a CSV: pictures that share its value are never parted.
    eval_every: int
        Steps between evaluations. Default: once an epoch.
    patience: int
        Stop after this many evaluations without a better one; 0 never.
    time_limit: str
        Stop after this long: 90s, 10m, 1h30m.
    seed: int
        First weights, order and dropout. Default: 0.
    device: str
        Where to compute.
    out: Path
        The run directory itself; an unfinished run of the same command there goes on.
    name: str
        Its name in ./runs ($SACCADE_RUNS).
    resume: Path
        Go on with an unfinished run, by its own record.
    keep: int
        Newest checkpoints that stay, 2 or more: if one is damaged, an older one is used.
    no_view: bool
        Do not open the live page (see `saccade view`).
    json: bool
        The last line of stdout is one JSON value.
    """
    choices = {
        "epochs": epochs,
        "steps": steps,
        "batch_size": batch_size,
        "optimizer": optimizer,
        "weight_decay": weight_decay,
        "validation_share": val_split,
        "evaluate_every": eval_every,
        "patience": patience,
        "seed": seed,
    }
    if keep < 2:
        raise BadUsage(f"--keep takes 2 or more, so that there is an older one, got {keep}")
    limit = parse_duration(time_limit) if time_limit else None
    use_device(device)
    with lock.claims():
        if resume is not None:
            reading = (img_size, test_split, val_data, test_data, image_root, group_by, out, name)
            typed = (*choices.values(), recipe, lr, schedule, augment, *reading)
            if any(value is not None for value in typed):
                raise BadUsage(
                    "--resume goes on by the run's own record: leave the other options out"
                )
            plan = resumed_plan(resume, data, model)
        else:
            if data is None:
                raise BadUsage("what to train on? `saccade train digits`, or a path: ./photos")
            if out is not None and name is not None:
                raise BadUsage("--out and --name both say where the run goes; give one")
            check_names(data, model)

            def make_recipe(model: str) -> Any:
                return chosen_recipe(model, recipe or "default", choices, lr, schedule, augment)

            paths = {"val_data": val_data, "test_data": test_data, "image_root": image_root}
            loading = {
                "image_size": img_size,
                "test_share": test_split,
                **{key: str(path.resolve()) for key, path in paths.items() if path is not None},
                "group_by": group_by,
            }
            plan = fresh_plan(data, model, make_recipe, loading, out, name)
        return carry_out(plan, limit, keep, json, view=not no_view)
