"""Who writes each language's data, and how, with every number behind it."""

from polyglot.workflow.job import running

with running(snakemake, environment="analysis"):
    import pandas as pd

    from polyglot.core.files import read_frame, write_json
    from polyglot.publishing.choice import as_json, better, choose, of_ranking, of_recommendation

    facts, files = snakemake.params.facts, snakemake.input
    table = read_frame(files.verdicts) if files.verdicts else None
    verdicts = []
    if table is not None:
        verdicts = of_recommendation(table) if facts["base"] else of_ranking(table, facts["languages"])
    by_language = {one.lang: one for one in verdicts}
    gains = {
        name: pd.read_parquet(path, columns=["replicate", "base", "recipe", "teacher", "lang", "gain"])
        for name, path in zip(facts["experiments"], files.measurements, strict=True)
    }
    choices = []
    for lang, teacher in facts["languages"].items():
        verdict = by_language.get(lang)
        own = {name: found[(found["base"] == facts["base"]) & (found["lang"] == lang)] for name, found in gains.items()}
        alternatives = verdict and better(
            own,
            {"teacher": verdict.teacher, "recipe": facts["recipe"]},
            same=facts["mixes"],
            sizes=facts["sizes"],
            routed=facts["routed"],
            students=facts["students"],
            barred={(teacher, recipe): why for teacher, recipe, why in facts["barred"]},
            confidence=facts["confidence"],
        )
        choice = choose(
            verdict,
            alternatives or [],
            lang=lang,
            recipe=facts["mixes"][facts["recipe"]],
            size=facts["size"],
            teacher=teacher,
            methods=facts["methods"],
            known_mix=facts["mixes"],
        )
        print(f"{lang}: {choice.recipe} of {choice.teacher}. {choice.why}")
        choices.append(choice)
    about = {name: facts[name] for name in ("study", "base", "definition", "confidence")}
    write_json(as_json(choices, **about), snakemake.output[0])
