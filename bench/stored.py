"""Bytes in S3: what one large request stores, what one id can store, and what a study stores."""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from bench.tables import format_table
from bench.worlds import open_study_world
from tests.support.study_world import BUCKET, StudyWorld

KIB, MIB = 1024, 1024 * 1024
LARGEST = 256 * KIB
PAGES = 10
_STUDY = "stored"
SCRIPTS = {"ASCII": "x", "French é": "é", "Chinese 語": "語", "emoji 🎮": "🎮"}
ANSWERS = {
    "English": "I looked at the car first, then I tried to swing it. ",
    "French": "J’ai d’abord regardé la voiture, puis j’ai essayé de l’élancer. ",
    "Chinese": "我先看了看小车,然后试着让它摆动起来。",
}
_ANSWER_CHARACTERS = 600  # of each page: a few sentences


@dataclass(frozen=True, slots=True)
class Stored:
    """Versions of one record: how many bytes the newest, the largest and all of them have."""

    newest: int
    largest: int
    total: int
    versions: int


@contextmanager
def _open_world() -> Iterator[StudyWorld]:
    with open_study_world() as world:
        world.s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
        pages: dict[str, str | bytes] = {
            f"page{number}.html": f"<h1>{number}</h1>" for number in range(PAGES + 1)
        }
        steps = {str(number): f"page{number}.html" for number in range(1, PAGES + 1)}
        events = {"startServerStep": "", "stopServerStep": ""}
        world.publish(pages, id=_STUDY, steps=steps | {"finalStep": "page0.html"}, events=events)
        yield world


def measure_requests(scripts: Iterable[str] = tuple(SCRIPTS)) -> dict[str, tuple[Stored, Stored]]:
    """Return, by script, the versions after one request of 256 KiB, and after as many as the API accepts."""
    found = {}
    with _open_world() as world:
        for number, script in enumerate(scripts):
            one, many = f"one-{number}", f"many-{number}"
            for user in (one, many):
                world.get(user=user, project=_STUDY)
            _post(world, one, 1, _fill(SCRIPTS[script], 0))
            _post_all(world, many, SCRIPTS[script])
            found[script] = (_read_versions(world, one), _read_versions(world, many))
    return found


def measure_studies() -> dict[str, Stored]:
    """Return, by language, the versions of a participant who answers every page with a few sentences."""
    found = {}
    with _open_world() as world:
        for number, (language, text) in enumerate(ANSWERS.items()):
            user = f"reader-{number}"
            world.get(user=user, project=_STUDY)
            answer = (text * _ANSWER_CHARACTERS)[:_ANSWER_CHARACTERS]
            for step in range(1, PAGES + 1):
                _post(world, user, step, json.dumps({"text": answer}, ensure_ascii=False))
            found[language] = _read_versions(world, user)
    return found


def _post_all(world: StudyWorld, user: str, letter: str) -> None:
    """Fill a record: second answers to the first page until they are refused, then one for each page."""
    _post(world, user, 1, _fill(letter, 0))
    number = 1
    while _post(world, user, 1, _fill(letter, number)):
        number += 1
    for step in range(2, PAGES + 1):
        _post(world, user, step, _fill(letter, number + step))


def _post(world: StudyWorld, user: str, step: int, body: str) -> bool:
    return world.post(body, user=user, project=_STUDY, step=step).status == 200


def _fill(letter: str, number: int) -> str:
    """Return a body of 256 KiB in UTF-8, another one for each number, as a page sends it."""
    frame = len(json.dumps({f"a{number}": ""}))
    return json.dumps(
        {f"a{number}": letter * ((LARGEST - frame) // len(letter.encode()))}, ensure_ascii=False
    )


def _read_versions(world: StudyWorld, user: str) -> Stored:
    listed = world.s3.list_object_versions(Bucket=BUCKET, Prefix=f"{_STUDY}/Users/{user}")["Versions"]
    sizes = [int(version["Size"]) for version in listed]
    newest = next(int(version["Size"]) for version in listed if version["IsLatest"])
    return Stored(newest, max(sizes), sum(sizes), len(sizes))


def format_requests_table(found: dict[str, tuple[Stored, Stored]]) -> str:
    """Return a table with a row for each script."""
    rows = [
        (
            script,
            f"{one.newest / KIB:,.0f}",
            f"{one.newest / LARGEST:.2f}",
            f"{many.largest / MIB:.2f}",
            f"{many.versions - 1}",
            f"{many.total / MIB:.1f}",
        )
        for script, (one, many) in found.items()
    ]
    headers = ("text", "first request, KiB", "ratio", "largest write, MiB", "writes", "all versions, MiB")
    return format_table(headers, rows)


def format_studies_table(found: dict[str, Stored], participants: int = 1_000) -> str:
    """Return a table with a row for each language; megabytes are of 1,000,000 bytes."""
    rows = [
        (
            language,
            f"{stored.newest / 1000:.1f}",
            f"{stored.newest * participants / 1e6:.0f}",
            f"{(stored.total - stored.newest) * participants / 1e6:.0f}",
        )
        for language, stored in found.items()
    ]
    count = f"{participants:,} participants"
    return format_table(("answers in", "a record, kB", f"{count}, MB", "their old versions, MB"), rows)
