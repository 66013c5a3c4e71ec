"""The documentation as a site: `make docs` builds it with Sphinx into docs/_site, without a network.

A warning is an error: a link to a page, a heading or a name that is not there ends the build.
"""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "scripts"))

project = "polyglot-score"
author = "The polyglot-score contributors"
version = release = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_site", "templates"]
myst_heading_anchors = 4
myst_enable_extensions = ["attrs_block", "deflist"]
autodoc_mock_imports = ["numpy", "pandas", "pyarrow", "matplotlib"]  # signatures need none of them
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
html_theme = "furo"
html_title = "polyglot-score"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sphinx = False
html_show_copyright = False
html_copy_source = False
html_show_search_summary = False  # a page from a disk may not fetch others
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#1b5e8a", "color-brand-content": "#1b5e8a"},
    "dark_css_variables": {"color-brand-primary": "#7cc0ea", "color-brand-content": "#7cc0ea"},
}
