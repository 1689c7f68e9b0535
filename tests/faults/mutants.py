"""Mutants: the product with one of its promises broken by a patch, as the folder of another copy of its code."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import quart_assessment

PATCHES = Path(__file__).parent / "mutants"
PRODUCT = Path(quart_assessment.__file__).parent


def names() -> list[str]:
    """Name all mutants."""
    return sorted(path.stem for path in PATCHES.glob("*.patch"))


def mutated(name: str, folder: Path) -> Path:
    """Copy the product into `folder` and break it by the patch `name`; gives the folder to import from.

    Fails the test where the patch no longer applies: then the product has changed there, and the patch has to
    break the same promise anew.
    """
    code = folder / "code"
    shutil.copytree(PRODUCT, code / PRODUCT.name, ignore=shutil.ignore_patterns("__pycache__"))
    patch = PATCHES / f"{name}.patch"
    done = subprocess.run(
        ["git", "apply", "--unidiff-zero", str(patch)], cwd=code, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{patch.name} no longer applies, write it anew:\n{done.stderr}"
    return code
