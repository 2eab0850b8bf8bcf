"""What a person types becomes plain calls; nothing else lives here.

A new command is a file here and a line in `COMMANDS`. The files import what is heavy (Keras, JAX)
inside their functions, so that `saccade --help` loads none of it.
"""

import errno
import os
import sys
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from cyclopts import App, CycloptsError, Parameter

from saccade import __version__
from saccade.cli.bench import bench
from saccade.cli.calibrate import calibrate
from saccade.cli.control import control
from saccade.cli.datasets import datasets
from saccade.cli.deploy import deploy
from saccade.cli.diagnose import diagnose
from saccade.cli.doctor import doctor
from saccade.cli.evaluate import evaluate
from saccade.cli.export import export
from saccade.cli.ladder import ladder
from saccade.cli.models import models
from saccade.cli.movie import movie
from saccade.cli.predict import predict
from saccade.cli.rerun import rerun
from saccade.cli.runs import app as runs
from saccade.cli.scarcity import scarcity
from saccade.cli.serve import serve
from saccade.cli.train import train
from saccade.cli.view import view
from saccade.cli.words import plain
from saccade.core.errors import SaccadeError

COMMANDS: Mapping[str, Callable[..., int] | App] = {
    "train": train,
    "eval": evaluate,
    "export": export,
    "predict": predict,
    "serve": serve,
    "deploy": deploy,
    "ladder": ladder,
    "scarcity": scarcity,
    "rerun": rerun,
    "control": control,
    "models": models,
    "datasets": datasets,
    "runs": runs,
    "doctor": doctor,
    "diagnose": diagnose,
    "calibrate": calibrate,
    "view": view,
    "movie": movie,
    "bench": bench,
}

EXAMPLES = """
Examples:

    saccade train digits                first run, seconds, no download
    saccade train mnist --model conv    a convolutional net
    saccade train ./photos              photos/CLASS/PICTURE.jpg
    saccade view                        watch runs in the browser
    saccade predict RUN picture.png     what does it show?
    saccade doctor ./photos             damage, doubles, leaks, before training
    saccade diagnose RUN                what went wrong, and what to try
    saccade calibrate RUN               how far may its answers be believed?
    saccade models conv                 every layer's arithmetic

A bare word is a data set's name, a path has a slash (./photos).
With --debug an error shows where it happened.
"""


def make_app() -> App:
    """The command line, without running anything."""
    app = App(
        name="saccade",
        help="Train image classifiers and watch them learn.",
        help_epilogue=EXAMPLES,
        help_format="plaintext",
        default_parameter=Parameter(negative=()),
        version=__version__,
        result_action="return_value",
        print_error=False,
        exit_on_error=False,
        suppress_keyboard_interrupt=False,
    )
    for name, function in COMMANDS.items():
        place = len(list(app))
        if isinstance(function, App):  # one with commands of its own
            function.sort_key = place
            app.command(function)
        else:
            app.command(function, name=name, help_format="plaintext", sort_key=place)
    app.register_install_completion_command(
        help="Let the shell complete commands and options when TAB is pressed.", help_flags=[]
    )
    return app


def main(arguments: Sequence[str] | None = None) -> None:
    """The `saccade` command: exits 0 fine, 1 the job failed, 2 bad usage or input, 130, 143."""
    tokens = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in tokens
    tokens = [token for token in tokens if token != "--debug"]
    for stream in (sys.stdout, sys.stderr):  # a file's name may be no text at all
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    warnings.showwarning = _say_warning  # type: ignore[assignment]  # it takes less, not more
    try:
        code: Any = make_app()(tokens)
        sys.stdout.flush()
        sys.exit(code if isinstance(code, int) else 0)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:  # `saccade runs | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except CycloptsError as error:
        if debug:
            raise
        _say_error(str(error).strip() + "\n`saccade --help` shows what can be typed")
        sys.exit(2)
    except SaccadeError as error:
        if debug:
            raise
        _say_error(str(error))
        sys.exit(error.exit_code)
    except OSError as error:  # a full disk, a folder that may not be written
        if debug:
            raise
        hint = ". `ulimit -n 4096` allows more" if error.errno == errno.EMFILE else ""
        _say_error(f"{error}{hint}")
        sys.exit(1)
    except MemoryError:
        if debug:
            raise
        _say_error("out of memory. Try a smaller --batch-size or --img-size")
        sys.exit(1)


def _say_error(text: str) -> None:
    try:
        from rich.console import Console

        Console(stderr=True).print("error:", style="bold red", end=" ", highlight=False)
    except OSError:  # too many open files: not even a module can be read
        print("error:", end=" ", file=sys.stderr)
    print(*map(plain, text.split("\n")), sep="\n", file=sys.stderr)


def _say_warning(message: Warning | str, category: Any, *place: Any) -> None:
    print(f"warning: {message}", file=sys.stderr)
