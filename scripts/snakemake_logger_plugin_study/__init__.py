"""What must be done before Snakemake reads its command line: it imports every plugin that it finds, and so this one.

- Snakemake reads the file of --configfile before any file of this repository, and shows a traceback where there is none, or a
  folder. Here it is read as a study, so that one message says what is wrong.
- Snakemake makes a cache in the home folder, and fails where that cannot be written. Here the cache is given another place.
- Snakemake makes very many objects before its first job. Here Python is told to search them for garbage rarely, which saves
  nearly a tenth of a start.

It is found beside the library. As a logger it shows nothing.
"""

from __future__ import annotations

from logging import LogRecord

from snakemake_interface_logger_plugins.base import LogHandlerBase

from polyglot.cluster.cache_place import use_a_writable_cache
from polyglot.cluster.snakemake_inside import read_study_files_by
from polyglot.core.garbage import collect_rarely
from polyglot.workflow.loading import read_mapping

collect_rarely()
use_a_writable_cache()
read_study_files_by(read_mapping)


class LogHandler(LogHandlerBase):
    """A logger that shows nothing."""

    def __post_init__(self) -> None:
        pass

    def emit(self, record: LogRecord) -> None:
        pass

    @property
    def writes_to_stream(self) -> bool:
        return False

    @property
    def writes_to_file(self) -> bool:
        return False

    @property
    def has_filter(self) -> bool:
        return False

    @property
    def has_formatter(self) -> bool:
        return False

    @property
    def needs_rulegraph(self) -> bool:
        return False
