"""What a person can cause, and how it is said.

    SaccadeError        printed without a traceback; `exit_code` says how the command ends
    ├── BadUsage        2  a name, number or option that can't be taken
    ├── BadData         2  pictures or labels that can't be trained on
    │   └── BadPicture  2  one file that can't be used as a picture; `code` names why
    ├── MissingFile     2  a file that is not here and could not be had
    ├── BadRun          2  a run directory that is not one, or lacks what is asked of it
    ├── BadBundle       2  an exported network that is not one, or not what was exported
    ├── Disagrees       1  an export that does not answer as the network does
    ├── BrowserFailed   1  a browser that was started does not do what it shall
    ├── NotSaved        1  a state that could not be written where it belongs
    ├── OutOfMemory     1  more memory asked for than there is
    └── Diverged        1  the loss stopped being a number

Every message says what came, what was expected and what to do.
"""

import difflib
from collections.abc import Iterable


class SaccadeError(Exception):
    """Anything a person can cause. Its text is the whole message.

    >>> import saccade
    >>> try:
    ...     saccade.load("mnits")
    ... except saccade.SaccadeError as error:
    ...     print(str(error).partition(". ")[0], error.exit_code)
    there is no data set `mnits` 2
    """

    exit_code = 2


class BadUsage(SaccadeError):
    """A name, number or option that can't be taken."""


class BadData(SaccadeError):
    """Pictures or labels that can't be trained on."""


class BadPicture(BadData):
    """One file that can't be used as a picture. `code` names the kind of reason.

    >>> str(BadPicture("truncated", "3 bytes of a JPEG"))
    'truncated: 3 bytes of a JPEG'
    """

    def __init__(self, code: str, why: str):
        super().__init__(f"{code}: {why}")
        self.code, self.why = code, why

    def __reduce__(self) -> tuple[type, tuple[str, str]]:
        return type(self), (self.code, self.why)


class MissingFile(SaccadeError):
    """A file that is not here and could not be had."""


class BadRun(SaccadeError):
    """A run directory that is not one, or lacks what is asked of it."""


class BadBundle(SaccadeError):
    """An exported network that is not one, or not what was exported."""


class Disagrees(SaccadeError):
    """An export that does not answer as the network does."""

    exit_code = 1


class BrowserFailed(SaccadeError):
    """A browser that was started does not do what it shall."""

    exit_code = 1


class NotSaved(SaccadeError):
    """A state that could not be written where it belongs."""

    exit_code = 1


class OutOfMemory(SaccadeError):
    """More memory asked for than there is."""

    exit_code = 1


class Diverged(SaccadeError):
    """The loss stopped being a number."""

    exit_code = 1


def unknown_name(kind: str, name: str, known: Iterable[str], hint: str = "") -> BadUsage:
    """An error for a name that is not in a table, with the nearest ones.

    >>> print(unknown_name("model", "sofmax", ["softmax", "conv"]))
    there is no model `sofmax`. Did you mean `softmax`? Known: conv, softmax.
    """
    names = sorted(known)
    near = difflib.get_close_matches(name.lower(), names, n=3, cutoff=0.5)
    guess = f" Did you mean {' or '.join(f'`{n}`' for n in near)}?" if near else ""
    return BadUsage(f"there is no {kind} `{name}`.{guess} Known: {', '.join(names)}.{hint}")
