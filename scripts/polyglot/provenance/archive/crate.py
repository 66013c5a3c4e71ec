"""The archive as a Workflow Run RO-Crate (profile Provenance Run Crate 0.5): https://w3id.org/ro/wfrun/provenance/0.5.

The workflow is the main entity; each rule that ran is a step, each script a tool, each job an action with its files, times,
status, environment and resources. The run as a whole is an action too, organised by Snakemake.
"""

from __future__ import annotations

import json
import mimetypes
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote

from polyglot.provenance.archive.contents import Item, Place
from polyglot.provenance.archive.jobs import Job, at, script_path

METADATA = "ro-crate-metadata.json"
PROFILES = {
    "https://w3id.org/ro/wfrun/process/0.5": ("Process Run Crate", "0.5"),
    "https://w3id.org/ro/wfrun/workflow/0.5": ("Workflow Run Crate", "0.5"),
    "https://w3id.org/ro/wfrun/provenance/0.5": ("Provenance Run Crate", "0.5"),
}
CRATE = "https://w3id.org/ro/crate/1.1"
WORKFLOW_CRATE = "https://w3id.org/workflowhub/workflow-ro-crate/1.0"
WORKFLOW_PROFILE = "https://bioschemas.org/profiles/ComputationalWorkflow/1.0-RELEASE"
TERMS = {name: f"https://w3id.org/ro/terms/workflow-run#{name}" for name in ("sha256", "resourceUsage", "environment")}
USAGE = {
    "seconds": ("wall-clock time", "https://qudt.org/vocab/unit/SEC"),
    "cpu_seconds": ("CPU time", "https://qudt.org/vocab/unit/SEC"),
    "memory_mb": ("largest resident set", "https://qudt.org/vocab/unit/MegaBYTE"),
    "gpu_memory_mb": ("most GPU memory allocated", "https://qudt.org/vocab/unit/MegaBYTE"),
    "threads": ("threads", "https://qudt.org/vocab/unit/NUM"),
    "gpus": ("GPUs", "https://qudt.org/vocab/unit/NUM"),
}
USAGE_ID = "https://w3id.org/ro/terms/snakemake#"
STATUS = {
    "finished": "http://schema.org/CompletedActionStatus",
    "failed": "http://schema.org/FailedActionStatus",
    "stopped": "http://schema.org/FailedActionStatus",
}
TYPES = {
    ".parquet": "application/vnd.apache.parquet",
    ".jsonl": "application/jsonl",
    ".yaml": "application/yaml",
    ".tsv": "text/tab-separated-values",
}
MAIN, READ_ME = "Snakefile", "README.md"


@dataclass(frozen=True)
class Run:
    """The inputs of a crate.

    `places`: path in a rule to what is behind it. `records`: job name to the archive paths of its log, environment and machine.
    `models`, `data`: see `polyglot.provenance.archive.facts`. `licences`: name to address, where one is known.
    `versions`: of Snakemake and of the workflow.
    """

    title: str
    description: str
    published: str
    citation: Mapping[str, Any]
    jobs: Sequence[Job]
    items: Sequence[Item]
    places: Mapping[str, Place]
    records: Mapping[str, Sequence[str]]
    models: Mapping[str, Mapping[str, Any]]
    data: Mapping[str, Mapping[str, Any]]
    licences: Mapping[str, str]
    versions: Mapping[str, str]
    keywords: Sequence[str] = field(default_factory=tuple)


def crate_text(run: Run) -> str:
    """The crate's metadata file."""
    return json.dumps(Builder(run).build(), ensure_ascii=False, indent=1, sort_keys=True) + "\n"


class Builder:
    """Builds the entities of a run."""

    def __init__(self, run: Run) -> None:
        from rocrate.rocrate import ROCrate

        self.run = run
        self.crate: Any = ROCrate(version="1.1")
        self.crate.metadata.extra_terms.update(TERMS)

    def build(self) -> dict[str, Any]:
        self.root()
        self.files()
        self.workflow()
        for job in self.run.jobs:
            self.job(job)
        self.whole()
        found: dict[str, Any] = self.crate.metadata.generate()
        found["@graph"].sort(key=lambda entity: (entity["@id"] != METADATA, entity["@id"] != "./", entity["@id"]))
        return found

    def context(self, identifier: str, /, **properties: Any) -> dict[str, str]:
        """Add an entity that is not a file, unless it exists, and return a reference to it."""
        from rocrate.model.contextentity import ContextEntity

        if self.crate.get(identifier) is None:
            kept = {
                ("@type" if key == "type_" else key): value for key, value in properties.items() if value not in (None, [], "")
            }
            self.crate.add(ContextEntity(self.crate, identifier, properties={key: single(value) for key, value in kept.items()}))
        return {"@id": identifier}

    def root(self) -> None:
        run, cited = self.run, self.run.citation
        for address, (name, version) in PROFILES.items():
            self.context(address, type_="CreativeWork", name=name, version=version)
        root = self.crate.root_dataset
        self.crate.metadata["conformsTo"] = [{"@id": CRATE}, {"@id": WORKFLOW_CRATE}]
        root["name"], root["description"] = run.title, run.description
        root["datePublished"] = run.published
        root["license"] = self.licence(cited["license"])
        root["conformsTo"] = [{"@id": address} for address in PROFILES]
        self.authors = [self.author(author) for author in cited["authors"]]
        root["author"] = single(self.authors)
        root["keywords"] = list(run.keywords)
        root["citation"] = [self.reference(work) for work in cited.get("references", [])]
        root["mentions"] = [
            *(self.model(name, facts) for name, facts in run.models.items()),
            *(self.dataset(name, facts) for name, facts in run.data.items()),
        ]

    def author(self, author: Mapping[str, Any]) -> dict[str, str]:
        person = "family-names" in author
        name = " ".join(filter(None, [author.get("given-names"), author.get("family-names")])) if person else author["name"]
        identifier = author.get("orcid") or f"#author/{quote(name)}"
        affiliation = author.get("affiliation")
        return self.context(identifier, type_="Person" if person else "Organization", name=name, affiliation=affiliation)

    def reference(self, work: Mapping[str, Any]) -> dict[str, str]:
        values = [str(found["value"]) for found in work.get("identifiers", [])]
        arxiv = next((value.partition(":")[2] for value in values if value.lower().startswith("arxiv:")), None)
        address = f"https://arxiv.org/abs/{arxiv}" if arxiv else work.get("url") or f"#work/{quote(work['title'])}"
        authors = [str(author.get("family-names") or author.get("name")) for author in work["authors"]]
        return self.context(
            address,
            type_="ScholarlyArticle",
            name=work["title"],
            datePublished=str(work["year"]),
            identifier=values,
            author=[self.context(f"#author/{quote(name)}", type_="Person", name=name) for name in authors],
        )

    def licence(self, name: str) -> dict[str, str]:
        address = self.run.licences.get(name) or f"#licence/{quote(name)}"
        return self.context(address, type_="CreativeWork", name=name, description=f"Licence: {name}")

    def model(self, name: str, facts: Mapping[str, Any]) -> dict[str, str]:
        """A model as software: description and origin; `provenance/models.json` has the rest."""
        return self.context(
            f"#model/{quote(name)}",
            type_="SoftwareApplication",
            name=facts["label"],
            description=facts["about"] or None,
            license=self.licence(facts["licence"]),
            citation=facts["cite"],
            url=facts.get("page") or facts.get("endpoint"),
            softwareVersion=facts.get("commit") or facts.get("version") or facts.get("served_as"),
            identifier=facts.get("repository") or facts.get("package"),
            subjectOf={"@id": "provenance/models.json"},
        )

    def dataset(self, name: str, facts: Mapping[str, Any]) -> dict[str, str]:
        return self.context(
            f"#data/{quote(name)}",
            type_="Dataset",
            name=f"{name} ({facts['kind']})",
            license=self.licence(facts["licence"]),
            url=facts.get("page"),
            version=facts.get("commit"),
            citation=facts.get("cite") or facts.get("modelled_on"),
            subjectOf={"@id": "provenance/data.json"},
        )

    def files(self) -> None:
        """Every file, inside or outside, and every folder that a job names."""
        from rocrate.model.data_entity import DataEntity

        scripts = {script_path(job.line["script"]) for job in self.run.jobs if job.line["script"]}
        for item in self.run.items:
            kinds: Any = "File"
            if item.path == MAIN:
                kinds = ["File", "SoftwareSourceCode", "ComputationalWorkflow", "HowTo"]
            elif item.path in scripts:
                kinds = ["File", "SoftwareSourceCode"]
            suffix = PurePosixPath(item.path).suffix
            properties: dict[str, Any] = {
                "@type": kinds,
                "name": item.path,
                "encodingFormat": TYPES.get(suffix) or mimetypes.guess_type(item.path)[0] or "application/octet-stream",
            }
            if item.sha256:
                properties |= {"sha256": item.sha256, "contentSize": str(item.size)}
            notes = [f"Not in this archive: {item.outside}."] if item.outside else []
            notes += (
                [f"Secrets or home folders were taken out; the file had the SHA-256 {item.original}."] if item.original else []
            )
            if "SoftwareSourceCode" in kinds:
                properties["version"] = self.run.versions["workflow"]
            if item.path == READ_ME:
                properties["about"] = {"@id": "./"}
            if notes:
                properties["description"] = " ".join(notes)
            self.crate.add(DataEntity(self.crate, reference(item)["@id"], properties=properties))
        for place in self.run.places.values():
            if place.is_folder:
                properties = {"@type": "Dataset", "name": place.path, "hasPart": [reference(item) for item in place.items]}
                self.crate.add(DataEntity(self.crate, folder_id(place), properties=properties))

    def behind(self, path: str) -> dict[str, str]:
        """A reference to a path that a rule names."""
        place = self.run.places[path]
        return {"@id": folder_id(place)} if place.is_folder else reference(place.items[0])

    def workflow(self) -> None:
        rules = dict.fromkeys(job.rule for job in self.run.jobs)
        first = {rule: next(job for job in self.run.jobs if job.rule == rule) for rule in rules}
        language = self.context(
            "https://w3id.org/workflowhub/workflow-ro-crate#snakemake",
            type_="ComputerLanguage",
            name="Snakemake",
            identifier={"@id": "https://doi.org/10.1093/bioinformatics/bts480"},
            url={"@id": "https://snakemake.readthedocs.io"},
        )
        workflow = self.crate.get(MAIN)
        workflow["name"] = self.run.citation["title"]
        workflow["license"] = self.licence(self.run.citation["license"])
        workflow["author"] = single(self.authors)
        workflow["conformsTo"] = {"@id": WORKFLOW_PROFILE}
        workflow["programmingLanguage"] = language
        workflow["step"] = [self.step(place, rule, first[rule]) for place, rule in enumerate(rules)]
        tools = {self.tool(job)["@id"]: self.tool(job) for job in first.values()}
        workflow["hasPart"] = list(tools.values())
        self.crate.root_dataset["mainEntity"] = {"@id": MAIN}

    def step(self, place: int, rule: str, job: Job) -> dict[str, str]:
        return self.context(
            step_id(rule),
            type_="HowToStep",
            name=rule,
            position=str(place),
            description=job.line["about"],
            workExample=self.tool(job),
        )

    def tool(self, job: Job) -> dict[str, str]:
        """The tool of a rule: its script, or a shell command."""
        if job.line["script"]:
            return {"@id": script_path(job.line["script"])}
        return self.context(f"#tool/{job.rule}", type_="SoftwareApplication", name=job.rule, description=job.line["about"])

    def job(self, job: Job) -> None:
        """An action for the job, one for each failed attempt, and the control action that started it."""
        inputs = [self.behind(path) for path in job.inputs]
        records = [{"@id": path} for path in self.run.records.get(job.name, [])]
        action = self.context(
            action_id(job),
            type_="CreateAction",
            name=job.line["message"] or job.name,
            description=command(job),
            instrument=self.tool(job),
            agent=self.authors[0],
            object=inputs,
            result=[self.behind(path) for path in job.outputs],
            startTime=at(job.began),
            endTime=at(job.ended),
            actionStatus=STATUS["finished"],
            resourceUsage=self.usage(job),
            environment=self.variables(job.facts.get("variables", {})),
            subjectOf=records,
        )
        self.context(f"#control/{quote(job.name)}", type_="ControlAction", instrument={"@id": step_id(job.rule)}, object=action)
        for number, attempt in enumerate(job.attempts[:-1], 1):
            self.context(
                f"{action_id(job)}/attempt-{number}",
                type_="CreateAction",
                name=f"{job.line['message'] or job.name} (attempt {number}, failed)",
                instrument=self.tool(job),
                object=inputs,
                startTime=at(attempt.began),
                endTime=at(attempt.ended) if attempt.ended else None,
                actionStatus=STATUS[attempt.status],
                error=str(attempt.facts.get("error", attempt.status)),
            )

    def usage(self, job: Job) -> list[dict[str, str]]:
        return [
            self.context(
                f"#usage/{quote(job.name)}/{kind}",
                type_="PropertyValue",
                name=USAGE[kind][0],
                propertyID=USAGE_ID + kind,
                unitCode=USAGE[kind][1],
                value=str(value),
            )
            for kind, value in usage(job).items()
        ]

    def variables(self, variables: Mapping[str, str]) -> list[dict[str, str]]:
        return [
            self.context(f"#variable/{name}/{quote(value)}", type_="PropertyValue", name=name, value=value)
            for name, value in variables.items()
        ]

    def whole(self) -> None:
        """The run as an action, and Snakemake that organised it."""
        jobs = self.run.jobs
        made = {path for job in jobs for path in job.outputs}
        sources = dict.fromkeys(path for job in jobs for path in job.inputs if path not in made)
        used = {path for job in jobs for path in job.inputs}
        results = dict.fromkeys(path for job in jobs for path in job.outputs if path not in used)
        times = {"startTime": at(min(job.began for job in jobs)), "endTime": at(max(job.ended for job in jobs))}
        action = self.context(
            "#run",
            type_="CreateAction",
            name=self.run.title,
            instrument={"@id": MAIN},
            agent=self.authors[0],
            object=[self.behind(path) for path in sources],
            result=[self.behind(path) for path in results],
            actionStatus=STATUS["finished"],
            **times,
        )
        engine = self.context(
            "#snakemake",
            type_="SoftwareApplication",
            name="Snakemake",
            softwareVersion=self.run.versions["snakemake"],
            url={"@id": "https://snakemake.readthedocs.io"},
        )
        self.context(
            "#organisation",
            type_="OrganizeAction",
            name=f"Snakemake runs {len(jobs)} jobs",
            instrument=engine,
            agent=self.authors[0],
            object=[{"@id": f"#control/{quote(job.name)}"} for job in jobs],
            result=action,
            **times,
        )
        root = self.crate.root_dataset
        root["mentions"] = [*root["mentions"], action, *({"@id": action_id(job)} for job in jobs)]


def single(value: Any) -> Any:
    """A list of one as its value, as the crate's recommendations have it."""
    return value[0] if isinstance(value, list) and len(value) == 1 else value


def reference(item: Item) -> dict[str, str]:
    """A reference to a file's entity."""
    return {"@id": item.identifier if item.outside else quote(item.path)}


def folder_id(place: Place) -> str:
    return f"{quote(place.path)}/"


def step_id(rule: str) -> str:
    return f"#step/{rule}"


def action_id(job: Job) -> str:
    return f"#job/{quote(job.name)}"


def command(job: Job) -> str:
    """One sentence about what was run, and its purpose."""
    asked = ", ".join(f"{name} {value}" for name, value in job.line["resources"].items() if value)
    where = f" in the environment {job.line['conda']}" if job.line["conda"] else ""
    return f"{job.command}{where}; asked for {job.line['threads']} thread(s){', ' if asked else ''}{asked}"


def usage(job: Job) -> dict[str, str]:
    """A job's measured resource usage: see `USAGE`."""
    measured = job.timings
    seconds = measured.get("s") or f"{job.ended - job.began:.3f}"
    memory = job.facts.get("numerics", {}).get("gpu_memory_mb")
    found = {
        "seconds": seconds,
        "cpu_seconds": measured.get("cpu_time"),
        "memory_mb": measured.get("max_rss"),
        "gpu_memory_mb": memory,
        "threads": job.line["threads"],
        "gpus": job.gpus or None,
    }
    return {kind: str(value) for kind, value in found.items() if value is not None}
