"""Judging: what a judge says of the open answers that models gave in an evaluation.

`judges.py` has the two kinds of judge, a chat model and a reward model; `pairs.py` compares two answers in both orders.
`outcomes.py` makes outcomes of verdicts, so that judged benchmarks are scored as all others are.

Floor 6: it may import the rooms up to intrinsic, not scoring beside it. Jobs start vllm after importing it, so its modules import
torch only inside functions.
"""
