"""Figures for Prometheus: deliveries, sources, alarms, the scheduler. Never an address, never a subscriber's name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from threading import Lock
from typing import Final

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from newsletter import __version__, alarms
from newsletter.app import App
from newsletter.errors import StoreError
from newsletter.models import STATES
from newsletter.text import without_query
from newsletter.watch import standing
from newsletter.web.trust import is_trusted
from newsletter.web.webhooks import TOLD

DAYS: Final = 3
"""The latest days with deliveries that are counted: with zones and late attempts, two are under way at once."""
KEPT_FOR: Final = timedelta(seconds=10)
"""Counting millions takes a second, and several may ask at once."""
SOURCE_STATES: Final = ("ok", "quiet", "not yet", "broken")


async def metrics(request: Request) -> Response:
    """The figures, in the format that is asked for; 401 for who may not know them."""
    if not is_trusted(request):
        cure = "ask with `Authorization: Bearer` and NEWSLETTER_METRICS_TOKEN, or on the machine itself"
        return PlainTextResponse(f"not for everybody: {cure}\n", 401, {"www-authenticate": "Bearer"})
    encode, content_type = choose_encoder(request.headers.get("accept", ""))
    try:
        body = await run_in_threadpool(encode, request.app.state.figures)
    except StoreError as error:
        return PlainTextResponse(f"{error}\n", 503)
    return Response(body, headers={"content-type": content_type})


class Figures(Collector):
    """What is told; counted at most every ten seconds."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._lock = Lock()
        self._until: datetime | None = None
        self._known: list[Metric] = []
        self._submitted: dict[date, int] = {}

    def collect(self) -> list[Metric]:
        """Every figure. Raises StoreError where a store cannot be asked."""
        with self._lock:
            now = self._app.clock()
            if self._until is None or now >= self._until:
                self._known = [*self._deliveries(), *self._sources(), *self._state(now)]
                self._until = now + KEPT_FOR
            return [*self._known, *TOLD.collect(), *_PROCESS.collect()]

    def _deliveries(self) -> Iterator[Metric]:
        told = GaugeMetricFamily(
            "newsletter_deliveries",
            f"Deliveries of the latest {DAYS} days that have any, by state",
            labels=("occasion", "day", "state"),
        )
        for day, counts in self._app.ledger.tallies(self._app.occasion, DAYS).items():
            self._submitted[day] = counts["submitted"]
            for state in STATES:
                told.add_metric((self._app.occasion, day.isoformat(), state), counts[state])
        yield told
        yield CounterMetricFamily(
            "newsletter_messages_submitted",
            "Messages that the provider took, of the days that this process has known",
            value=sum(self._submitted.values()),
        )

    def _sources(self) -> Iterator[Metric]:
        state = GaugeMetricFamily(
            "newsletter_source_state", "1 for how the source did when it was last asked", labels=("source", "state")
        )
        asked, answered, papers = (
            GaugeMetricFamily(f"newsletter_source_{name}", said, labels=("source",))
            for name, said in (
                ("asked_timestamp_seconds", "When the source was last asked"),
                ("answered_timestamp_seconds", "When the source last answered, were it that there is nothing"),
                ("papers", "Papers that the source listed when it was last asked"),
            )
        )
        names = _shown(self._app.settings.sources)
        for one in self._app.archive.last_collections():
            if name := names.get(one.state.source):
                asked.add_metric((name,), one.at.timestamp())
                papers.add_metric((name,), one.state.papers)
                if one.answered_at:
                    answered.add_metric((name,), one.answered_at.timestamp())
                for each in SOURCE_STATES:
                    state.add_metric((name, each), each == one.state.state)
        yield from (state, asked, answered, papers)

    def _state(self, now: datetime) -> Iterator[Metric]:
        alarm = GaugeMetricFamily(
            "newsletter_alarm", "Deliveries that an alarm is about; 0: it does not stand", labels=("alarm",)
        )
        for name, number in alarms.measures(standing(self._app, now)).items():
            alarm.add_metric((name,), number)
        yield alarm
        stopped = self._app.ledger.stopped() is not None
        yield GaugeMetricFamily("newsletter_stopped", "1 where the operator stopped sending", value=stopped)
        if self._app.pulse.at:
            at = self._app.pulse.at
            tick = "newsletter_scheduler_seen_timestamp_seconds"
            yield GaugeMetricFamily(tick, "When the scheduler last gave a sign of life", value=at.timestamp())
            ago = max((now - at).total_seconds(), 0.0)
            yield GaugeMetricFamily("newsletter_scheduler_silent_seconds", "How long ago that was", value=ago)
        version = GaugeMetricFamily("newsletter_version", "The program's version", labels=("version",))
        version.add_metric((__version__,), 1)
        yield version


def _shown(sources: Sequence[str]) -> dict[str, str]:
    """What each source is called here, where no key may stand: numbered where that is the same for several."""
    names: dict[str, str] = {}
    for source in sources:
        name = without_query(source)
        twins = sum(without_query(other) == name for other in names)
        names[source] = f"{name} ({twins + 1})" if twins else name
    return names


_PROCESS = ProcessCollector(registry=CollectorRegistry())
