"""A font of the machine, when and only when a text needs one."""

from __future__ import annotations

import shutil
from pathlib import Path

import agent.printing
from agent.printing.fonts import bundled
from agent.services.system_fonts import NAMES, find, fonts_for

OURS = Path(agent.printing.__file__).parent / "data" / "fonts" / "NotoSans-Regular.ttf"
CHINESE = "数据"


def test_the_best_one_is_found_in_any_folder(tmp_path: Path) -> None:
    for folder, name in (("a/b", NAMES[-1]), ("c", NAMES[0]), ("d", "Other.ttf")):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / name).write_bytes(b"x")
    assert find([tmp_path / "a", tmp_path / "c", tmp_path / "missing"]) == tmp_path / "c" / NAMES[0]
    assert find([tmp_path / "a"]) == tmp_path / "a" / "b" / NAMES[-1]
    assert find([tmp_path / "d"]) is None


def test_it_is_looked_for_only_when_it_is_needed(tmp_path: Path) -> None:
    shutil.copy(OURS, tmp_path / NAMES[0])
    assert fonts_for("plain", [tmp_path]) is bundled()
    assert fonts_for(CHINESE, []) is bundled()
    assert fonts_for(CHINESE, [tmp_path]).regular[-1].path == tmp_path / NAMES[0]


def test_a_broken_file_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / NAMES[0]).write_bytes(b"no font")
    assert fonts_for(CHINESE, [tmp_path]) is bundled()


def test_a_link_to_nothing_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / NAMES[0]).symlink_to(tmp_path / "gone")
    assert find([tmp_path]) is None
