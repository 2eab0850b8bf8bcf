"""saccade train: one function with a line an option, so a long one."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

from saccade.cli.choice import Begin, chosen_recipe, default_begin
from saccade.cli.job import job_of
from saccade.cli.plan import Plan, fresh_plan, resumed_plan, use_device
from saccade.cli.training import carry_out
from saccade.cli.words import MaybeWhole, Whole, parse_duration
from saccade.core.errors import BadUsage
from saccade.core.records import Dataset
from saccade.run import lock


def train(
    data: str | None = None,
    /,
    *,
    model: str | None = None,
    normalisation: str | None = None,
    base: str | None = None,
    weights: str | None = None,
    unfreeze: str | None = None,
    recipe: str | None = None,
    epochs: float | None = None,
    steps: MaybeWhole = None,
    batch_size: MaybeWhole = None,
    lr: float | None = None,
    optimizer: str | None = None,
    weight_decay: float | None = None,
    layer_decay: float | None = None,
    schedule: str | None = None,
    augment: str | None = None,
    balance: str | None = None,
    precision: str | None = None,
    accumulate: MaybeWhole = None,
    grow_from: float | None = None,
    img_size: MaybeWhole = None,
    val_split: float | None = None,
    test_split: float | None = None,
    val_data: Path | None = None,
    test_data: Path | None = None,
    image_root: Path | None = None,
    group_by: str | None = None,
    weight_by: str | None = None,
    eval_every: MaybeWhole = None,
    patience: MaybeWhole = None,
    time_limit: str | None = None,
    seed: MaybeWhole = None,
    device: Literal["auto", "cpu", "gpu", "tpu"] = "auto",
    out: Path | None = None,
    name: str | None = None,
    resume: Path | None = None,
    job_dir: str | None = None,
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
        saccade train ./photos --base squeezenet1.1
        saccade train mnist --weights runs/2026-11-21-fashion-mnist-conv-bn --unfreeze all
        saccade train --resume runs/2026-11-21-mnist-conv
        saccade train mnist --model conv --job-dir gs://my-bucket/jobs/mnist-1

    Parameters
    ----------
    data: str
        A data set's name, or a path with a slash.
    model: str
        Which network (see `saccade models`), or FILE.py:FUNCTION, your own. Default: by the
        pictures' size.
    normalisation: str
        What normalises its blocks: batch, layer, weight, selu or none, where the model has the
        choice (`saccade models NAME` says so).
    base: str
        Begin with what this network has learned, under a new head (see `saccade models --bases`).
    weights: str
        Where the base's weights come from: imagenet (default), none, a file, or another run, whose
        network then is the base.
    unfreeze: str
        What of the base learns: none (default), all, or last-N of its layers, such as last-3.
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
        sgd, adam, adamw, rmsprop or muon.
    weight_decay: float
        Decoupled weight decay, 0 or more.
    layer_decay: float
        A layer learns at this share of the rate of the one above it, above 0 to 1.
    schedule: str
        How the rate goes: constant, exponential, cosine, one-cycle or step.
    augment: str
        Random changes to training pictures: none, or some of shift,affine,flip,alternating-flip,
        crop,brightness,contrast,randaugment,cutout,mixup,cutmix; flowers and cats-dogs are those of
        the course.
    balance: str
        Make lopsided classes count alike: none, sampling (each comes as often) or weights (of the
        loss).
    precision: str
        float32 (default) or bfloat16: updates multiply with half the bits; answers never do.
    accumulate: int
        Compute an update in this many parts of its batch, one after the other, in less memory.
    grow_from: float
        Pictures begin at this share of their sides, above 0, and grow to all of it.
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
    weight_by: str
        Column of a CSV: how much each training picture's loss counts.
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
    job_dir: str
        Copy the run there after its checkpoints (gs://, s3://, file://), and go on from that copy
        if there is one; a path is --out. Default: what Vertex AI says.
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
        "layer_decay": layer_decay,
        "balance": balance,
        "precision": precision,
        "accumulate": accumulate,
        "grow_from": grow_from,
        "validation_share": val_split,
        "evaluate_every": eval_every,
        "patience": patience,
        "seed": seed,
    }
    paths = {"val_data": val_data, "test_data": test_data, "image_root": image_root}
    loading = {
        "image_size": img_size,
        "test_share": test_split,
        **{key: None if path is None else str(path.resolve()) for key, path in paths.items()},
        "group_by": group_by,
        "weight_by": weight_by,
    }
    if keep < 2:
        raise BadUsage(f"--keep takes 2 or more, so that there is an older one, got {keep}")
    limit = parse_duration(time_limit) if time_limit else None
    use_device(device)

    def make_recipe(model: str, dataset: Dataset | None = None) -> Any:
        return chosen_recipe(model, recipe or "default", choices, lr, schedule, augment, dataset)

    job = job_of(job_dir, out, name, resume)
    out, name = job.out, job.name
    with lock.claims():
        if resume is None:
            network = _network(model, base, weights, unfreeze)
            if network is None and recipe in (None, "default") and normalisation is None:
                network = default_begin()
            plan = fresh_plan(data, network, make_recipe, loading, out, name, normalisation)
        else:
            how = (recipe, lr, schedule, augment, normalisation, base, weights, unfreeze, out, name)
            typed = [*choices.values(), *loading.values(), *how]
            plan = _resumed(resume, data, model, typed)
        return carry_out(plan, limit, keep, json, view=not no_view, copying=job.copying(plan.run))


def _network(
    model: str | None, base: str | None, weights: str | None, unfreeze: str | None
) -> str | Begin | None:
    """What was asked for: a name or a file, a beginning, or nothing."""
    if (base or weights) is None:
        if unfreeze is not None:
            raise BadUsage("--unfreeze says what of a base learns: give --base or --weights, too")
        return model
    if model is not None:
        raise BadUsage("--model and --base both say which network; give one")
    return Begin(base, weights or "imagenet", unfreeze or "none")


def _resumed(run: Path, data: str | None, model: str | None, typed: Iterable[Any]) -> Plan:
    if any(value is not None for value in typed):
        raise BadUsage("--resume goes on by the run's own record: leave the other options out")
    return resumed_plan(run, data, model)
