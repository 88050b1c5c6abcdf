"""Tests of unusual Dockerfiles: secrets are searched for in whatever Docker may copy, in linear time."""

import pytest

from hippo_cli.image.dockerfile import ContextUse
from tests.unit.cli.checks.test_secret_detection import PEM
from tests.unit.cli.conftest import SmallStudy

BASE = "FROM python:3.13-slim\n"
FORMS = {
    "escape": f"# escape=`\n{BASE}COPY `\n  private/ /srv/\n",
    "later escape": f"#syntax=docker/dockerfile:1\n# Escape = `\n{BASE}COPY `\n  private/ /srv/\n",
    "syntax": f"# syntax=example.org/own\n{BASE}TAKE private/\n",
    "other syntax": f"// syntax=example.org/own\n{BASE}",
    "onbuild": f"{BASE}ONBUILD COPY private/ /srv/\n",
    "target": f"{BASE}RUN --mount=type=bind,source=private,target=/from=x true\n",
    "quoted target": f'{BASE}RUN --mount=type=bind,target="/x,from=y" true\n',
    "empty from": f"{BASE}RUN --mount=type=bind,from=,target=/x true\n",
    "empty stage": f"{BASE}COPY --from= private/ /srv/\n",
    "comment": f"{BASE}# <<A\nCOPY private/ /srv/\nRUN <<B\nA\nB\n",
    "label": f"{BASE}LABEL x=1 <<A\nCOPY private/ /srv/\nRUN <<B\nA\nB\n",
    "quoted": f'{BASE}RUN echo "a <<A b"\nCOPY private/ /srv/\nRUN <<B\nA\nB\n',
    "indented end": f"{BASE}RUN <<A\n A\nRUN <<B\nA\nCOPY private/ /srv/\nRUN <<C\nB\nC\n",
    "unfinished": f"{BASE}RUN <<A\nCOPY private/ /srv/\n",
    "empty line": f"{BASE}COPY --link \\\n\n  private/ /srv/\n",
    "split word": f"{BASE}COPY pri\\\nvate/ /srv/\n",
    "split instruction": f"{BASE}CO\\\n# x\nPY private/ /srv/\n",
    "test": f"{BASE}RUN [ -f x ] <<A\nRUN <<B\nA\nCOPY private/ /srv/\nRUN <<C\nB\nC\n",
    "two backslashes": f"{BASE}RUN echo \\\\\nCOPY private/ /srv/\n",
    "list": f'{BASE}RUN ["x", " <<A "]\nCOPY private/ /srv/\nRUN <<B\nA\nB\n',
}


@pytest.mark.parametrize("form", FORMS)
def test_forms_that_copy(form: str) -> None:
    """Given a file that an unusual form may copy, it counts as part of the image."""
    assert ContextUse(FORMS[form]).needs("private/key.txt")


@pytest.mark.parametrize(
    "text",
    [
        "RUN <<EOF\nCOPY private/ /srv/\nEOF\n",
        "COPY <<-'EOF' /srv/x\nCOPY private/ /srv/\n\tEOF\n",
        "RUN cat <<A <<B\nCOPY private/ /srv/\nA\nADD private /x\nB\n",
        "COPY --from=build private/ /srv/\n",
        "RUN --mount=type=cache,from=build,target=/x true\n",
        "RUN echo \\\n  # COPY private/ /srv/\n  COPY private/ /srv/\n",
        "ENV WORD=a<<b\n",
        "CMD echo 1 <<x\n",
    ],
)
def test_forms_that_copy_nothing_else(text: str) -> None:
    """Given the usual forms, only what they copy counts, with Windows line ends too."""
    start = f"# syntax=docker/dockerfile:1.7\n# check=skip=all\n{BASE}COPY App /srv\n"
    for dockerfile in (start + text, (start + text).replace("\n", "\r\n")):
        use = ContextUse(dockerfile)
        assert (use.needs("App/server.py"), use.needs("private/key.txt")) == (True, False)


def test_a_link_to_a_file_that_is_not_copied(study: SmallStudy) -> None:
    """Given a copied link to a secret elsewhere in the folder, the secret is found."""
    study.write("private/key.txt", PEM.format("RSA "))
    assert study.codes() == []

    (study.directory / "App/cert.txt").symlink_to("../private/key.txt")

    assert study.codes() == [("secret-image", "private/key.txt", 1)]


@pytest.mark.parametrize("line", ["RUN cat <<A{}\n", "RUN x <<B\n", "\n", "RUN \\\n"])
def test_long_files_are_read_to_their_end(line: str) -> None:
    """Given a Dockerfile of 40,000 lines, for which quadratic time would be hours, it is read."""
    text = BASE + "".join(line.format(number) for number in range(40_000)) + "COPY App /srv\n"

    # After a backslash, the rest of the file is part of RUN.
    assert ContextUse(text).needs("App/server.py") == (not line.endswith("\\\n"))
