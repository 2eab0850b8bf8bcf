"""saccade trains image classifiers and lets you watch them learn.

The same in five lines of Python:

>>> import saccade
>>> digits = saccade.load("digits")
>>> events = saccade.fit("softmax", digits, saccade.recipe("softmax", steps=200))
>>> saccade.finish(events).test.accuracy > 0.85
True

Names are loaded when they are first used, so that `import saccade.view` needs no JAX.
"""

import importlib
import sys
from typing import TYPE_CHECKING

__version__ = "0.1.0"

if TYPE_CHECKING:
    from saccade.bundle.bundle import open_bundle as open_bundle
    from saccade.core.errors import SaccadeError as SaccadeError
    from saccade.core.preprocess import Preprocess as Preprocess
    from saccade.core.records import Dataset as Dataset
    from saccade.core.records import Predictions as Predictions
    from saccade.core.records import Split as Split
    from saccade.data import load as load
    from saccade.export.bundle import export_bundle as export_bundle
    from saccade.models.network import Network as Network
    from saccade.models.network import build as build
    from saccade.models.network import from_keras as from_keras
    from saccade.run.directory import create_run as create_run
    from saccade.run.directory import open_run as open_run
    from saccade.run.events import finish as finish
    from saccade.train.calibrate import calibrate as calibrate
    from saccade.train.evaluate import evaluate as evaluate
    from saccade.train.fit import fit as fit
    from saccade.train.predict import predict as predict
    from saccade.train.recipe import Recipe as Recipe
    from saccade.train.recipes import recipe as recipe
    from saccade.train.record import record as record
    from saccade.train.transfer import transfer as transfer
    from saccade.view.notebook import watch as watch
    from saccade.view.report import write_report as write_report

_HOME = {
    "Dataset": "saccade.core.records",
    "Network": "saccade.models.network",
    "Predictions": "saccade.core.records",
    "Preprocess": "saccade.core.preprocess",
    "Recipe": "saccade.train.recipe",
    "SaccadeError": "saccade.core.errors",
    "Split": "saccade.core.records",
    "build": "saccade.models.network",
    "calibrate": "saccade.train.calibrate",
    "create_run": "saccade.run.directory",
    "evaluate": "saccade.train.evaluate",
    "export_bundle": "saccade.export.bundle",
    "finish": "saccade.run.events",
    "fit": "saccade.train.fit",
    "from_keras": "saccade.models.network",
    "load": "saccade.data",
    "open_bundle": "saccade.bundle.bundle",
    "open_run": "saccade.run.directory",
    "predict": "saccade.train.predict",
    "recipe": "saccade.train.recipes",
    "record": "saccade.train.record",
    "transfer": "saccade.train.transfer",
    "watch": "saccade.view.notebook",
    "write_report": "saccade.view.report",
}

__all__ = [*_HOME, "__version__"]


def _shown_in_notebooks() -> None:
    """Lets IPython, where it is loaded, show a run that is the last line of a cell.

    By the name of its type: neither runs nor what draws them are loaded for this. (That `Run` had
    a method for it would be an import upwards.)
    """
    ipython = sys.modules.get("IPython")
    shell = getattr(ipython, "get_ipython", lambda: None)()
    if shell is not None:
        html = shell.display_formatter.formatters["text/html"]
        html.for_type_by_name("saccade.run.directory", "Run", _run_as_html)


def _run_as_html(run: object) -> str:
    shown: str = importlib.import_module("saccade.view.glance").glance(run)
    return shown


_shown_in_notebooks()


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module 'saccade' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return __all__
