"""On a GPU: a process that has imported an environment's libraries has not touched it, so that its forks can use it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from polyglot.workflow.shared_starts import VARIABLE

SCRIPT = """
import sys
from polyglot.workflow.shared_starts import hand_over
reason = hand_over(sys.argv[1])
import json, os, torch
print(json.dumps([reason, os.getppid(), torch.ones(2, device="cuda").sum().item()]))
"""


@pytest.mark.parametrize("environment", ["transformers", "embedding", "lighteval"])
def test_forks_of_one_server_use_the_gpu_one_after_the_other(environment: str, tmp_path: Path) -> None:
    script = tmp_path / "job.py"
    script.write_text(SCRIPT)
    run = subprocess.Popen(["sleep", "3600"])
    try:
        variables = os.environ | {
            VARIABLE: f"{run.pid}:{tmp_path / 'starts'}",
            "OMP_NUM_THREADS": "4",
            "OPENBLAS_NUM_THREADS": "4",
        }
        command = [sys.executable, str(script), environment]
        done = [subprocess.run(command, env=variables, capture_output=True, text=True, check=True).stdout for _ in range(2)]
    finally:
        run.kill()
        run.wait()
    one, other = map(json.loads, done)
    assert one == other == ["", one[1], 2.0]
