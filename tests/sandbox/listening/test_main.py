import pytest

from sandbox.listening.__main__ import main


def test_one_line_says_what_was_written(tmp_path, capsys):
    assert 0 == main(f"--out {tmp_path} --from 2018-11-01 --to 2018-11-02 --users 5 --songs 9 --plays 30".split())
    said = capsys.readouterr()
    assert said.out.startswith(f"wrote 12 files to {tmp_path}: ")
    assert "30 plays, 9 songs" in said.out
    assert "" == said.err


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ("--from 2018-11-02 --to 2018-11-01", "last day 2018-11-01 is before the first day 2018-11-02"),
        ("--from 2018-11-31", "'2018-11-31' is no day, expected YYYY-MM-DD"),
        ("--users -1", "users is -1, expected 1 or more"),
        ("--plays many", "invalid int value: 'many'"),
    ],
)
def test_bad_arguments_end_with_a_clear_error_and_nothing_written(tmp_path, capsys, arguments, text):
    with pytest.raises(SystemExit, match="2"):
        main(["--out", str(tmp_path / "bucket"), *arguments.split()])
    assert text in capsys.readouterr().err
    assert not (tmp_path / "bucket").exists()
