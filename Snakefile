# polyglot-score: which language model should write the synthetic fine-tuning data for a language?
#
#   make                                          set up, then run the embedded study to its report
#   snakemake --configfile config/STUDY.yaml      run a study
#   snakemake experiments                         the experiments of the study (bases, methods, data scale, ...)
#   snakemake results/demo/figures/gain.pdf       one figure, and only what it needs
#   snakemake route                               each prompt to its best teacher (PerSyn), beside the other ways to choose
#   snakemake select                              the good and diverse part of the data (M-DaQ), and of data of your own
#   snakemake rank (or screen)                    teachers by a small sample of their data (or the gain predicted from it)
#   snakemake fetch                               the study's models from the hub, where there is a network
#   snakemake rehearse                            the whole study in miniature: in minutes, what would fail after days
#   snakemake plan                                what a study will take: jobs, GPU hours, tokens, money, disk
#   snakemake results/demo/archive.zip            full provenance of every number, checked by polyglot verify
#   snakemake explore                             a page to look at the data: every request with all teachers' answers
#   snakemake race                                the best teacher for less: only who may still be the best is trained again
#   snakemake publish                             data set folders with data cards, and model cards
#   snakemake build                               the data set of the study's choice at the wanted size, and its student
#   snakemake replication                         the paper's claims, recomputed from its published numbers
import sys
from pathlib import Path

from snakemake.utils import min_version

min_version("9.27")
sys.path.insert(0, str(Path(workflow.basedir) / "scripts"))


report: "report/workflow.rst"


include: "rules/common.smk"
include: "rules/cluster.smk"
include: "rules/hub.smk"
include: "rules/nano.smk"
include: "rules/seeds.smk"
include: "rules/synthesis.smk"
include: "rules/routing.smk"
include: "rules/selection.smk"
include: "rules/intrinsic.smk"
include: "rules/training.smk"
include: "rules/evaluation.smk"
include: "rules/scoring.smk"
include: "rules/analysis.smk"
include: "rules/displays.smk"
include: "rules/replication.smk"
include: "rules/provenance.smk"
include: "rules/publishing.smk"
include: "rules/planning.smk"
include: "rules/rehearsal.smk"


onstart:
    targets.save_configuration()
    record_code(Path(RESULTS) / RECORDS, ROOT, STUDY.plugins)
    prepare_run()


onerror:
    print(RUN.failures(), file=sys.stderr)


rule all:
    default_target: True
    input:
        targets.all(),


rule experiments:
    input:
        targets.asked_by("experiments"),


rule select:
    input:
        targets.selecting(),


with_all_rules()
