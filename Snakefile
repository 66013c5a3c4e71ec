# polyglot-score: which language model should write the synthetic fine-tuning data for a language?
#
#   make                                          set up, then run the embedded study to its report
#   snakemake --configfile config/STUDY.yaml      run a study
#   snakemake results/demo/figures/gain.pdf       one figure, and only what it needs
#   snakemake published                           the paper's published measurements through the same scoring
import sys
from pathlib import Path

from snakemake.utils import min_version

min_version("9.27")
sys.path.insert(0, str(Path(workflow.basedir) / "scripts"))


report: "report/workflow.rst"


include: "rules/common.smk"
include: "rules/nano.smk"
include: "rules/seed.smk"
include: "rules/synthesis.smk"
include: "rules/intrinsic.smk"
include: "rules/students.smk"
include: "rules/evaluation.smk"
include: "rules/scores.smk"
include: "rules/figures.smk"
include: "rules/replication.smk"
include: "rules/provenance.smk"


onstart:
    save_configuration(RESULTS)


localrules:
    all,
    published,


rule all:
    default_target: True
    input:
        study_targets(),


rule published:
    input:
        published_targets(),
