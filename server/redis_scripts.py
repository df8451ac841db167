"""The Lua scripts, as they are shipped with the package. Each says itself what it promises."""

from importlib.resources import files


def script_text(name: str) -> str:
    """Return the text of `server/lua/<name>.lua`."""
    return (files("server") / "lua" / f"{name}.lua").read_text(encoding="utf-8")
