"""Make the fonts of `agent.printing` from the Noto fonts in the wheel of ``manimgx-fonts``, and their manifest.

    pip download --no-deps manimgx-fonts==2026.9.26.post1
    python scripts/printing_fonts.py manimgx_fonts-2026.9.26.post1-py3-none-any.whl

Noto's variable fonts are pinned to two weights, because a PDF takes static fonts only. Nothing else is changed,
and no glyph is left out. The wheel must be the one that the manifest names; the same wheel gives the same bytes
with the version of HarfBuzz that is pinned.
"""

from __future__ import annotations

import hashlib
import json
import sys
import zipfile
from pathlib import Path

import uharfbuzz as hb

WHEEL = "e5e21178263ddec3eef9414d2b52a1c90ac01062d3e9067460f3359f854c3e17"
FAMILIES = ("", "Arabic", "Hebrew", "Armenian", "Georgian", "Thai", "Devanagari")
WEIGHTS = {"Regular": 400.0, "SemiBold": 600.0}
FONTS = Path(__file__).parents[1] / "agent" / "printing" / "data" / "fonts"


def pinned(variable: bytes, weight: float) -> bytes:
    face = hb.Face(variable)
    wanted = hb.SubsetInput()
    wanted.keep_everything()
    wanted.pin_axis_location(face, "wght", weight)
    return bytes(hb.subset(face, wanted).blob.data)


def main(wheel: Path) -> None:
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    if digest != WHEEL:
        raise SystemExit(f"{wheel.name}: its SHA-256 is {digest}, not {WHEEL}")
    FONTS.mkdir(parents=True, exist_ok=True)
    files = []
    with zipfile.ZipFile(wheel) as archive:
        for family in FAMILIES:
            source = f"manimgx_fonts/NotoSans{family}[wght].ttf"
            variable = archive.read(source)
            for name, weight in WEIGHTS.items():
                data = pinned(variable, weight)
                file = f"NotoSans{family}-{name}.ttf"
                (FONTS / file).write_bytes(data)
                files.append(
                    {
                        "file": file,
                        "sha256": hashlib.sha256(data).hexdigest(),
                        "source": source,
                        "source_sha256": hashlib.sha256(variable).hexdigest(),
                        "copyright": hb.Face(variable).get_name(hb.OTNameIdPredefined.COPYRIGHT),
                        "version": hb.Face(variable).get_name(hb.OTNameIdPredefined.VERSION_STRING),
                    }
                )
        licence = next(name for name in archive.namelist() if name.endswith("licenses/LICENSE"))
        text = archive.read(licence).decode()
    # The licence itself; what stands above it is about the other fonts of the wheel.
    (FONTS / "OFL.txt").write_text(
        "Copyright 2022-2024 The Noto Project Authors (https://github.com/notofonts)\n\n"
        "This Font Software is licensed under the SIL Open Font License, Version 1.1.\n\n"
        + text[text.index("-" * 59) :]
    )
    manifest = {
        "licence": "OFL-1.1",
        "source": "manimgx-fonts 2026.9.26.post1 (PyPI), the wheel; Noto, by the Noto Project Authors",
        "wheel_sha256": WHEEL,
        "change": "variable fonts pinned to one weight by scripts/printing_fonts.py",
        "files": files,
    }
    (FONTS / "manifest.json").write_text(json.dumps(manifest, indent=2, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
