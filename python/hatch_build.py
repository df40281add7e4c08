"""Marks the wheel as one with programs for Linux on x86-64, for any Python 3."""

from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class Programs(BuildHookInterface[Any]):
    """Sets the tag of the wheel. auditwheel replaces it by the manylinux tag that the programs satisfy."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        build_data["pure_python"] = False
        build_data["tag"] = "py3-none-linux_x86_64"
