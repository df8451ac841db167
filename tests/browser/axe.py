"""axe-core, which looks for what keeps people from using a page."""

from importlib import resources


def axe_source() -> str:
    """Return the source of axe-core, as a package of the tests' own brings it along."""
    return (resources.files("axe_playwright_python") / "axe.min.js").read_text()
