"""What whoever looks after a server watches: Prometheus counts. No label is a stranger's text."""

from prometheus_client import PROCESS_COLLECTOR as PROCESS
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from saccade.serve.batcher import Batcher
from saccade.serve.limits import Unanswered

TYPE = b"text/plain; version=0.0.4; charset=utf-8"
SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)


class Metrics:
    """Counts of one worker; they begin at 0 with each."""

    def __init__(self, batcher: Batcher, unanswered: Unanswered):
        self.registry = CollectorRegistry()
        self.registry.register(PROCESS)  # memory, processor time, open files
        self.seconds = Histogram(
            "saccade_request_seconds",
            "From a request's headers to its answer",
            ["route"],
            buckets=SECONDS,
            registry=self.registry,
        )
        self.requests = Counter(
            "saccade_requests", "Answered requests", ["route", "status"], registry=self.registry
        )
        self.known: dict[tuple[str, int], tuple[Counter, Histogram]] = {}
        self.refusals = Counter(
            "saccade_refusals", "Refused requests, by why", ["code"], registry=self.registry
        )
        inside = Gauge(
            "saccade_pictures_inside", "Pictures being worked on", registry=self.registry
        )
        inside.set_function(lambda: batcher.inside)
        most = Gauge("saccade_pictures_most", "How many there may be", registry=self.registry)
        most.set_function(lambda: batcher.most)
        held = Gauge("saccade_unanswered_bytes", "Of bodies that have come", registry=self.registry)
        held.set_function(lambda: unanswered.bytes)

    def count(self, route: str, status: int, seconds: float, code: str = "") -> None:
        """A request that is done; `code` is why it was refused."""
        known = self.known.get((route, status))
        if known is None:  # finding them takes longer than counting
            known = self.requests.labels(route, status), self.seconds.labels(route)
            self.known[route, status] = known
        known[0].inc()
        known[1].observe(seconds)
        if code:
            self.refusals.labels(code).inc()

    def page(self) -> bytes:
        """All of them, as Prometheus reads them."""
        return generate_latest(self.registry)
