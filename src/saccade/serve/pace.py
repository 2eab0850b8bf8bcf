"""How often one client may ask: none takes the turns of all others."""

import math
from collections import OrderedDict
from dataclasses import dataclass, field

from saccade.serve.refusal import Refusal

BURST_SECONDS = 2.0  # of its requests may come at once
MOST_CLIENTS = 10_000  # are remembered, those that asked last


@dataclass(eq=False)
class Pace:
    """Lets each client ask `rate` times a second on average, and for two seconds' worth at once.

    A bucket for each: it fills at the rate, and a request takes one out (Turner, "New directions in
    communications", 1986). Who was long away finds it full, so forgetting those costs nothing.

    >>> pace = Pace(rate=1.0)
    >>> [pace.wait("a", now) for now in (10.0, 10.0, 10.0, 11.5)]
    [0.0, 0.0, 1.0, 0.0]
    """

    rate: float
    clients: OrderedDict[str, tuple[float, float]] = field(default_factory=OrderedDict)

    def check(self, client: str, now: float) -> None:
        """Counts a request of this client.

        Raises:
            Refusal: 429, and when to come again.
        """
        wait = self.wait(client, now)
        if wait:
            why = f"more than {self.rate:g} requests a second"
            raise Refusal(429, "too_often", why, {"retry-after": str(math.ceil(wait))})

    def wait(self, client: str, now: float) -> float:
        """Seconds until it may ask; 0 where it may, which is counted. `now` only ever grows."""
        most = max(1.0, BURST_SECONDS * self.rate)
        left, since = self.clients.pop(client, (most, now))
        left = min(most, left + (now - since) * self.rate)
        short = max(0.0, 1.0 - left)
        self.clients[client] = (left if short else left - 1.0, now)
        if len(self.clients) > MOST_CLIENTS:
            self.clients.popitem(last=False)
        return short / self.rate
