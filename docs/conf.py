"""How Sphinx makes the site of these pages: `tox -e docs`."""

from c10k import VERSION

project = "c10k"
author = copyright = "the c10k authors"  # noqa: A001 (Sphinx's name)
release = VERSION

extensions = ["myst_parser", "sphinx.ext.autodoc"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["pictures"]
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

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
