"""How Sphinx makes the site of these pages: `tox -e docs`."""

import sys
from pathlib import Path

from c10k import VERSION

sys.path.insert(0, str(Path(__file__).parent / "_extensions"))

project = "c10k"
author = copyright = "the c10k authors"  # noqa: A001 (Sphinx's name)
release = VERSION

extensions = ["myst_parser", "sphinx.ext.autodoc", "reference", "server_files"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["pictures", "_extensions"]
nitpicky = True  # a link that leads nowhere is an error

highlight_language = "text"  # of blocks without a name
myst_heading_anchors = 3
myst_enable_extensions = ["colon_fence"]

html_theme = "furo"
html_title = "c10k"
html_static_path = ["_static"]
html_show_sphinx = False
html_copy_source = False
templates_path: list[str] = []

# Types of other libraries, and the shards that a fleet is made of, have no page here.
nitpick_ignore_regex = [
    ("py:class", r"(collections|concurrent|numpy|pathlib|pd)\..*"),
    ("py:class", r"c10k\.loadgen\.shard\..*"),
]
default_role = "code"  # in docstrings, as in Markdown

maximum_signature_line_length = 80
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
