"""Write build/edgewise-<version>.zip: the repository's own files that the plugin needs, below one folder `edgewise`.

Run it as `python3 .ci/package.py [FOLDER]`, or `make plugin`.
"""

from __future__ import annotations

import configparser
import re
import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NAME = "edgewise"
RESERVED = r"\bexample\.(org|com|net)\b|\.invalid\b"
SHIPPED = (
    "__init__.py", "metadata.txt", "LICENSE", "README.md", "CHANGELOG.md", "pyproject.toml", "qgis_plugin", "engine", "models",
)  # fmt: skip
"""What travels; pyproject.toml and README.md, because `pip install PLUGIN_FOLDER` sets up the engine's Python."""


def write(folder: Path) -> Path:
    """Write the zip into `folder` and return its path; the same files give the same bytes."""
    metadata = configparser.ConfigParser()
    metadata.read(ROOT / "metadata.txt", encoding="utf-8")
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{NAME}-{metadata['general']['version']}.zip"
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for path in files():
            entry = zipfile.ZipInfo(f"{NAME}/{path}")  # dated 1980
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, (ROOT / path).read_bytes())
    return target


def placeholders() -> list[str]:
    """Return the entries of metadata.txt that name nobody: hosts that are reserved for examples (RFC 2606)."""
    metadata = configparser.ConfigParser()
    metadata.read(ROOT / "metadata.txt", encoding="utf-8")
    general = metadata["general"]
    return [name for name in ("email", "homepage", "tracker", "repository") if re.search(RESERVED, general[name])]


def files() -> list[str]:
    """Return what git knows or would add, so that nothing that was built travels."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *SHIPPED],  # noqa: S607
        cwd=ROOT, capture_output=True, check=True, text=True,
    )  # fmt: skip
    return sorted(path for path in set(listed.stdout.split("\0")) if path and (ROOT / path).is_file())


if __name__ == "__main__":
    print(write(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "build"))
    if placeholders():
        print(f"To publish it, first fill in {', '.join(placeholders())} in metadata.txt.", file=sys.stderr)
