"""Every counter, histogram and gauge, named once. docs/operations.md says what each means."""

from __future__ import annotations

from collections.abc import Mapping

from prometheus_client import Counter, Gauge, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

_FAST = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 15)
_SLOW = (0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 180)

saves = Histogram("qa_save_seconds", "One answer, from the whole request to its commit", buckets=_FAST)
bulk_saves = Histogram(
    "qa_bulk_save_seconds", "Bulk answers, from the whole request to their commit", buckets=_FAST
)
uploads = Histogram("qa_upload_seconds", "An upload, from its head to its commit", buckets=_FAST)
stored_files = Histogram(
    "qa_store_seconds", "A capture's file, from all its bytes to durable under its name", buckets=_FAST
)
fsyncs = Counter("qa_store_fsyncs_total", "Calls of fsync for captures' files and folders")
first_chunks = Histogram(
    "qa_first_chunk_seconds", "A message, from its commit to its first chunk", buckets=_SLOW
)
chunk_delays = Histogram(
    "qa_chunk_delay_seconds", "A chunk, from the model to after its commit", buckets=_FAST
)
model_times = Histogram("qa_model_seconds", "One ask of the model, whole", buckets=_SLOW)
replies_cut = Counter("qa_replies_cut_total", "Replies of a model cut for what they said, by rule", ["rule"])
second_checks = Counter(
    "qa_second_checks_total", "Messages that a model looked at again for risk, by outcome", ["outcome"]
)
model_waits = Histogram("qa_model_wait_seconds", "The wait for a turn at a model", buckets=_SLOW)
model_waiting = Gauge(
    "qa_model_waiting", "Replies that wait for a turn", ["connection"], multiprocess_mode="livesum"
)
model_calls = Counter("qa_model_calls_total", "Asks of a model by how they ended", ["connection", "outcome"])
model_tokens = Counter("qa_model_tokens_total", "Tokens as models count them", ["connection", "of"])
fallbacks = Counter("qa_fallbacks_total", "Turns the script answered by why the model did not", ["reason"])
batch_callers = Histogram(
    "qa_batch_callers",
    "Callers that shared one statement and commit",
    ["statement"],
    buckets=(1, 2, 4, 8, 16, 32, 64, 128, 256),
)
loop_lag = Histogram("qa_loop_lag_seconds", "How late the event loop woke up", buckets=_FAST)
requests = Counter("qa_requests_total", "Replies by status", ["status"])
problems = Counter("qa_problems_total", "Refusals by code", ["code"])
timeouts = Counter("qa_timeouts_total", "Time-outs by what timed out", ["of"])
database_failures = Counter("qa_database_failures_total", "Database failures by kind", ["kind"])
pool_in_use = Gauge("qa_pool_connections_in_use", "Connections in use", ["pool"], multiprocess_mode="livesum")
pool_waiting = Gauge(
    "qa_pool_waiting", "Callers waiting for a connection", ["pool"], multiprocess_mode="livesum"
)
memory = Gauge("qa_resident_bytes", "Resident memory of a worker", multiprocess_mode="liveall")
streams = Gauge("qa_open_streams", "Chat streams being read", multiprocess_mode="livesum")
turns_running = Gauge("qa_turns_running", "Replies being made", multiprocess_mode="livesum")
writes_running = Gauge("qa_writes_running", "Writes under way", multiprocess_mode="livesum")
acknowledge_times = Histogram(
    "qa_alert_acknowledge_seconds",
    "An alert, from its opening to its acknowledgement",
    buckets=(60, 300, 900, 1800, 3600, 4 * 3600, 12 * 3600, 24 * 3600, 72 * 3600),
)
alert_backlog = Gauge(
    "qa_alert_backlog_seconds",
    "Age of the oldest open alert; 0 if none is open",
    multiprocess_mode="mostrecent",
)


def called(connection: str, outcome: str, tokens_in: int | None, tokens_out: int | None) -> None:
    """Count an ask of a model by how it ended, and its tokens where the model told of them."""
    model_calls.labels(connection, outcome).inc()
    model_tokens.labels(connection, "prompt").inc(tokens_in or 0)
    model_tokens.labels(connection, "reply").inc(tokens_out or 0)


def of_jobs(
    jobs: Mapping[tuple[str, str], int], runs: Mapping[tuple[str, str], int], oldest_due: float
) -> list[Metric]:
    """Give what the database tells of jobs, counted by (kind, state) and (kind, outcome), as metrics."""
    now = GaugeMetricFamily("qa_jobs", "Jobs that are not done", labels=["kind", "state"])
    due = GaugeMetricFamily(
        "qa_job_oldest_due_seconds", "For how long the oldest due job has been due", oldest_due
    )
    ended = CounterMetricFamily("qa_job_runs", "Runs of jobs by how they ended", labels=["kind", "outcome"])
    for labels, count in jobs.items():
        now.add_metric(labels, count)
    for labels, count in runs.items():
        ended.add_metric(labels, count)
    return [now, due, ended]
