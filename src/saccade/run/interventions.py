"""What was asked of a run on its way, in the words of the terminal, the report and the card."""

from collections.abc import Iterable, Mapping
from typing import Any

from saccade.run.control import WITH_VALUE

DECIDING = (*WITH_VALUE, "stop")  # what changes the numbers that come out


def told(events: Iterable[Mapping[str, Any]]) -> list[str]:
    """What was asked, when and by whom; takes a log's `Intervened` lines, or `vars` of the events.

    >>> asked = {"step": 1200, "request": "epochs", "value": 2.0, "source": "page"}
    >>> told([{**asked, "total_steps": 9000}])
    ['step 1,200: 2 epochs more, 9,000 steps in all (page)']
    """
    return [f"step {event['step']:,}: {_what(event)} ({event['source']})" for event in events]


def _what(event: Mapping[str, Any]) -> str:
    value = event["value"]
    match event["request"]:
        case "learning_rate":
            return f"highest learning rate {value:g}"
        case "epochs":
            more = f"{value:g} epoch{'s' * (value != 1)} more"
            return f"{more}, {event['total_steps']:,} steps in all"
        case "stop":
            return "stopped"
        case "save":
            return "saved"
    return f"{event['request']}d"  # paused, resumed
