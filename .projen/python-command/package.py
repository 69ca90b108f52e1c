"""Replaces the `medallion` command that jsii-pacmak generates, in the wheel and the source distribution of dist/python.

jsii-pacmak has no option for it. Its command starts the jsii kernel and imports aws_cdk, which takes ten seconds per
command, and prints a traceback without Node.
"""

import base64
import hashlib
import io
import tarfile
import zipfile
from pathlib import Path

HERE = Path(__file__).parent
DIST = HERE.parent.parent / "dist" / "python"
COMMAND = (HERE / "medallion").read_bytes()


def replace_in_wheel(wheel: Path) -> int:
    with zipfile.ZipFile(wheel) as archive:
        members = [(info, archive.read(info)) for info in archive.infolist()]
    digest = base64.urlsafe_b64encode(hashlib.sha256(COMMAND).digest()).rstrip(b"=").decode()
    replaced = 0
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
        for info, content in members:
            if info.filename.endswith(".data/scripts/medallion"):
                content = COMMAND
                replaced += 1
            elif info.filename.endswith(".dist-info/RECORD"):
                content = "".join(
                    f"{line.split(',')[0]},sha256={digest},{len(COMMAND)}\n" if "/scripts/medallion," in line else line
                    for line in content.decode().splitlines(keepends=True)
                ).encode()
            archive.writestr(info, content)
    return replaced


def replace_in_source(source: Path) -> int:
    with tarfile.open(source) as archive:
        members = [(info, archive.extractfile(info).read() if info.isfile() else None) for info in archive]
    replaced = 0
    with tarfile.open(source, "w:gz") as archive:
        for info, content in members:
            if info.name.endswith("/_jsii/bin/medallion"):
                content, info.size = COMMAND, len(COMMAND)
                replaced += 1
            archive.addfile(info, None if content is None else io.BytesIO(content))
    return replaced


for pattern, replace in [("*.whl", replace_in_wheel), ("*.tar.gz", replace_in_source)]:
    [file] = DIST.glob(pattern)
    if replace(file) != 1:
        raise SystemExit(f"{file} does not contain the command once: jsii-pacmak has changed. Adapt {__file__}.")
