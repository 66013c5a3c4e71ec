"""Jobs that need the same libraries share the process that has imported them: a fork instead of a start.

A rule's script names its environment (`running(snakemake, environment="lighteval")`). The first such job of a run starts a server
(`polyglot.workflow.start_server`), which imports them once. It and every later job hands over its script and waits; what the job
prints, its exit status and its signals are as if it had run by itself. Jobs are forked only where nothing but the main thread
runs in the server, and CUDA is untouched; where a job cannot be forked, it runs by itself.

A server is for one interpreter, one set of libraries and one set of environment variables, because libraries read these when
they are imported. It ends with the run, also if that is killed, and when nobody has come for some minutes.

On a cluster, jobs of one submission do the same, also those with a GPU: a fork uses it, the server never does. There the
submission's process is the run, and has the server started (`polyglot.core.starter`), since a job may be a step of its own.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

from polyglot.core.errors import ConfigurationError, shown
from polyglot.core.starter import OF_THE_NODE, of_the_job, order
from polyglot.core.submission import Submission, current_submission
from polyglot.workflow import start_server

VARIABLE = "POLYGLOT_SHARED_STARTS"
"""Environment variable with the run's process and the folder of its servers; `off`, set by a user, shares nothing."""
OFF = "off"
FOLDER, STARTS = Path(".snakemake/shared_starts"), "starts"
"""Where servers are: of a run on one machine in its folder, of a submission in the submission's."""
IDLE = 300.0
"""Seconds without a job after which a server ends; its memory is free then."""
_SCRIPTS = ("snakemake.iocontainers", "snakemake.logging")  # what Snakemake writes at the top of each script asks for them
_DATA = (*_SCRIPTS, "numpy", "pandas", "pyarrow.parquet", "pyarrow.compute", "jinja2", "yaml", "pydantic.main", "pydantic.types")
_SHOWN = ("matplotlib.pyplot", "matplotlib.backends.backend_pdf", "markdown_it", "tabulate")
_MODELS = (*_DATA, "torch", "transformers.models.auto.modeling_auto", "transformers.models.qwen3.modeling_qwen3")
_LIGHTEVAL = ("lighteval.models.abstract_model", "lighteval.metrics.metrics_sample", "lighteval.tasks.lighteval_task")
LIBRARIES: Mapping[str, tuple[str, ...]] = {
    "analysis": (*_DATA, "scipy.stats", "statsmodels.api", "sklearn.decomposition", *_SHOWN),
    "transformers": (*_MODELS, "transformers.models.qwen2.tokenization_qwen2", "transformers.trainer"),
    "trl": (*_MODELS, "datasets", "trl.trainer.sft_trainer", "trl.trainer.reward_trainer"),
    "embedding": (*_DATA, "sentence_transformers"),
    "lighteval": (*_MODELS, "accelerate", *_LIGHTEVAL),
}
"""What a server imports, by environment (envs/NAME.yaml), also where all of them are one. lighteval turns torch's gradients off
when it is imported, so that no job that trains may share its server."""
PASSING = frozenset({"_", "SHLVL", "PWD", "OLDPWD", VARIABLE})
"""Environment variables that differ between jobs and that no library reads."""
FOR_THE_SERVER = {
    "JE_ARROW_MALLOC_CONF": "background_thread:false",
    "OPENBLAS_NUM_THREADS": "1",
    "PYTORCH_NVML_BASED_CUDA_CHECK": "1",
}
"""A process with threads is not forked, and pyarrow's allocator and numpy start some at their import. Nor is one that has touched
CUDA, as torch does to count GPUs, unless it asks their management library."""
STARTING = 120.0
"""Seconds that a server may take to listen; it imports afterwards."""
PAUSE = 0.05
KILLED = f"The job was killed (signal {signal.SIGKILL}): often the memory was not enough."


def share_starts(folder: Path) -> None:
    """Let the jobs that this process runs share their starts; call it before the first.

    If another process has started it with servers of its own, these are taken.

    Args:
        folder: where the run takes place.

    Raises:
        ConfigurationError: if a user has set the variable to something else than `off`.
    """
    given = os.environ.get(VARIABLE)
    if given == OFF or not hasattr(os, "pidfd_open"):
        return
    outer = _shared()
    if given and outer is None:
        raise ConfigurationError(
            f"{VARIABLE} is {shown(given)}: set it to `{OFF}`, so that every job starts by itself, or not at all"
        )
    if outer is not None and _lives(outer[0]) and outer[1].is_dir():
        return
    place = (folder / FOLDER).absolute()
    for left in place.glob("*"):
        if not (left.name.isdigit() and _lives(int(left.name))):
            shutil.rmtree(left, ignore_errors=True)
    os.environ[VARIABLE] = f"{os.getpid()}:{place / str(os.getpid())}"


def _lives(pid: int) -> bool:
    """Whether a process has not ended, also where nobody has asked yet how."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[0] != "Z"
    return False


def share_starts_of_the_submission() -> None:
    """Where a cluster runs this process: let its jobs share the starts of their submission. Where there is none, or it shares
    nothing, each starts by itself, also where the environment of the run on the login node has reached it."""
    if os.environ.get(VARIABLE) == OFF:
        return
    os.environ.pop(VARIABLE, None)
    submission = current_submission()
    if submission is not None and submission.sharing and hasattr(os, "pidfd_open"):
        os.environ[VARIABLE] = f"{submission.pid}:{Path(submission.folder) / STARTS}"


def served_by(client: int) -> int | None:
    """The process that does a waiting client's job; None if the client does it itself."""
    shared = _shared()
    if shared is not None:
        with contextlib.suppress(OSError, ValueError):
            return int((shared[1] / str(client)).read_text(encoding="utf-8"))
    return None


def engine_environment(model: Mapping[str, Any], *, embeds: bool = False) -> str | None:
    """The environment of a model's engine, if jobs that need it can share a start; None for engines in processes of their own."""
    return ("embedding" if embeds else "transformers") if model["engine"] == "transformers" else None


def trainer_environment(training: Mapping[str, Any]) -> str | None:
    """The same of a study's trainer."""
    return "trl" if training["trainer"] == "trl" else None


def hand_over(environment: str, log: Path | None = None) -> str:
    """Have this script run in a fork of a process that has an environment's libraries, and end as the fork ends.

    Args:
        environment: a name in `LIBRARIES`.
        log: the job's; that it was killed is added there.

    Returns:
        Only if the script is to go on by itself: why, or nothing where starts are not shared.

    Raises:
        SystemExit: with the exit status of the fork, or because the run has ended.
    """
    shared = _shared()
    if shared is None or not _is_the_program():
        return ""
    reason = ""
    for _ in range(2):  # a server may retire at the moment it is asked
        try:
            with _connected(environment, *shared) as connection:
                status = _served(connection, shared[0])
        except (OSError, subprocess.CalledProcessError) as error:
            status, reason = None, str(error)
        if status is not None:
            _end_like(status, log)
        if _submission(shared[0]) is None and not _lives(shared[0]):  # a cluster ends a submission's jobs, on any of its nodes
            raise SystemExit("The run has ended, and this job with it.")
        if reason:
            break
    return f"this job does not share its start: {reason or 'the server ends before it answers'}"


def _is_the_program() -> bool:
    """Whether this process was started for its script; `polyglot verify` runs scripts inside its own process."""
    main = sys.modules["__main__"]
    started = getattr(main, "__real_file__", getattr(main, "__file__", None))  # the former is the file that Snakemake wrote
    return started is not None and Path(started).resolve() == Path(sys.argv[0]).resolve()


def _shared() -> tuple[int, Path] | None:
    """The run's process and the folder of its servers; None where starts are not shared."""
    run, separator, folder = os.environ.get(VARIABLE, "").partition(":")
    return (int(run), Path(folder)) if separator and run.isdigit() else None


def _submission(run: int) -> Submission | None:
    """The submission whose starts are shared; None on one machine."""
    found = current_submission()
    return found if found is not None and found.sharing and found.pid == run else None


def _seen(run: int) -> dict[str, str]:
    """This job's environment variables; in a submission without those of its step."""
    return of_the_job(os.environ) if _submission(run) else dict(os.environ)


@contextmanager
def _connected(environment: str, run: int, folder: Path) -> Iterator[socket.socket]:
    """A connection to the server of an environment, which is started if there is none."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    place = folder / f"{environment}-{_fingerprint(run)}"
    with start_server.short(place) as name, socket.socket(socket.AF_UNIX) as connection:
        with place.with_name(f"{place.name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            try:
                connection.connect(name)
            except (FileNotFoundError, ConnectionRefusedError):
                _start(place, run, environment)
                connection.connect(name)
        yield connection


def _fingerprint(run: int) -> str:
    """Of what a library may read when it is imported: the interpreter and the environment variables."""
    variables = {name: value for name, value in _seen(run).items() if name not in PASSING}
    return hashlib.sha256(json.dumps([sys.executable, sorted(variables.items())]).encode()).hexdigest()[:12]


def _start(place: Path, run: int, environment: str) -> None:
    """Start a server, on this machine or by the process of the submission that does so, and wait until it listens."""
    place.unlink(missing_ok=True)
    # -P: the modules beside the server's file are not to be found by their bare names
    command = [sys.executable, "-P", start_server.__file__, str(place), str(run), str(IDLE), *LIBRARIES[environment]]
    variables, submission = os.environ | FOR_THE_SERVER, _submission(run)
    if submission is not None:
        name, log = str(place.relative_to(submission.folder)), submission.log(environment)
        _wait_for(order(Path(submission.folder), name, command, variables, log), log)
        if not place.exists():
            raise OSError(f"its server has not come up; the log is {log}")
        return
    with place.with_name(f"{place.name}.log").open("ab") as file:
        subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=file, stderr=file, env=variables, start_new_session=True, check=True
        )


def _wait_for(listens: Path, log: Path) -> None:
    end = time.monotonic() + STARTING
    while not listens.exists():
        if time.monotonic() > end:
            raise TimeoutError(f"no server listens after {STARTING:.0f} s; its log is {log}")
        time.sleep(PAUSE)


def _served(connection: socket.socket, run: int) -> int | None:
    """The status with which the fork ended, as waitpid gives it; None if the server retired before it forked.

    Raises:
        OSError: if the server does not fork.
        SystemExit: if the server was killed after it had forked: what the job has begun is not begun again.
    """
    start_server.socket_owner(connection)
    message = start_server.framed(_message(run))
    try:
        rest = message[socket.send_fds(connection, [message], [0, 1, 2]) :]
        if rest:  # sending nothing would fail where the job has ended meanwhile, and it would be done again
            connection.sendall(rest)
        lines = connection.makefile("r")
        word, _, reason = lines.readline().strip().partition(" ")
    except ConnectionError:
        return None
    if not word:
        return None
    if word != "started":
        raise OSError(reason)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, lambda number, _: _pass_on(number, connection))
    try:
        word, _, status = lines.readline().strip().partition(" ")
    except OSError:
        word = ""
    if word != "ended":
        raise SystemExit("The process whose start this job shared was killed, and the job with it.")
    return int(status)


def _pass_on(number: int, connection: socket.socket) -> None:
    """Send a signal to the job; one that has ended needs none."""
    with contextlib.suppress(OSError):
        connection.sendall(bytes([number]))


def _message(run: int) -> dict[str, Any]:
    umask = os.umask(0)
    os.umask(umask)
    return {
        "script": sys.argv[0],
        "arguments": sys.argv,
        "folder": str(Path.cwd()),
        "environment": _seen(run) | {VARIABLE: OFF},
        "kept": OF_THE_NODE if _submission(run) else (),
        "path": sys.path,
        "umask": umask,
    }


def _end_like(status: int, log: Path | None) -> NoReturn:
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        if number == signal.SIGKILL:
            _say_that_it_was_killed(log)
        else:
            signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
    raise SystemExit(os.waitstatus_to_exitcode(status))


def _say_that_it_was_killed(log: Path | None) -> None:
    print(KILLED, file=sys.stderr, flush=True)
    if log is not None:
        with contextlib.suppress(OSError), log.open("a", encoding="utf-8") as file:
            file.write(f"{KILLED}\n")
