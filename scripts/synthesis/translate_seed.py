"""Machine translations of the seed prompts for `translate`, and of their responses."""

from polyglot.workflow.job import gpus_asked, running

with running(snakemake, environment="transformers"):
    from pathlib import Path

    import pandas as pd

    from polyglot.core.files import write_parquet
    from polyglot.core.hashing import content_id, folder_fingerprint
    from polyglot.core.prompts import PromptTemplates
    from polyglot.core.sidefile import SideFile
    from polyglot.synthesis.methods.machine_translation import translated_data
    from polyglot.synthesis.translation import Translator, translate_all

    params, settings = snakemake.params, snakemake.params.translation
    asked = pd.read_parquet(snakemake.input.requests)
    source = pd.read_parquet(snakemake.input.source).set_index("id").loc[[ids[0] for ids in asked["sources"]]]
    texts = dict.fromkeys([*source["prompt"], *source["response"]])
    rows = {content_id(text): text for text in texts}
    codes = {"source": params.source_code, "target": params.target_code}
    owner = content_id(folder_fingerprint(snakemake.input.model), *codes.values(), str(settings["beams"]), *rows)
    side = SideFile(Path(params.side_file), owner)
    how = {"beams": settings["beams"], "batch_size": settings["batch_size"]}
    translator = Translator(Path(snakemake.input.model), **how, gpus=gpus_asked(snakemake.resources))
    found = translate_all(
        translator,
        rows,
        side,
        **codes,
        batch_size=settings["batch_size"],
        title=f"translate into {snakemake.wildcards.lang}",
    )
    respond, both, answers = translated_data(
        asked,
        [found[content_id(text)] for text in source["prompt"]],
        [found[content_id(text)] for text in source["response"]],
        PromptTemplates(Path(snakemake.input.templates[0]).parent),
        language=params.language,
    )
    write_parquet(respond, snakemake.output.respond)
    write_parquet(both, snakemake.output.both)
    write_parquet(answers, snakemake.output.answers)
    side.finish()
