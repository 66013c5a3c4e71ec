"""The command `polyglot` (or `python -m polyglot`): tools that accompany the workflow and need no Snakemake run."""

from __future__ import annotations

import argparse
import io
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from polyglot.core.errors import WrongInput, foreseen
from polyglot.core.files import write_text
from polyglot.core.text import printable
from polyglot.core.version import version

if TYPE_CHECKING:
    from polyglot.scoring.scores import Definition

ABOUT = """\
polyglot-score: which language model should write the synthetic fine-tuning data for a language?

Studies are run by Snakemake, in a clone of the repository:
  polyglot init                                   make a study of your own
  make                                            set up, then run the embedded study (no GPU, no network)
  snakemake -n --configfile config/STUDY.yaml     what a study would run
  snakemake plan --configfile config/STUDY.yaml   what it would cost: jobs, GPU hours, tokens, money, disk
  snakemake rehearse --configfile config/STUDY.yaml  run all of it in miniature: what would fail after days
  snakemake --configfile config/STUDY.yaml        run it, or resume it

The commands below accompany it. `polyglot COMMAND --help` describes each.
"""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command line (None: the arguments of this process)."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # in a locale without the letters of a name, it is spelt out
    given = parser().parse_args(arguments)
    try:
        given.run(given)
    except SystemExit as end:
        raise SystemExit(printable(end.code) if isinstance(end.code, str) else end.code) from None
    except Exception as error:
        told = foreseen(error) or _of_path(error)
        if told is None:
            raise
        raise SystemExit(printable(f"{given.command}: {told}")) from None


def _of_path(error: Exception) -> str | None:
    """What to tell of a path that a command was given and that cannot be used; None of any other error."""
    return f"{error.filename}: {error.strerror}" if isinstance(error, OSError) and error.filename else None


def _say(*lines: str) -> None:
    """Print lines; what they repeat of files and answers moves no cursor."""
    print(*map(printable, lines), sep="\n")


def parser() -> argparse.ArgumentParser:
    """The parser of all commands; each command sets `run` to its function."""
    whole = argparse.ArgumentParser(
        prog="polyglot", description=ABOUT, formatter_class=argparse.RawDescriptionHelpFormatter, add_help=True
    )
    whole.add_argument("--version", action="version", version=f"polyglot-score {version()}")
    commands = whole.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def command(name: str, run: Callable[[Any], None], about: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=about, description=f"{about[0].upper()}{about[1:]}.")
        added.set_defaults(run=run, command=name)
        return added

    from polyglot.workflow.init.options import add_options

    beginning = "make a study of your own: ask what it needs, write its folder, check it, say what it will cost"
    add_options(command("init", _init, beginning))
    listing = command("list", _list, "list every name that a study can use: metrics, methods, engines, strategies, ...")
    listing.add_argument("kinds", nargs="*", help="kinds to list, such as metrics (default: all)")
    listing.add_argument("--plugins", nargs="+", default=[], metavar="MODULE", help="your own modules that add names")
    _add_commands_on_files(command)
    checking = command("teachers", _teachers, "ask each endpoint of a study once, and say what it takes and what this costs")
    checking.add_argument("action", choices=["check"], help="what to do")
    checking.add_argument("--configfile", type=Path, default=Path("config/demo.yaml"), help="the study (default: %(default)s)")
    trying = command(
        "try", _try, "ask each teacher a few of a study's requests, and show the answers side by side with their price"
    )
    trying.add_argument("--configfile", type=Path, default=Path("config/demo.yaml"), help="the study (default: %(default)s)")
    trying.add_argument("--requests", type=_positive, default=5, metavar="N", help="requests a teacher (default: %(default)s)")
    trying.add_argument("--lang", help="language of the requests (default: the study's first)")
    trying.add_argument("--teacher", action="append", metavar="NAME", help="only this teacher; once for each (default: all)")
    trying.add_argument("--whole", action="store_true", help="show whole texts")
    pushing = command("publish", _publish, "upload a published folder to a model hub, privately unless --public")
    pushing.add_argument("folder", type=Path, help="such as results/demo/published/data/equal/thorough/de/0")
    pushing.add_argument("--to", required=True, metavar="OWNER/NAME", help="repository, which is made if there is none")
    pushing.add_argument("--public", action="store_true", help="everybody may read it; every licence must be stated")
    pushing.add_argument("--dry-run", action="store_true", help="say which files would be uploaded, and how much; send nothing")
    watching = command("watch", _watch, "show a study's answers while it runs: how many, how fast, at what price")
    watching.add_argument("study", help="a study's name, or its folder")
    watching.add_argument("--every", type=_seconds, default=2.0, help="seconds between two looks (default: %(default)s)")
    watching.add_argument("--once", action="store_true", help="look once, and print plain lines")
    command("unlock", _unlock, "unlock this folder after a killed run, unless another run is active")
    command(
        "commit-times", _commit_times, "give a fresh clone's files the times of their commits, so that copied results are kept"
    )
    reference = command(
        "reference",
        _reference,
        "write the generated pages: all keys (config/README.md), files, commands and deviations (docs/reference)",
    )
    reference.add_argument(
        "--budgets", action="store_true", help="plan the published study anew first, for docs/reference/deviations.md"
    )
    reference.add_argument("--to", type=Path, default=None, help="write the list of keys to this file instead")
    return whole


def _add_commands_on_files(command: Callable[..., argparse.ArgumentParser]) -> None:
    """The commands on a user's or a study's files."""
    verifying = command("verify", _verify, "check an archive: compare hashes and recompute the scores")
    verifying.add_argument("archive", type=Path, help="archive.zip, or the folder that it was unpacked to")
    verifying.add_argument("--fingerprint", metavar="HEX", help="the fingerprint that its authors have published")
    verifying.add_argument("--signature", type=Path, metavar="FILE", help="its ssh signature (default: ARCHIVE.sig)")
    verifying.add_argument("--signers", type=Path, metavar="FILE", help="ssh's file of signers, one of whom must have signed")
    combining = command("combine", _combine, "put verified archives of several studies into one leaderboard of their teachers")
    combining.add_argument("archives", nargs="+", type=Path, metavar="ARCHIVE", help="archive.zip of each study, or its folder")
    combining.add_argument("--to", type=Path, required=True, help="folder for combined.md, combined.csv and more")
    combining.add_argument("--confidence", type=float, default=0.95, help="coverage of intervals (default: %(default)s)")
    beside = command("persyn", _persyn, "put students of routed data beside PerSyn's published means (arXiv 2510.10925)")
    beside.add_argument("studies", nargs="*", metavar="STUDY", help="finished studies, by name or folder (default: none)")
    beside.add_argument("--to", type=Path, help="folder for means.csv, claims.csv and persyn.md")
    tracing = command(
        "trace", _trace, "print the files and jobs that a table's number, or any file, comes from, using the study's archive"
    )
    tracing.add_argument(
        "table", type=Path, metavar="file", help="any file of a study, such as results/demo/tables/leaderboard.csv"
    )
    tracing.add_argument("words", nargs="*", help="of a table: values that select rows, such as a teacher, and column names")
    tracing.add_argument("--archive", type=Path, help="archive.zip, or a folder (default: the archive of the table's study)")
    scoring = command("score", _score, "compute PG-Scores from your own metric tables (CSV or Parquet)")
    scoring.add_argument("tables", nargs="+", type=Path, help="tables with a row per teacher and language; all metrics together")
    scoring.add_argument("--to", type=Path, required=True, help="folder for cells.csv and teachers.csv")
    scoring.add_argument("--alpha", type=float, default=0.5, help="weight of the intrinsic score (default: %(default)s)")
    scoring.add_argument("--confidence", type=float, default=0.95, help="coverage of intervals (default: %(default)s)")
    scoring.add_argument(
        "--definition",
        choices=["released", "paper", "signsafe"],
        help="PG-Score definition used to rank the teachers (default: signsafe if the columns allow it)",
    )
    inspecting = command("check", _check, "say what a file is taken for and what is wrong in it, by row, before any job")
    inspecting.add_argument(
        "files", nargs="+", type=Path, metavar="FILE", help="prompts, own data, benchmark items, a study, ..."
    )
    exporting = command("export", _export, "write a training set as JSONL that other trainers read: chats, ShareGPT or Alpaca")
    exporting.add_argument("data", type=Path, help="a published folder, or a Parquet file with prompts and responses")
    exporting.add_argument(
        "--as", dest="form", choices=["messages", "sharegpt", "alpaca"], default="messages", help="format (default: %(default)s)"
    )
    exporting.add_argument("--to", type=Path, required=True, metavar="FILE", help="the JSONL file, which is replaced")
    agreeing = command("agree", _agree, "compare people's blind verdicts on pairs of answers with the judge's")
    agreeing.add_argument("verdicts", nargs="+", type=Path, metavar="FILE", help="saved by results/STUDY/explore/blind.html")
    agreeing.add_argument("--key", type=Path, help="the key of the pairs (default: results/STUDY/explore/key.csv)")
    result = command(
        "result", _result, "print a study's result in ten lines: the first teachers, the verdict, where its files lie"
    )
    result.add_argument("study", help="a study's name, or its folder")


def _init(given: argparse.Namespace) -> None:
    from polyglot.workflow.init.command import run

    run(given, Path.cwd())


def _list(given: argparse.Namespace) -> None:
    from polyglot.core.lookup import PluginError, UnknownName, load_plugins
    from polyglot.workflow.names import lines

    try:
        load_plugins(given.plugins)
        _say(*lines(given.kinds))
    except (PluginError, UnknownName) as error:
        raise SystemExit(f"list: {error}") from None


def _verify(given: argparse.Namespace) -> None:
    from polyglot.provenance.archive.errors import ArchiveError
    from polyglot.provenance.archive.verifying import verify

    try:
        verdict = verify(given.archive, told=given.fingerprint, signature=given.signature, signers=given.signers)
        _say(*verdict.sentences(given.archive))
    except ArchiveError as error:
        raise SystemExit(f"{given.archive} failed verification: {error}") from None


def _combine(given: argparse.Namespace) -> None:
    from polyglot.workflow.combine import combine_archives

    _between(given, "confidence")
    try:
        _say(*combine_archives(given.archives, given.to, given.confidence))
    except (ValueError, OSError) as error:
        raise SystemExit(f"combine: {foreseen(error) or error}") from None


def _persyn(given: argparse.Namespace) -> None:
    from polyglot.workflow.persyn_means import show

    _say(*show(given.studies, Path.cwd(), given.to))


def _trace(given: argparse.Namespace) -> None:
    from polyglot.provenance.archive.errors import ArchiveError
    from polyglot.provenance.archive.reading import open_archive
    from polyglot.provenance.archive.tracing import archive_of, trace

    try:
        with open_archive(given.archive or archive_of(given.table)) as opened:
            _say(*trace(opened, given.table, given.words))
    except ArchiveError as error:
        raise SystemExit(f"trace: {error}") from None


def _between(given: argparse.Namespace, name: str) -> None:
    """End the command unless the option lies between 0 and 1."""
    value, usual = getattr(given, name), {"confidence": 0.95}.get(name, 0.5)
    if not (0 < value < 1 if name == "confidence" else 0 <= value <= 1):
        raise SystemExit(f"{given.command}: --{name} {value} must be between 0 and 1, such as {usual}")


def _score(given: argparse.Namespace) -> None:
    _between(given, "confidence")
    _between(given, "alpha")
    try:
        score(given.tables, given.to, given.alpha, given.confidence, given.definition)
    except (ValueError, OSError) as error:
        raise SystemExit(f"score: {foreseen(error) or error}") from None


def score(tables: Sequence[Path], folder: Path, alpha: float, confidence: float, definition: Definition | None) -> None:
    """Score metric tables (see `polyglot.scoring.metric_tables.read_measurements`), print the ranking, write cells.csv and
    teachers.csv.

    Raises:
        ValueError: names file, row and column, or the definition that these tables cannot provide.
    """
    from polyglot.core.files import write_csv
    from polyglot.scoring.metric_tables import columns_of, read_measurements
    from polyglot.scoring.scores import DEFINITIONS, rank_teachers, score_cells

    for path in tables:
        _say(f"{path}: {columns_of(path).sentence}")
    cells, replicates = score_cells(read_measurements(tables), alpha=alpha, confidence=confidence)
    possible = [name for name in reversed(DEFINITIONS) if cells[f"pg_{name}"].notna().any()]
    if not possible:
        raise WrongInput("no PG-Score follows from these columns: add pgr, or student_score, base_score and reference_score")
    if definition and definition not in possible:
        raise WrongInput(f"'{definition}' does not follow from these columns; possible: {', '.join(possible)}")
    chosen = definition or possible[0]
    teachers = rank_teachers(replicates, definition=chosen, confidence=confidence)
    write_csv(cells, folder / "cells.csv")
    write_csv(teachers, folder / "teachers.csv")
    shown = teachers[["rank", "teacher", "languages", f"pg_{chosen}", f"pg_{chosen}_low", f"pg_{chosen}_high", "intrinsic"]]
    _say(shown.to_string(index=False, float_format="{:.3f}".format, na_rep="-"))
    _say(f"definition: {chosen} (alpha {alpha}); tables: {folder / 'cells.csv'}, {folder / 'teachers.csv'}")


def _agree(given: Any) -> None:
    from polyglot.displays.explore.agreement import report

    _say(*report(given.verdicts, given.key, Path()))


def _result(given: argparse.Namespace) -> None:
    from polyglot.displays.page.summary import ending

    folder = Path(given.study) if Path(given.study).is_dir() else Path("results") / given.study
    if not (folder / "tables").is_dir():
        raise SystemExit(f"result: {folder} has no tables yet: run the study first (snakemake --configfile config/STUDY.yaml)")
    _say(*ending(folder))


def _teachers(given: argparse.Namespace) -> None:
    from polyglot.core.errors import ConfigurationError
    from polyglot.engines.probe import probed
    from polyglot.workflow.inputs.models import ModelInputs
    from polyglot.workflow.loading import load_study

    try:
        study, registries = load_study(given.configfile, Path.cwd())
    except ConfigurationError as error:
        raise SystemExit(f"teachers: {error}") from None
    models = ModelInputs(study, registries)
    used = {name: registries.models[name] for name in models.used}
    shown, works = probed(used, study.model_dump(), plain=set(used) - set(models.asked_for_objects))
    _say(shown)
    if not works:
        raise SystemExit("teachers: not every endpoint works; `endpoint.manners` and `endpoint.preset` say what one takes")


def _positive(text: str) -> int:
    """A number above 0, for argparse."""
    if int(text) < 1:
        raise ValueError
    return int(text)


def _seconds(text: str) -> float:
    """A time above 0, for argparse."""
    if not 0 < float(text) < threading.TIMEOUT_MAX:
        raise ValueError
    return float(text)


_positive.__name__ = _seconds.__name__ = "number above 0"  # what argparse calls it in its message


def _try(given: argparse.Namespace) -> None:
    from polyglot.workflow.trial_shown import run

    run(given)


def _publish(given: argparse.Namespace) -> None:
    from polyglot.publishing.push import PushError, prepare, push, summary

    try:
        if given.dry_run:
            return _say(*summary(prepare(given.folder, public=given.public), given.to, public=given.public))
        _say(push(given.folder, given.to, public=given.public))
    except (PushError, OSError) as error:
        raise SystemExit(f"publish: {foreseen(error) or error}") from None


def _export(given: argparse.Namespace) -> None:
    from polyglot.publishing.formats import export

    written, held = export(given.data, given.to, given.form)
    _say(f"{given.to}: {written:,} examples" + (f"; {held:,} left out, because they hold a key" if held else ""))


def _watch(given: argparse.Namespace) -> None:
    from polyglot.workflow.watch import read

    read(given)


def _check(given: argparse.Namespace) -> None:
    from polyglot.workflow.check import check
    from polyglot.workflow.checked import report

    found = [check(path, Path.cwd()) for path in given.files]
    _say(report(found))
    if not all(one.good for one in found):
        raise SystemExit(1)


def _unlock(given: argparse.Namespace) -> None:
    from polyglot.workflow.lock import unlock

    unlock(Path.cwd())


def _commit_times(given: argparse.Namespace) -> None:
    from polyglot.workflow.commit_times import NoHistory, set_commit_times

    try:
        print(f"{set_commit_times(Path.cwd())} files have the times of their last commits now")
    except NoHistory as error:
        raise SystemExit(f"commit-times: {error}") from None


def _reference(given: argparse.Namespace) -> None:
    from polyglot.workflow.generated import write_pages
    from polyglot.workflow.reference import reference

    if given.to is None:
        write_pages(parser(), Path.cwd(), plan=given.budgets)
    else:
        write_text(reference(), given.to)


if __name__ == "__main__":
    main()
