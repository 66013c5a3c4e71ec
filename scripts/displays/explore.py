"""The page on which a study's data can be looked at."""

from polyglot.workflow.job import running

with running(snakemake, environment="analysis"):
    from pathlib import Path

    from polyglot.core.key_finder import KeyFinder
    from polyglot.displays.explore.page import Looked, explore
    from polyglot.displays.explore.sets import Measured, TeacherSet

    params = snakemake.params
    sets = [TeacherSet(**one | {"measured": [Measured(**metric) for metric in one["measured"]]}) for one in params.sets]
    looked = Looked(sets=sets, **params.looked)
    explore(looked, Path(snakemake.input.template).parent, Path(snakemake.output.page).parent, KeyFinder.here(params.variables))
