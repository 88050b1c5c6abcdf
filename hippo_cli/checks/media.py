"""The checks of media that pages refer to by relative path: pictures, films and other files."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from hippo.ids import compose_name
from hippo.studies.media import CONTENT_TYPES, read_suffix
from hippo.studies.media_references import Reference
from hippo_cli.checks.quotes import TYPOGRAPHIC
from hippo_cli.file_content import check_content
from hippo_cli.findings import Finding, error, warning
from hippo_cli.similar_names import advise_similar
from hippo_cli.study_folder import STEP_FOLDER

# One call copies at most 5 GB within S3, https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html
_LARGEST = 5 * 1024**3
_LARGE = 100 * 1024**2


class MediaFolder:
    """The media of a study, and which of them pages refer to."""

    def __init__(self, files: Mapping[str, Path], step_files: Mapping[str, Path]) -> None:
        self._files = dict(files)
        self._steps = step_files
        self._used: set[str] = set()

    def check(self, name: str, text: str, references: Iterable[Reference]) -> list[Finding]:
        """Return the findings about one step file's relative references."""
        found = (self._check_reference(name, text, reference) for reference in references)
        return [finding for finding in found if finding]

    def check_files(self) -> list[Finding]:
        """Return the findings about the files that the checked pages refer to."""
        findings: list[Finding] = []
        for path in sorted(self._used & self._files.keys()):
            size, file = self._files[path].stat().st_size, f"{STEP_FOLDER}/{path}"
            findings += check_content(file, self._files[path])
            if size > _LARGEST:
                fix = "Cut or compress it, or upload it to a video host and use its https address."
                findings.append(
                    error(
                        "file-huge", file, 0, "", "larger than 5 GB, the most that publishing can copy", fix
                    )
                )
            elif size > _LARGE:
                what = f"{size / 1e6:.0f} MB, which each participant downloads"
                findings.append(warning("file-large", file, 0, "", what, "Compress it if possible."))
        return findings

    def _check_reference(self, name: str, text: str, reference: Reference) -> Finding | None:
        path, file = compose_name(reference.path), f"{STEP_FOLDER}/{name}"
        line = text.count("\n", 0, reference.start) + 1
        if reference.leads_out:
            what = f"{path} is outside {STEP_FOLDER}/, so it is not published"
            return warning("media-outside", file, line, path, what, f"Put the file into {STEP_FOLDER}/.")
        if path[0] in TYPOGRAPHIC:
            what = f"the quotes around {path} are typographic, so browsers read them as a part of the name"
            return error("quotes", file, line, path, what, 'Write straight quotes: src="game.png".')
        if path.lower().endswith(".css"):
            what = f"a page cannot load the style sheet {path}"
            fix = "Name it under css in config.yml, for all pages, or write its rules into a <style> element."
            return warning("style-link", file, line, path, what, fix)
        if path in self._steps:
            what = f"{path} is a step file, which a page cannot open"
            return warning("media-kind", file, line, path, what, "Make it a step of its own.")
        if read_suffix(path) not in CONTENT_TYPES:
            known = " ".join(sorted(suffix[1:] for suffix in CONTENT_TYPES))
            what = f"{path} is not published, because its type is not one of {known}"
            return warning(
                "media-kind", file, line, path, what, "Use one of these types, or an https address."
            )
        self._used.add(path)
        if path in self._files:
            return None
        fix = advise_similar(path, self._files) or f"Put it into {STEP_FOLDER}/."
        return error("media-missing", file, line, path, f"{STEP_FOLDER}/{path} is missing", fix)
