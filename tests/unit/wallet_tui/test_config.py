"""The configuration file: what is right is applied, what is wrong is said with its file, line and nearest name."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from agent.errors import InputError
from wallet_tui import config
from wallet_tui.actions import DEFAULTS, KEYS, keymap, shown, use_keys
from wallet_tui.i18n import languages
from wallet_tui.key_names import normal, shown_key
from wallet_tui.main import main

FILE = Path("/there/wallet.toml")


def read(text: str) -> config.Config:
    return config.parse(text.encode(), FILE)


def test_what_may_be_set() -> None:
    found = read(
        'theme = "high-contrast"\nlanguage = "en"\nplain = true\n'
        '[keys]\n"list.down" = ["z", "down"]\nlist.up = "Z"\nhelp = "f1"\npalette = ["ctrl+k", ":"]\n'
    )
    assert (found.theme, found.language, found.plain) == ("high-contrast", "en", True)
    assert found.keys == {
        "list.down": ("z", "down"),
        "list.up": ("Z",),
        "help": ("f1",),
        "palette": ("ctrl+k", "colon"),
    }
    assert read("") == config.Config(FILE)


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ('\n\nthene = "cairn"', 3, "no setting “thene”; did you mean “theme”?"),
        ('# "theme" is\ntheme = "cairn-lihgt"', 2, "no theme “cairn-lihgt”; did you mean “cairn-light”?"),
        ('theme = "xxxxx"', 1, "there are: cairn, cairn-light, high-contrast"),
        ("theme = 5", 1, "“theme” is a text in quotes"),
        ('language = "eng"', 1, "no language “eng”; did you mean “en”?"),
        ('plain = "yes"', 1, "“plain” is true or false"),
        ("keys = 5", 1, "“keys” is a table"),
        ('[keys]\n"list.dwn" = "n"', 2, "no key id “list.dwn”; did you mean “list.down”?"),
        ("[keys.list]\ndwn = 'n'", 2, "no key id “list.dwn”; did you mean “list.down”?"),
        ('[keys]\nhelp = "pagedwn"', 2, "“pagedwn” is not the name of a key; did you mean “pagedown”?"),
        ('[keys]\nhelp = "ctrl+shift+x"', 2, "is not the name of a key"),
        ('[keys]\nhelp = ""', 2, "is not the name of a key"),
        ("[keys]\nhelp = []", 2, "“help” needs one key at least and 8 at most"),
        ("[keys]\nhelp = 5", 2, "the key of “help” is a text, or a list of texts"),
        ('[keys]\nhelp = "ctrl+c"', 2, "belongs to the terminal"),
        ('[keys]\nhelp = "ctrl+m"', 2, "belongs to the terminal or is another key to it"),
        ('[keys]\n"consent.share" = ["S", "enter"]', 2, "enter is always safe and never shares"),
        ('[keys]\n"consent.decline" = "return"', 2, "enter is always safe and never shares"),
        ('[keys]\n"offer.accept" = "enter"', 2, "enter is always safe and never shares"),
        ('[keys]\n"offer.reject" = "enter"', 2, "enter is always safe and never shares"),
        ('[keys]\nlock = "enter"', 2, "enter only opens and confirms"),
        ('[keys]\nback = "b"', 2, "“back” needs a key that is not a letter"),
        ('[keys]\nlock = "r"', 2, "“r” would be the key of “lock” and of “recheck” on the same screen"),
        ('[keys]\nlock = "k"', 2, "“k” would be the key of “lock” and of “list.up” on the same screen"),
        ('[keys]\njump = "1"', 2, "“1” would be the key of “jump” and of “area.credentials”"),
        ('[keys]\n"offer.accept" = "x"\n"offer.reject" = "x"', 2, "“offer.accept” and of “offer.reject”"),
        ("theme = [", 1, "it is not TOML"),
        ("a = 1\na = 2", 2, "it is not TOML"),
        ("x = " + "[" * 5000, 0, "it is not TOML"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(text: str, line: int, says: str) -> None:
    with pytest.raises(InputError) as caught:
        read(text)
    assert caught.value.exit_code == 2
    told = caught.value.detail
    assert told.startswith(f"{FILE}, line {line}: " if line else str(FILE)), told
    assert says in told


def test_keys_of_different_screens_may_be_the_same_and_keys_may_be_swapped() -> None:
    assert read('[keys]\n"offer.accept" = "S"').keys == {"offer.accept": ("S",)}
    swapped = read('[keys]\n"area.inbox" = "3"\n"area.stack" = "2"').keys
    assert swapped == {"area.inbox": ("3",), "area.stack": ("2",)}


@pytest.mark.parametrize("data", [b"\xff\xfe", b'theme = "\xff"', b"#" * (config.MAX_BYTES + 1)])
def test_what_is_no_such_file_is_refused(data: bytes) -> None:
    with pytest.raises(InputError, match="bad_config"):
        config.parse(data, FILE)


def test_where_it_is_looked_for(tmp_path: Path) -> None:
    given = tmp_path / "own.toml"
    assert config.config_path(given, {"CAIRN_CONFIG": "/x"}) == (given, True)
    assert config.config_path(None, {"CAIRN_CONFIG": "/x/y.toml"}) == (Path("/x/y.toml"), True)
    folder = str(tmp_path)
    assert config.config_path(None, {"XDG_CONFIG_HOME": folder}) == (tmp_path / "cairn/wallet.toml", False)
    home = Path.home() / ".config/cairn/wallet.toml"
    assert config.config_path(None, {"XDG_CONFIG_HOME": "relative"}) == (home, False)
    assert config.load(None, {"XDG_CONFIG_HOME": folder}).keys == {}
    for missing in (given, tmp_path):
        with pytest.raises(InputError, match=str(missing)):
            config.load(missing, {})


def test_the_sample_names_every_key_and_is_what_there_is_without_a_file(tmp_path: Path) -> None:
    path = config.write_sample(tmp_path / "deep" / "wallet.toml")
    text = path.read_text("utf-8")
    assert config.load(path, {}) == config.Config(path)
    with pytest.raises(InputError, match="config_exists"):
        config.write_sample(path)
    assert path.read_text("utf-8") == text
    # Uncommented it is the same again: ids and keys are spelt as a file spells them.
    live = "\n".join(
        line.removeprefix("# ") for line in text.splitlines()[1:] if not line.startswith("# One")
    )
    assert set(tomllib.loads(live)["keys"]) == set(DEFAULTS)
    for name, keys in config.parse(live.encode(), path).keys.items():
        assert ",".join(keys) == DEFAULTS[name].keys


def test_a_wrong_file_ends_the_command_with_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "wallet.toml"
    path.write_text("theme = 'cairn\x1b]52;c;QQ\x07'")
    assert main(["--config", str(path)]) == 2
    path.write_text('theme = "none"')
    monkeypatch.setenv("CAIRN_CONFIG", str(path))
    assert main([]) == 2
    assert main(["--config", str(tmp_path / "other.toml")]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "\x1b" not in err
    assert "\x07" not in err
    assert f"cairn-wallet: {path}, line 1: there is no theme “none”" in err
    assert "There is no configuration file" in err


def test_sentences_name_the_keys_as_they_are() -> None:
    try:
        use_keys({"area.inbox": ("i", "f2"), "help": ("question_mark",)})
        assert keymap() == {"area.inbox": "i,f2"}
        assert shown("area.inbox") == "i"
        assert KEYS["area.inbox"].shown == "i f2"
    finally:
        use_keys({})
    assert KEYS == DEFAULTS


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("?", "question_mark"),
        ("L", "L"),
        ("<", "less_than_sign"),
        ("+", "plus"),
        ("ctrl+P", "ctrl+p"),
        ("ü", "ü"),
    ],
)
def test_keys_are_written_as_they_are_typed(written: str, name: str) -> None:
    assert normal(written) == name
    assert shown_key(name) == written.replace("P", "p")


def test_the_example_of_the_guide_is_accepted() -> None:
    guide = Path(__file__).resolve().parents[3] / "docs" / "guides" / "terminal-wallet.md"
    example = guide.read_text("utf-8").partition("```text\n")[2].partition("```")[0]
    assert "[keys]" in example
    assert read(example.replace('"de"', f'"{languages()[-1]}"')).theme == "high-contrast"
