"""Pictures, films and what else pages refer to by relative path: whether publishing will find it."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from unicodedata import normalize

from hippo.studies.media import CONTENT_TYPES, read_suffix
from hippo.studies.media_references import Reference
from hippo_cli.findings import Finding, error, warning
from hippo_cli.study_folder import STEP_FOLDER

# A copy within S3 is made in one call up to 5 GB, https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html
_LARGEST = 5 * 1024**3
_LARGE = 100 * 1024**2


class MediaFolder:
    """The media of a study; remembers what pages refer to."""

    def __init__(self, files: Mapping[str, Path], step_files: Mapping[str, Path]) -> None:
        self._files = {_fold(path): place for path, place in files.items()}
        self._spellings = {path.lower(): path for path in self._files}
        self._steps = step_files
        self._used: set[str] = set()

    def check(self, name: str, text: str, references: Iterable[Reference]) -> list[Finding]:
        """Findings of one step file's relative references."""
        found = (self._check_reference(name, text, reference) for reference in references)
        return [finding for finding in found if finding]

    def check_files(self) -> list[Finding]:
        """Findings of the files themselves: those that pages refer to, once all pages were seen."""
        findings = []
        for path in sorted(self._used & self._files.keys()):
            size, place = self._files[path].stat().st_size, f"{STEP_FOLDER}/{path}"
            if size > _LARGEST:
                fix = "Cut or compress it, or put it on a host for films and name its https address."
                findings.append(
                    error("file-huge", place, 0, "", "over 5 GB, more than publishing copies", fix)
                )
            elif size > _LARGE:
                what = f"{size / 1e6:.0f} MB, for each participant"
                findings.append(warning("file-large", place, 0, "", what, "Compress it, if that can be."))
        return findings

    def _check_reference(self, name: str, text: str, reference: Reference) -> Finding | None:
        path, place = _fold(reference.path), f"{STEP_FOLDER}/{name}"
        line = text.count("\n", 0, reference.start) + 1
        if reference.leads_out:
            what = f"{path} leads out of {STEP_FOLDER}, so it is not published"
            return warning("media-outside", place, line, path, what, f"Put the file into {STEP_FOLDER}/.")
        if path in self._steps:
            what = f"{path} is a step file, and cannot be opened from a page"
            return warning("media-kind", place, line, path, what, "Make it a step of its own.")
        if read_suffix(path) not in CONTENT_TYPES:
            known = " ".join(sorted(suffix[1:] for suffix in CONTENT_TYPES))
            what = f"{path} is not published: it is none of {known}"
            return warning(
                "media-kind", place, line, path, what, "Use one of these kinds, or an https address."
            )
        self._used.add(path)
        if path in self._files:
            return None
        other = self._spellings.get(path.lower())
        fix = f"There is {other}: names count letter by letter." if other else f"Put it into {STEP_FOLDER}/."
        return error("media-missing", place, line, path, f"{STEP_FOLDER}/{path} is missing", fix)


def _fold(path: str) -> str:
    """One spelling of each letter, as publishing compares them."""
    return normalize("NFC", path)
