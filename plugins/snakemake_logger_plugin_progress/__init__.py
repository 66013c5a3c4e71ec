"""Snakemake logger plugin `progress`: what is done, what is being done and how long is left, in place of Snakemake's own log.

That log is in .snakemake/log all the same. What is shown, and how, is in polyglot.workflow.progress.
"""

from __future__ import annotations

import atexit
from logging import LogRecord

from snakemake_interface_logger_plugins.base import LogHandlerBase

from polyglot.workflow.progress.watch import Watch


class LogHandler(LogHandlerBase):
    """Hands Snakemake's events on; a dry run has nothing to follow."""

    def __post_init__(self) -> None:
        self.watch = None if self.common_settings.dryrun else Watch()
        atexit.register(self.close)

    def emit(self, record: LogRecord) -> None:
        if self.watch is not None:
            self.watch.event(record)

    def close(self) -> None:
        if self.watch is not None:
            self.watch.close()
        super().close()

    @property
    def writes_to_stream(self) -> bool:
        return self.watch is not None

    @property
    def writes_to_file(self) -> bool:
        return False

    @property
    def has_filter(self) -> bool:
        return True

    @property
    def has_formatter(self) -> bool:
        return True

    @property
    def needs_rulegraph(self) -> bool:
        return False
