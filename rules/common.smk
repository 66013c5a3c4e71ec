# The study, what wildcards may stand for, and what the rules are made from (polyglot.workflow.inputs), stage by stage.
from polyglot.cluster.snakemake_inside import command_line, count_served_jobs, is_main
from polyglot.cluster.snakemake_inside import keep_texts_of_the_report
from polyglot.cluster.snakemake_inside import read_environments_once
from polyglot.core.errors import foreseen
from polyglot.provenance.records import RECORDS, record_code
from polyglot.study import paths
from polyglot.study.races import doubtful
from polyglot.study.reserved import MAIN, REPLICATION
from polyglot.synthesis.recipes import TRANSLATED, WHOLE
from polyglot.workflow.inputs.building import BuildInputs
from polyglot.workflow.inputs.displays import DisplayInputs
from polyglot.workflow.inputs.evaluation import EvaluationInputs
from polyglot.workflow.inputs.experiments import ExperimentInputs
from polyglot.workflow.inputs.hub import HubInputs
from polyglot.workflow.inputs.metrics import MetricInputs
from polyglot.workflow.inputs.models import ModelInputs, environment
from polyglot.workflow.inputs.page import PageInputs
from polyglot.workflow.inputs.publishing import PublishingInputs
from polyglot.workflow.inputs.routing import RoutingInputs
from polyglot.workflow.inputs.screening import ScreeningInputs
from polyglot.workflow.inputs.seeds import SeedInputs
from polyglot.workflow.inputs.selection import SelectionInputs
from polyglot.workflow.inputs.training_sets import TrainingSetInputs
from polyglot.workflow.loading import choose_study_file, load_study
from polyglot.workflow.named_files import check_named_files
from polyglot.workflow.shared_starts import served_by, share_starts
from polyglot.workflow.targets import Targets
from polyglot.workflow.wildcards import constraints, one_of

ROOT = Path(workflow.basedir)


def plainly(ask):
    """The answer to a question about the study; a problem ends the run with one message, before any job.

    Snakemake would add the lines of the Snakefile where an error was raised, which say nothing of the study.
    """
    try:
        return ask()
    except Exception as error:
        told = foreseen(error)
        if told is None:
            raise
    sys.exit(told)


def read_study():
    """The study of this command line."""
    files, overrides = command_line(workflow)
    asked = [arg for arg in sys.argv[1:] if arg.startswith("results/")]
    path = choose_study_file(ROOT, files, asked)
    if not files:
        files.append(path.absolute())  # remote jobs read the same file
    return load_study(path, ROOT, overrides)


STUDY, REGISTRIES = plainly(read_study)
RESULTS = f"results/{STUDY.study}"

targets = Targets(STUDY, REGISTRIES)
hub = HubInputs(STUDY, REGISTRIES)
models = ModelInputs(STUDY, REGISTRIES)
seeds = SeedInputs(STUDY, REGISTRIES)
training_sets = TrainingSetInputs(STUDY, REGISTRIES)
routing = RoutingInputs(STUDY, REGISTRIES)
selection = SelectionInputs(STUDY, REGISTRIES)
metrics = MetricInputs(STUDY, REGISTRIES)
evaluation = EvaluationInputs(STUDY, REGISTRIES)
experiments = ExperimentInputs(STUDY, REGISTRIES)
screening = ScreeningInputs(STUDY, REGISTRIES)
displays = DisplayInputs(STUDY, REGISTRIES)
page = PageInputs(STUDY, REGISTRIES, tuple(sys.argv[1:]))
publishing = PublishingInputs(STUDY, REGISTRIES)
building = BuildInputs(STUDY, REGISTRIES)

config.clear()
config.update(STUDY.model_dump(mode="json") | {"operation": models.operation()})
if any(word.startswith("--report") for word in sys.argv):
    config["result"] = page.in_report()
    keep_texts_of_the_report()
    read_environments_once()


wildcard_constraints:
    **constraints(STUDY, REGISTRIES),


if is_main(workflow):
    plainly(lambda: check_named_files(STUDY, REGISTRIES, sys.argv[1:]))
    for warning in evaluation.missing_items() + seeds.without_shots() + doubtful(STUDY):
        print(f"Warning: {warning}", file=sys.stderr)
    plainly(lambda: selection.check_own(sys.argv[1:]))
    plainly(lambda: screening.check(sys.argv[1:]))
    plainly(lambda: share_starts(Path.cwd()))
count_served_jobs(served_by)
