"""The list of participants that `python -m hippo_local answers` shows."""

import pytest

from hippo_local.console import Console
from hippo_local.show_answers import Answers, _show_participants
from tests.support.study_world import BUCKET, PROJECT, StudyWorld


def test_numbers_are_words(world: StudyWorld, capsys: pytest.CaptureFixture[str]) -> None:
    """Given participants with one answer and file, and with two, each number has the right form."""
    for user, number in (("a", 1), ("b", 2)):
        requests = [{"httpMethod": "GET"}, *({"body": "{}"} for _ in range(number))]
        world.put_record({"created": "2030-01-01T12:00:00+00:00", "nextStep": 2, "requests": requests}, user)
        for index in range(number):
            world.s3.put_object(Bucket=BUCKET, Key=f"{PROJECT}/Trials/{user}/{index}", Body=b"x")

    _show_participants(Answers(world.s3, BUCKET, PROJECT), Console())

    lines = capsys.readouterr().out.splitlines()
    assert [line.split("  ")[2:] for line in lines] == [
        ["1 answer", "1 trial file"],
        ["2 answers", "2 trial files"],
    ]
