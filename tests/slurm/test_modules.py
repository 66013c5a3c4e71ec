"""A site's environment modules, with the real `module` command."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from polyglot.cluster.environment_modules import with_modules
from polyglot.core.errors import ConfigurationError

INSTALLED = "/usr/share/modules"


@pytest.fixture(autouse=True)
def modulefile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "toolkit").mkdir()
    (tmp_path / "toolkit/12.8").write_text("#%Module1.0\nsetenv TOOLKIT_HOME /opt/toolkit\nprepend-path PATH /opt/toolkit/bin\n")
    monkeypatch.setenv("MODULESHOME", INSTALLED)
    monkeypatch.setenv("MODULEPATH", str(tmp_path))
    monkeypatch.setenv("TWO_LINES", "a\nb=c")


def test_modules_change_the_environment_that_jobs_inherit() -> None:
    environment = with_modules(["toolkit/12.8"])
    assert environment["TOOLKIT_HOME"] == "/opt/toolkit"
    assert environment["PATH"].startswith("/opt/toolkit/bin:")
    assert environment["TWO_LINES"] == "a\nb=c"


@pytest.mark.parametrize(("home", "message"), [(INSTALLED, "module load toolkit/13"), ("/nowhere", "MODULESHOME")])
def test_a_module_that_cannot_be_loaded_is_named(monkeypatch: pytest.MonkeyPatch, home: str, message: str) -> None:
    monkeypatch.setenv("MODULESHOME", home)
    with pytest.raises(ConfigurationError, match=re.escape(message)):
        with_modules(["toolkit/13"])
