"""From a finished study to its archive."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib import metadata
from pathlib import Path
from typing import Any

from markupsafe import Markup

from polyglot.core.given_path import STUDY_FILE
from polyglot.core.templates import render
from polyglot.core.version import version
from polyglot.provenance.archive.contents import MEGABYTE, Collector, Hashes, Item, Place, archived_path, files_in, text_item
from polyglot.provenance.archive.crate import METADATA, Run, crate_text
from polyglot.provenance.archive.facts import (
    Used,
    citation,
    code_facts,
    data_facts,
    hub_urls,
    learn_locked,
    model_facts,
    prompt_facts,
    totals,
)
from polyglot.provenance.archive.jobs import Job, at
from polyglot.provenance.archive.reading import JOBS
from polyglot.provenance.archive.replay import evidence
from polyglot.provenance.archive.scrubbing import Scrubber
from polyglot.provenance.archive.writing import MANIFEST, fingerprint, manifest, write_archive
from polyglot.provenance.records import RECORDS, code_id, records_folder
from polyglot.registry import OWN
from polyglot.registry.models import CHAT_TEMPLATES
from polyglot.study import paths

CODE = ("Snakefile", "rules", "scripts", "envs", "config", "plugins", "profiles", "report")
PAPERS = ("LICENSE", "CITATION.cff", "Makefile", "pyproject.toml")
LOCKS = ("requirements*.txt", "requirements*.lock")
OWN_FILES = (STUDY_FILE, *OWN, f"{CHAT_TEMPLATES}/*.jinja")


@dataclass(frozen=True)
class Study:
    """A finished study in the working folder.

    `lines`: the lines of the report plugin `jobs`. `root`: the repository. `largest_mb`: the largest file to include, in MB.
    """

    used: Used
    lines: Sequence[Mapping[str, Any]]
    root: Path
    largest_mb: float
    folder: Path = Path()

    @property
    def results(self) -> Path:
        return self.folder / paths.RESULTS.format(study=self.used.study.study)

    @property
    def code_id(self) -> str:
        return code_id(tuple(self.used.study.plugins))

    @cached_property
    def jobs(self) -> list[Job]:
        return [Job.of(line, self.folder) for line in self.lines]

    @cached_property
    def scrubber(self) -> Scrubber:
        return Scrubber.here(self.folder, self.used.registries.keys)

    @cached_property
    def hashes(self) -> Hashes:
        found = Hashes(self.results / RECORDS / "hashes.json")
        learn_locked(found, self.folder / self.used.study.hub)
        return found

    @cached_property
    def collector(self) -> Collector:
        needed = {archived_path(path, self.folder) for path in evidence(self.lines)}
        urls = {archived_path(path, self.folder): url for path, url in hub_urls(self.used.study.hub, self.used).items()}
        return Collector(self.folder, self.scrubber, self.hashes, self.largest_mb * MEGABYTE, needed, urls)

    @cached_property
    def places(self) -> dict[str, Place]:
        """Everything that jobs read and wrote."""
        return self.collector.data(dict.fromkeys(path for job in self.jobs for path in (*job.inputs, *job.outputs)))

    def code(self) -> list[Item]:
        """The current workflow, at its paths in the archive."""
        paths = [self.root / name for name in (*CODE, *PAPERS)]
        paths += sorted(path for pattern in LOCKS for path in self.root.glob(pattern))
        studies = [file.parent for file in (self.root / "config").glob(f"*/{STUDY_FILE}")]
        files = [file for path in paths for file in files_in(path)]
        here = Collector(self.root, self.scrubber, self.hashes, 0)
        shared = here.code(file for file in files if not any(file.is_relative_to(other) for other in studies))
        return [*shared, *self.collector.code(self.own_files())]

    def own_files(self) -> list[Path]:
        """The files outside of config/ that say what is run: those that the study was read from, its registries and chat
        templates."""
        study = self.used.study
        found = {self.folder / file for file in study.read_from}
        if study.registries is not None:
            found |= {file for pattern in OWN_FILES for file in (self.folder / study.registries).glob(pattern)}
        shared = (self.root / "config").resolve()
        return sorted(file for file in found if file.resolve().parent != shared)

    def log_files(self) -> list[Item]:
        """Logs, timings, spending at endpoints and the configuration used."""
        left = [Path(path) for job in self.jobs for path in (*job.line["log"], job.line["benchmark"]) if path]
        paid = sorted((self.results / paths.inside(paths.PAID)).glob("*.jsonl"))
        return self.collector.records([*left, self.results / paths.inside(paths.CONFIGURATION), *paid])

    def run_records(self) -> list[Item]:
        """Environments, machines and versions of the code, as the jobs recorded them."""
        folders = {self.folder / records_folder(Path(job.line["log"][0])) for job in self.jobs if job.line["log"]}
        wanted = {f"{kind}/{name}" for kind, names in self.recorded.items() for name in names}
        found: dict[str, Item] = {}
        for folder in sorted(folders):
            for path in files_in(folder):
                name = path.relative_to(folder).with_suffix("").as_posix()
                if name in wanted and name not in found:
                    content = self.scrubber.record(path.read_text(encoding="utf-8"))
                    found[name] = text_item(f"{RECORDS}/{name}.json", content)
        return list(found.values())

    @property
    def recorded(self) -> dict[str, set[str]]:
        """Kind of record to the ids that jobs name."""
        facts = [attempt.facts for job in self.jobs for attempt in job.attempts]
        kinds = {"environments": "environment", "machines": "machine", "code": "code"}
        found = {kind: {fact[key] for fact in facts if key in fact} for kind, key in kinds.items()}
        found["code"].add(self.code_id)
        return found

    def records_of(self, job: Job) -> list[str]:
        """Archive paths of a job's log, environment and machine."""
        named = [(kind, job.facts.get(key)) for kind, key in (("environments", "environment"), ("machines", "machine"))]
        logs = [archived_path(path, self.folder) for path in job.line["log"]]
        return [*logs, *(f"{RECORDS}/{kind}/{name}.json" for kind, name in named if name)]

    def job_line(self, job: Job) -> dict[str, Any]:
        """A job as archived: its paths are archive paths."""

        def placed(value: Any) -> Any:
            return [placed(path) for path in value] if isinstance(value, list) else archived_path(value, self.folder)

        def named(kind: str) -> dict[str, Any]:
            files = job.line[kind]
            return {"unnamed": placed(files["unnamed"]), "named": {name: placed(path) for name, path in files["named"].items()}}

        kept = ("rule", "about", "message", "wildcards", "params", "threads", "resources", "script", "shell", "conda")
        attempts = [
            {"began": at(attempt.began), "ended": at(attempt.ended) if attempt.ended else None, "status": attempt.status}
            | {key: value for key, value in attempt.facts.items() if key not in UNKEPT}
            for attempt in job.attempts
        ]
        return {
            "id": job.name,
            **{key: job.line[key] for key in kept},
            "input": named("input"),
            "output": named("output"),
            "log": placed(job.line["log"]),
            "began": at(job.began),
            "ended": at(job.ended),
            "known_from": "record" if attempts else "snakemake",
            "attempts": attempts,
            "measured": dict(job.timings),
        }

    def facts(self) -> dict[str, Any]:
        """File name in `provenance/` to its content."""
        folder = Path(self.used.study.synthesis.prompts)
        return {
            "models.json": model_facts(self.used, self.hashes, self.jobs),
            "data.json": data_facts(self.used),
            "prompts.json": prompt_facts(self.folder / folder, self.hashes),
            "code.json": code_facts(self.results / RECORDS, self.jobs, self.code_id),
        }


UNKEPT = ("event", "at", "status", "rule", "wildcards", "threads", "resources")
"""Parts of a record that the job's line also contains."""


def pack(study: Study, path: Path) -> tuple[str, dict[str, int]]:
    """Write a study's archive.

    Returns:
        Its fingerprint; numbers and bytes of files inside and outside.
    """
    jobs = study.jobs
    facts = study.facts()
    lines = "".join(json.dumps(study.job_line(job), ensure_ascii=False) + "\n" for job in jobs)
    made = [
        text_item(JOBS, study.scrubber.data(lines)),
        *(text_item(f"{RECORDS}/{name}", study.scrubber.data(_json(found))) for name, found in facts.items()),
    ]
    data = [item for place in study.places.values() for item in place.items]
    items = _once([*data, *study.code(), *study.log_files(), *study.run_records(), *made])
    cited = citation(study.root)
    items.append(text_item("README.md", study.scrubber.data(read_me(study, items, facts))))
    settings = study.used.study
    run = Run(
        title=f"Study {settings.study}: {settings.description or 'which teacher writes the best data?'}",
        description=about(study),
        published=at(max(job.ended for job in jobs)),
        citation=cited,
        jobs=jobs,
        items=[*items, Item(MANIFEST, "", 0)],
        places=study.places,
        records={job.name: study.records_of(job) for job in jobs},
        models=facts["models.json"],
        data=facts["data.json"],
        licences={name: found.url for name, found in study.used.registries.licences.items() if found.url},
        versions={"snakemake": metadata.version("snakemake"), "workflow": version_with_commit(study.root, facts["code.json"])},
        keywords=["synthetic data", "language models", "Polyglot Score", *settings.languages],
    )
    items.append(text_item(METADATA, study.scrubber.data(crate_text(run))))
    written = write_archive(items, path)
    assert written == fingerprint(manifest(items).encode())
    return written, totals(items)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def _once(items: Iterable[Item]) -> list[Item]:
    """Each path once: data before code, code before logs."""
    found: dict[str, Item] = {}
    for item in items:
        found.setdefault(item.path, item)
    return list(found.values())


def version_with_commit(root: Path, code: Mapping[str, Any]) -> str:
    """The workflow's version and, where it is known, the commit."""
    stated, facts = version(root), code["versions"][code["archived"]]
    if not facts["commit"]:
        return stated
    return f"{stated}+{facts['commit'][:12]}{'.dirty' if facts['dirty'] else ''}"


def about(study: Study) -> str:
    """One or two sentences about what was compared."""
    settings, counts = study.used.study, Counter(job.rule for job in study.jobs)
    return (
        f"{len(settings.teachers)} teachers ({', '.join(settings.teachers)}) write fine-tuning data in "
        f"{', '.join(settings.languages)}; {counts['student']} students are trained and evaluated. "
        f"{len(study.jobs)} jobs by {len(counts)} rules."
    )


def read_me(study: Study, items: Sequence[Item], facts: Mapping[str, Any]) -> str:
    """The archive's README."""
    settings, code = study.used.study, facts["code.json"]
    board = study.results / "tables/leaderboard.md"
    versions: Mapping[str, Any] = code["versions"]
    return render(
        study.root / "report/archive.md.jinja",
        study=settings.study,
        about=about(study),
        description=settings.description,
        leaderboard=Markup(board.read_text(encoding="utf-8").strip()) if board.exists() else "",
        totals=totals(items),
        largest_mb=f"{study.largest_mb:g}",
        code=versions[code["archived"]],
        other_code=sum(entry["jobs"] for name, entry in versions.items() if name != code["archived"]),
        unrecorded=code["unrecorded"],
    )
