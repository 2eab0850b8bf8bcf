"""This saccade as a wheel: what an image runs is, byte for byte, what was used here."""

import base64
import hashlib
import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import saccade

NAME = f"saccade-{saccade.__version__}-py3-none-any.whl"
_FACTS = f"saccade-{saccade.__version__}.dist-info"
# No Requires-Dist: the list of pins beside it says what it takes, and it is installed --no-deps.
_METADATA = f"""\
Metadata-Version: 2.1
Name: saccade
Version: {saccade.__version__}
Summary: Train image classifiers and watch them learn
License: Apache-2.0
Requires-Python: >=3.11
"""
_WHEEL = """\
Wheel-Version: 1.0
Generator: saccade deploy
Root-Is-Purelib: true
Tag: py3-none-any
"""
_COMMANDS = "[console_scripts]\nsaccade = saccade.cli:main\n"
_UNIX, _READABLE = 3, 0o100644


def own_wheel() -> bytes:
    """Equal sources give equal bytes: sorted, without times.

    https://packaging.python.org/specifications/binary-distribution-format/

    >>> own_wheel() == own_wheel()
    True
    """
    files = dict(_sources(Path(saccade.__file__).parent))
    files |= {
        f"{_FACTS}/METADATA": _METADATA.encode(),
        f"{_FACTS}/WHEEL": _WHEEL.encode(),
        f"{_FACTS}/entry_points.txt": _COMMANDS.encode(),
    }
    record = [f"{name},sha256={_digest(data)},{len(data)}" for name, data in files.items()]
    files[f"{_FACTS}/RECORD"] = "\n".join([*record, f"{_FACTS}/RECORD,,", ""]).encode()
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            told = zipfile.ZipInfo(name)
            told.create_system, told.external_attr = _UNIX, _READABLE << 16
            told.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(told, data)
    return written.getvalue()


def _sources(package: Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted(package.rglob("*")):
        parts = path.relative_to(package.parent).parts
        hidden = any(part.startswith(".") or part == "__pycache__" for part in parts)
        if path.is_file() and not hidden:
            yield "/".join(parts), path.read_bytes()


def _digest(data: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
