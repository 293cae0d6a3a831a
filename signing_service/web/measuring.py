"""What ``/metrics`` tells a monitoring system, in Prometheus' text format: counts and times, never a name.

Requests are counted by this process; nearly everything else is read from the database when somebody asks, so that
every process answers the same.
"""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from signing_service.errors import UnavailableError
from signing_service.workflow.figures import Figures, key_ends, read_figures
from signing_service.workflow.service import Service

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
METHODS = frozenset({"GET", "HEAD", "POST", "OPTIONS"})  # whoever sends others makes no new series
_DATABASE_UP = "Whether the database answers: 1, or 0 and then no figure that is read from it."
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)  # seconds


class Metrics:
    """One process's counters beside the service's figures."""

    def __init__(self, service: Service) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "signing_service_requests", "Requests answered.", ("endpoint", "method", "status"), registry=self._registry
        )
        self._seconds = Histogram(
            "signing_service_request_seconds",
            "Time taken by a request.",
            ("endpoint",),
            buckets=BUCKETS,
            registry=self._registry,
        )
        self._registry.register(_Figures(service))

    def count(self, endpoint: str, method: str, status: int, seconds: float) -> None:
        """Count one request that was answered."""
        self._requests.labels(endpoint, method if method in METHODS else "other", str(status)).inc()
        self._seconds.labels(endpoint).observe(seconds)

    def text(self) -> bytes:
        """Everything, as Prometheus reads it."""
        return generate_latest(self._registry)


class _Figures(Collector):
    def __init__(self, service: Service) -> None:
        self._service = service

    def describe(self) -> list[Metric]:
        """Nothing: asking the database is for :meth:`collect`."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Read the figures now; while the database does not answer that is a figure, and what needs none is told."""
        yield _labelled("key_expiry_timestamp_seconds", "End of a certificate.", "role", key_ends(self._service))
        try:
            figures = read_figures(self._service)
        except UnavailableError:
            yield _plain("database_up", _DATABASE_UP, 0)
            return
        yield _plain("database_up", _DATABASE_UP, 1)
        yield from gauges(figures)


def gauges(figures: Figures) -> Iterator[Metric]:
    """The figures as Prometheus' gauges."""
    yield _labelled("mails", "Mails in the outbox.", "state", figures.mails)
    yield _plain("record_entries", "Entries of the record.", figures.entries)
    yield _plain("record_published", "Entries under the newest checkpoint.", figures.published)
    yield _plain("agreements_awaiting_archive", "Countersigned, not archived.", figures.awaiting_archive)
    if figures.proof_end is not None:
        yield _plain("proof_expiry_timestamp_seconds", "First end of an archive timestamp.", figures.proof_end)


def _plain(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(f"signing_service_{name}", text, value=value)


def _labelled(name: str, text: str, label: str, values: dict[str, float]) -> Metric:
    family = GaugeMetricFamily(f"signing_service_{name}", text, labels=[label])
    for key, value in values.items():
        family.add_metric([key], value)
    return family
