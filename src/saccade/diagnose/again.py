"""The command that does a run again, with something changed."""

import shlex
from collections.abc import Mapping
from typing import Any

from saccade.diagnose.trace import Trace
from saccade.run.directory import model_option

ONLY_ONCE = ("--out", "--name", "--resume")


def train_again(trace: Trace, **changes: str) -> str:
    """What to type to train as before, but for these options (`weight_decay="0.1"`).

    "" for a network that was handed over in Python: no command can make it again.
    """
    if trace.facts["model"].get("model") == "keras":
        return ""
    typed = shlex.split(str(trace.facts.get("command", "")))
    words = typed if typed[:2] == ["saccade", "train"] else _spelled_out(trace.facts)
    for option in (*ONLY_ONCE, *map(_option, changes)):
        words = without(words, option)
    if {"epochs", "steps"} & set(changes):
        words = without(without(words, "--epochs"), "--steps")
    for name, value in changes.items():
        words += [_option(name), value]
    return shlex.join(words)


def on_run(trace: Trace, command: str, *options: str) -> str:
    """A command about the run itself."""
    words = shlex.join(["saccade", command, str(trace.run.path), *options])
    return words + (model_option(trace.facts) if command == "eval" else "")


def without(words: list[str], option: str) -> list[str]:
    """The words without an option and its value, however it was typed.

    >>> without(["train", "--lr", "1", "digits", "--lr=2"], "--lr")
    ['train', 'digits']
    """
    kept, skip = [], False
    for word in words:
        if skip:
            skip = False
        elif word == option:
            skip = True
        elif not word.startswith(option + "="):
            kept.append(word)
    return kept


def one_digit(value: float) -> str:
    """A number to type, rounded to its first digit.

    >>> one_digit(0.00253), one_digit(132)
    ('0.003', '100')
    """
    return f"{float(f'{value:.1g}'):g}"


def _option(name: str) -> str:
    return "--" + name.replace("_", "-")


def _spelled_out(facts: Mapping[str, Any]) -> list[str]:
    """For a run that was started from Python: what a person would have typed."""
    recipe, model = facts["recipe"], facts["model"]
    words = ["saccade", "train", str(facts["data"]["reference"])]
    words += ["--model", str(model.get("file") or model["name"])]
    if recipe["name"] not in ("default", "custom"):
        words += ["--recipe", str(recipe["name"])]
    length = "epochs" if recipe.get("steps") is None else "steps"
    names = ",".join(each["name"] for each in recipe["augment"]) or "none"
    options = {
        _option(length): f"{recipe[length]:g}",
        "--batch-size": str(recipe["batch_size"]),
        "--optimizer": str(recipe["optimizer"]),
        "--lr": f"{recipe['schedule']['rate']:g}",
        "--schedule": str(recipe["schedule"]["name"]),
        "--weight-decay": f"{recipe['weight_decay']:g}",
        "--augment": names,
    }
    return words + [word for pair in options.items() for word in pair]
