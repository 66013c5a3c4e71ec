"""README.md and the pages of docs/ that quote numbers, from docs/templates and from the numbers of a finished embedded study.

    make && snakemake experiments screen route select replication
    python docs/pages.py results/demo

    snakemake --configfile config/metrics.yaml
    python docs/pages.py --metrics results/metrics

each write docs/numbers.json and the pages; without a folder, the pages alone, from the numbers that are there.
"""

from __future__ import annotations

import argparse
import json
from itertools import takewhile
from pathlib import Path
from typing import Any

import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from polyglot.core.files import read_json
from polyglot.registry import load_registries

HERE = Path(__file__).resolve().parent
MINUS = "−"
SIZES = {"50": "equal-50", "150": "equal-150", "600": "equal"}


def number(value: float, digits: int, *, sign: bool = False) -> str:
    return f"{value:{'+' if sign else ''}.{digits}f}".replace("-", MINUS)


def percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def between(value: float, low: float, high: float, digits: int = 2, *, sign: bool = False) -> str:
    """An estimate with its interval."""
    said = [number(part, digits, sign=sign) for part in (value, low, high)]
    return f"{said[0]} [{said[1]}, {said[2]}]"


class Study:
    """The tables of a finished study.

    Args:
        results: its folder.
    """

    def __init__(self, results: Path) -> None:
        self.results = results
        registries = load_registries(HERE.parent / "config")
        self.teachers = {name: model.label or name for name, model in registries.models.items()}
        self.languages = {code: language.name for code, language in registries.languages.items()}

    def csv(self, path: str) -> pd.DataFrame:
        return pd.read_csv(self.results / path)

    def row(self, path: str, **cell: str) -> dict[str, Any]:
        """The one row of a table with these values."""
        frame = self.csv(path)
        for column, value in cell.items():
            frame = frame[frame[column] == value]
        (row,) = frame.to_dict("records")
        return {str(column): value for column, value in row.items()}

    def gain(self, table: str, **cell: str) -> str:
        row = self.row(f"tables/{table}.csv", **cell)
        return between(row["gain"], row["gain_low"], row["gain_high"], 3, sign=True)

    def score(self, table: str, **cell: str) -> str:
        row = self.row(f"tables/{table}.csv", **cell)
        return between(row["pg"], row["pg_low"], row["pg_high"])

    def held_out(self, transfer: str, rule: str, column: str) -> str:
        """A gain where a teacher was not chosen; what the best teacher would gain more has no interval here."""
        row = self.row("analysis/held_out_generalisation.csv", transfer=transfer, rule=rule)
        if column == "regret":
            return number(row[column], 3, sign=True)
        return between(row[column], row[f"{column}_low"], row[f"{column}_high"], 3, sign=True)

    def leaderboard(self) -> dict[str, Any]:
        lines = (self.results / "tables/leaderboard.md").read_text(encoding="utf-8").splitlines()
        gaps = self.csv("scores/main/gaps.csv").sort_values("lang", key=lambda codes: codes.map(self.languages))
        pairs = [
            f"{self.languages[row['lang']]} {row['reference_score']:.3f} against {row['base_score']:.3f}"
            for row in gaps.to_dict("records")
        ]
        return {
            "table": _first_table(lines),
            "gaps": ", ".join(pairs),
            "gap_in_errors": int((gaps["gap"] / gaps["gap_se"]).min()),
        }

    def truth(self) -> dict[str, Any]:
        checks = self.csv("analysis/truth.csv")
        return {
            "orders": int((checks["definition"] == "signsafe").sum()),
            "hold": {name: int(part["holds"].sum()) for name, part in checks.groupby("definition")},
            "certain": {name: int(part["certain"].sum()) for name, part in checks.groupby("definition")},
        }

    def right_pairs(self) -> str:
        """A table: the share of right ones among a teacher's usable pairs."""
        pairs = self.csv("analysis/oracle.csv")
        pairs["right"] *= pairs["usable"]
        sums = pairs.groupby(["teacher", "lang"])[["usable", "right"]].sum()
        shares = (sums["right"] / sums["usable"]).unstack("lang")
        shares = shares[sorted(shares.columns, key=lambda code: self.languages[str(code)])]
        shares = shares.loc[shares.mean(axis=1).sort_values(ascending=False).index]
        head = ["share of right pairs", *(self.languages[str(code)] for code in shares.columns)]
        rows = [[self.teachers[str(name)], *map(percent, row)] for name, row in shares.iterrows()]
        return "\n".join("| " + " | ".join(cells) + " |" for cells in (head, ["---"] * len(head), *rows))

    def agreement(self) -> dict[str, Any]:
        """Correlations with the share of right pairs: over all cells, and within languages under `within`."""
        table = self.csv("analysis/agreement.csv").set_index("quantity")
        overall, within = (
            {str(name): number(value, 2) for name, value in table[kind].items()} for kind in ("spearman", "within")
        )
        return {**overall, "within": within}


def experiments(study: Study) -> dict[str, Any]:
    """What came out of each experiment."""
    agreement = study.csv("tables/base_models_agreement.csv").query("a != b")
    family = study.row("tables/base_models_family_match.csv", base="nano-german", teacher="germanist")
    others = study.csv("tables/methods.csv").query("recipe != 'respond-150'")["pg"]
    slope = study.row("analysis/abilities_models.csv", predictor="ability", term="ability")
    steps = study.csv("analysis/steps_steps.csv").query("group == 'all' and step > 0").sort_values("step")
    cost = study.csv("analysis/screening_cost.csv").set_index("what")["hours"]
    left_out = study.row("analysis/screening_validation.csv", validation="leave_one_teacher_out")
    return {
        "agreement": number(agreement["spearman"].min(), 1),
        "agreement_n": int(agreement["n"].min()),
        "family": between(family["difference"], family["low"], family["high"], sign=True),
        "respond": study.score("methods", recipe="respond-150"),
        "other_methods": [number(end, 2) for end in (others.min(), others.max())],
        "scale": {
            teacher: {size: study.gain("data_scale", recipe=recipe, teacher=teacher) for size, recipe in SIZES.items()}
            for teacher in ("thorough", "careless")
        },
        "nllb": study.gain("translation", recipe="nllb-respond-150", teacher="thorough"),
        "by_itself": study.gain("translation", recipe="translate-150", teacher="thorough"),
        "slope": between(slope["coefficient"], slope["low"], slope["high"], 1),
        "held_out": {
            transfer: {"gain": study.held_out(transfer, "pg", "advantage"), "best": study.held_out(transfer, "random", "regret")}
            for transfer in ("languages", "both")
        },
        "steps": {
            row["label"]: between(row["gain_over_previous"], row["gain_low"], row["gain_high"], 3, sign=True)
            for row in steps.to_dict("records")
        },
        "screening_r2": number(left_out["r2"], 2),
        "screening_hours": {"screening": number(cost["screening"], 2), "study": number(cost["full study"], 2)},
    }


def routing(study: Study) -> dict[str, Any]:
    quality = study.csv("tables/routing.csv").set_index("teacher")
    shares = (
        study.csv("analysis/routing_shares.csv").query("routed == 'persyn' and teacher == 'germanist'").set_index("lang")["share"]
    )
    hits = quality.loc["persyn", ["hit_1", "hit_1_low", "hit_1_high"]] * 100
    return {
        "score": {teacher: study.score("routing", teacher=teacher) for teacher in ("persyn", "thorough", "mix", "oracle")},
        "hits": f"{hits.iloc[0]:.0f} % [{hits.iloc[1]:.0f}, {hits.iloc[2]:.0f}]",
        "hits_of": {name: percent(quality["hit_1"][name]) for name in ("car", "mix")},
        "prompts": int(study.csv("analysis/routing_quality.csv")["prompts"].max()),
        "germanist": {lang: percent(shares[lang]) for lang in ("de", "id")},
        "answers": {name: f"{int(quality['total'][name]):,}" for name in ("persyn", "thorough", "oracle")},
    }


def selection(study: Study) -> dict[str, Any]:
    """Thorough's students by what was selected of its data, and what the quality model tells apart."""
    frame = study.csv("tables/selection.csv").query("teacher == 'thorough'")
    lines = []
    for row in frame.to_dict("records"):
        rate = between(row["win_rate"], row["win_rate_low"], row["win_rate_high"]) if pd.notna(row["win_rate"]) else "–"
        recipe = "the whole set" if row["recipe"] == "equal" else f"`{row['recipe']}`"
        gain = between(row["gain"], row["gain_low"], row["gain_high"], 3, sign=True)
        lines.append(f"| {recipe} | {gain} | {rate} | {percent(row['coverage'])} | {number(row['quality'], 2)} |")
    areas = study.csv("tables/selection_quality_model.csv").fillna({"lang": "", "category": ""}).query("lang == ''")
    kinds, wrong = areas[areas["category"] == ""], areas[(areas["kind"] == "wrong_answer") & (areas["category"] != "")]
    auc = {
        row["kind"]: between(row["trained"], row["trained_low"], row["trained_high"], 3) + f" (untrained {row['untrained']:.3f})"
        for row in kinds.to_dict("records")
    }
    return {
        "rows": "\n".join(lines),
        "auc": auc,
        "wrong_answers": {row["category"]: number(row["trained"], 2) for row in wrong.to_dict("records")},
    }


def numbers(results: Path) -> dict[str, Any]:
    """Every number of the pages that a run of the embedded study makes."""
    study = Study(results)
    reward = read_json(results / "models/nano-reward/training.json")["gold_wins"]
    validation = study.csv("analysis/regression_validation.csv").set_index("validation")
    examples = study.csv("scores/main/cells.csv")["examples"]
    claims = pd.read_csv(results.parent / "replication/claims.csv")["verdict"]
    return {
        "parameters": f"{read_json(results / 'models/thorough/training.json')['parameters'] / 1e6:.2f}",
        "leaderboard": study.leaderboard(),
        "truth": study.truth(),
        "right_pairs": study.right_pairs(),
        "agreement": study.agreement(),
        "reward": {kind: percent(share) for kind, share in reward.items()},
        "r2": {name: number(value, 2) for name, value in validation["r2"].items()},
        "p_in_sample": number(validation["p_permutation"]["in_sample"], 2),
        "advice": _advice(results),
        "examples": [int(examples.min()), int(examples.max())],
        "claims": {"all": len(claims)} | {str(verdict): int(count) for verdict, count in claims.value_counts().items()},
        "experiments": experiments(study),
        "routing": routing(study),
        "selection": selection(study),
    }


PREDICTORS = {
    "perplexity_corpus": "perplexity, corpus",
    "perplexity_median": "perplexity, median",
    "perplexity": "perplexity, mean",
    "student_loss": "student's loss",
    "gradient_norm": "gradient norm",
    "grace": "GRACE",
    "rsr_corpus": "RSR, corpus",
    "rsr": "RSR, mean over responses",
    "reward": "reward",
    "intrinsic": "intrinsic score",
    "distinct_pairs": "distinct pairs",
    "compression_ratio": "compression ratio",
}
BASES = ("foreign_base", "misled_base", "knowing_base")
MARKS = {"yes": " better", "no": " worse"}


def predictors(results: Path) -> dict[str, Any]:
    """What came out in the study with power: a table of each outcome, and what measurements cost beside training."""
    study = Study(results)
    found = [
        {(row["outcome"], row["score"]): row for row in study.csv(f"tables/{base}.csv").to_dict("records")} for base in BASES
    ]

    def row(outcome: str, score: str) -> str:
        known = [rows[outcome, score] for rows in found]
        said = [between(one["within"], one["within_low"], one["within_high"]) + MARKS.get(str(one["beats"]), "") for one in known]
        return f"| {PREDICTORS[score]} | {' | '.join(said)} |"

    costs = study.csv("analysis/foreign_base_costs.csv").set_index("rule")["cpu_seconds"]
    return {
        "tables": {outcome: "\n".join(row(outcome, score) for score in PREDICTORS) for outcome in ("gain", "right")},
        "seconds": {what: number(seconds, 1) for what, seconds in costs.items()},
    }


def _first_table(lines: list[str]) -> str:
    """The first table of a page in Markdown."""
    start = next(number for number, line in enumerate(lines) if line.startswith("|"))
    return "\n".join(takewhile(lambda line: line.startswith("|"), lines[start:]))


def _advice(results: Path) -> str:
    """The first sentence of the recommendation."""
    text = (results / "tables/recommendation.md").read_text(encoding="utf-8")
    return next(line.strip("*") for line in text.splitlines() if line.startswith("**"))


def pages(known: dict[str, Any]) -> dict[Path, str]:
    """Path to the text of every page that quotes numbers: README.md lies in the repository's root, the others in docs/."""
    templates = HERE / "templates"
    environment = Environment(loader=FileSystemLoader(templates), undefined=StrictUndefined, keep_trailing_newline=True)
    names = sorted(path.relative_to(templates).as_posix() for path in templates.rglob("*.md"))
    return {(HERE.parent if name == "README.md" else HERE) / name: environment.get_template(name).render(known) for name in names}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("results", nargs="?", type=Path, help="a finished embedded study, such as results/demo")
    parser.add_argument("--metrics", type=Path, help="the finished study of config/metrics.yaml, such as results/metrics")
    asked = parser.parse_args()
    file = HERE / "numbers.json"
    known = read_json(file)
    if asked.results is not None:
        known |= numbers(asked.results)
    if asked.metrics is not None:
        known["predictors"] = predictors(asked.metrics)
    file.write_text(json.dumps(known, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    for path, text in pages(known).items():
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
