"""Everything behind the study's numbers, as a Workflow Run RO-Crate."""

from polyglot.workflow.job import running

with running(snakemake):
    import tempfile
    from pathlib import Path

    from polyglot.core.files import read_jsonl
    from polyglot.provenance.archive.facts import Used
    from polyglot.provenance.archive.packing import Study, pack
    from polyglot.provenance.records import RECORDS, record_code
    from polyglot.workflow.ask_snakemake import ask_snakemake
    from polyglot.workflow.loading import load_study

    params, out = snakemake.params, Path(snakemake.output[0])
    root = Path(snakemake.scriptdir).parents[1]
    record_code(out.parent / RECORDS, root, snakemake.config.get("plugins", []))
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        listed = ["--reporter", "jobs", "--report-jobs-path", str(scratch / "jobs.jsonl")]
        configuration = ask_snakemake([*snakemake.input, *listed], snakemake.config, root=root, scratch=scratch)
        study = Study(
            used=Used(*load_study(configuration, root), params.models, params.sources),
            lines=read_jsonl(scratch / "jobs.jsonl"),
            root=root,
            largest_mb=params.largest_mb,
        )
        fingerprint, totals = pack(study, out)
    print(f"fingerprint {fingerprint}", *(f"{name}: {count:,}" for name, count in totals.items()), sep="\n")
