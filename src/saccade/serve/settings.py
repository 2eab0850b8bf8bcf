"""What a supervisor tells its workers."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from saccade.serve.limits import Limits


@dataclass(frozen=True)
class Routes:
    """Paths that a platform asks for besides ours (Vertex AI's AIP_...); empty where none does."""

    predict: str = ""
    health: str = ""


@dataclass(frozen=True)
class Settings:
    """Which bundle, under what name, and who may ask. `metrics_port` 0 is none.

    `sha256` is that of the only manifest that is served, "" for any; `rate` how many requests a
    second a client may make, 0 for any number; with `log`, requests are written down.
    """

    bundle: Path
    name: str
    keys: tuple[str, ...] = ()
    local: bool = True
    names: tuple[str, ...] = ()
    routes: Routes = field(default_factory=Routes)
    limits: Limits = field(default_factory=Limits)
    metrics_port: int = 0
    sha256: str = ""
    rate: float = 0.0
    log: bool = False

    def to_json(self) -> str:
        """For a process's command line: `keys` are sums, not keys."""
        return json.dumps({**asdict(self), "bundle": str(self.bundle)})

    @classmethod
    def from_json(cls, text: str) -> "Settings":
        """The inverse of `to_json`.

        >>> Settings.from_json(Settings(Path("b"), "digits").to_json()).name
        'digits'
        """
        told = json.loads(text)
        for name in ("keys", "names"):
            told[name] = tuple(told[name])
        bundle, routes, limits = (
            Path(told["bundle"]),
            Routes(**told["routes"]),
            Limits(**told["limits"]),
        )
        return cls(**{**told, "bundle": bundle, "routes": routes, "limits": limits})
