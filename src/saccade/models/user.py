"""A model as given: a name of the table, or a user's own file, `--model my_net.py:build`.

    def build(input_shape, classes):
        return keras.Sequential([keras.Input(input_shape), ..., keras.layers.Dense(classes)])

The file is run. Only one that the user names is, never one that lies in a run.
"""

import hashlib
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from saccade.core.errors import BadUsage, MissingFile
from saccade.models import is_file
from saccade.models.backend import keras
from saccade.models.network import Network, build, from_keras


def as_network(
    model: str | Network, input_shape: tuple[int, int, int], classes: int, *, seed: int = 0
) -> Network:
    """The network of a name or of `FILE.py:FUNCTION`; a network stays what it is.

    Raises:
        MissingFile: there is no such file.
        BadUsage: no such model, or it does not take these pictures.

    >>> as_network("softmax", (8, 8, 1), 10).parameters
    650
    """
    if isinstance(model, Network):
        return model
    if is_file(model):
        return from_file(model, input_shape, classes, seed=seed)
    return build(model, input_shape, classes)


def from_file(
    spec: str, input_shape: tuple[int, int, int], classes: int, *, seed: int = 0
) -> Network:
    """The network that `FILE.py:FUNCTION` makes of (height, width, channels) and a class count.

    Its first weights are those the function leaves, drawn by Keras from `seed`.

    Raises:
        MissingFile: there is no such file.
        BadUsage: it fails, or what it gives is not a model for these pictures; says where.
    """
    path, function = _parse(spec)
    source, code = _compiled(path)
    with _beside(path), _said(path):
        module = ModuleType(f"saccade_user_{path.stem}")
        module.__file__ = str(path)
        sys.modules[module.__name__] = module  # dataclasses and pickles look there
        exec(code, module.__dict__)
    make = getattr(module, function, None)
    if not callable(make):
        raise BadUsage(f"{path} has no function `{function}`{_functions(module)}")
    keras.utils.set_random_seed(seed)
    with _beside(path), _said(path):
        model = make(input_shape, classes)
    if not isinstance(model, keras.Model):
        raise BadUsage(
            f"{spec} gave {type(model).__module__}.{type(model).__name__}, expected a keras.Model"
        )
    network = from_keras(model, classes)
    if network.input_shape != tuple(input_shape):
        raise BadUsage(
            f"{spec} was asked for a model of {input_shape} pictures and gave one of "
            f"{network.input_shape}; use the input_shape it is called with"
        )
    sha256 = hashlib.sha256(source).hexdigest()
    reference = {"model": "file", "file": spec, "source_sha256": sha256}
    return replace(network, name=path.stem, reference=reference)


def check_file(spec: str) -> None:
    """Whether there is such a file and it is Python; runs nothing.

    Raises:
        MissingFile: there is no such file.
        BadUsage: it is no Python, or `spec` is not FILE.py:FUNCTION.
    """
    _compiled(_parse(spec)[0])


def _compiled(path: Path) -> tuple[bytes, CodeType]:
    try:
        source = path.read_bytes()
    except OSError as error:
        raise MissingFile(f"can't read {path}: {error.strerror}") from None
    with _said(path):
        return source, compile(source, str(path), "exec", dont_inherit=True)


def _parse(spec: str) -> tuple[Path, str]:
    file, colon, function = spec.rpartition(":")
    if not colon or not file.endswith(".py") or not function.isidentifier():
        raise BadUsage(f"--model takes a name or FILE.py:FUNCTION, got `{spec}`")
    return Path(file), function


def _functions(module: ModuleType) -> str:
    own = [
        name
        for name, value in vars(module).items()
        if callable(value) and getattr(value, "__module__", "") == module.__name__
    ]
    return f"; it has {', '.join(f'`{name}`' for name in own)}" if own else ""


@contextmanager
def _beside(path: Path) -> Iterator[None]:
    """The file may import others beside it, as a script may."""
    folder = str(path.resolve().parent)
    sys.path.insert(0, folder)
    try:
        yield
    finally:
        sys.path.remove(folder)


@contextmanager
def _said(path: Path) -> Iterator[None]:
    """What goes wrong in the user's file, with its line."""
    try:
        yield
    except Exception as error:
        lines = [
            f.lineno for f in traceback.extract_tb(error.__traceback__) if f.filename == str(path)
        ]
        line: Any = error.lineno if isinstance(error, SyntaxError) else lines[-1] if lines else None
        where = f"{path}, line {line}" if line else str(path)
        raise BadUsage(f"{where}: {type(error).__name__}: {error}") from error
