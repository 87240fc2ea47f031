from __future__ import annotations

from pathlib import Path

import pytest

from wallet_tui.actions import KEYS, bindings
from wallet_tui.main import default_home, main, parser


def test_the_home_comes_from_the_environment_or_the_data_folder() -> None:
    assert default_home({"CAIRN_HOME": "/x/y"}) == Path("/x/y")
    assert default_home({"CAIRN_ROOT": "/root"}) == Path("/root/learner")
    assert default_home({"XDG_DATA_HOME": "/data"}) == Path("/data/cairn/learner")
    assert default_home({"XDG_DATA_HOME": "relative"}) == Path.home() / ".local/share/cairn/learner"
    assert default_home({}) == Path.home() / ".local/share/cairn/learner"


def test_without_a_service_it_says_how_to_start_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--home", str(tmp_path)]) == 3
    out, err = capsys.readouterr()
    assert out == ""
    assert "No agent service runs" in err
    assert "cairn up" in err
    assert f"cairn agent run --home {tmp_path}" in err


def test_there_is_no_option_that_takes_a_passphrase() -> None:
    assert "--pass" not in parser().format_help()
    with pytest.raises(SystemExit) as caught:
        parser().parse_args(["--passphrase", "x"])
    assert caught.value.code == 2


def test_every_key_has_an_id_a_word_and_an_explanation() -> None:
    for name, key in KEYS.items():
        assert key.id == name
        assert key.label
        assert key.help
        assert key.keys
    assert len(bindings(*KEYS)) == len(KEYS)
    for key in KEYS.values():
        assert not {"ctrl+a", "ctrl+b", "ctrl+s"} & {key.keys}, "a multiplexer may take it"
