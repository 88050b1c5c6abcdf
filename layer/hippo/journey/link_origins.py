"""The addresses that a study's links may name: a link's author need not be the study's researcher."""

from collections.abc import Mapping
from typing import Any

from hippo.ids import is_project_id
from hippo.studies.catalogue import Catalogue
from hippo.studies.completion import find_origin
from hippo.studies.options import DEFAULT_LANGUAGE

_QUESTION = "links"


def asks_for_origins(query: Mapping[str, str]) -> bool:
    """Return whether a request asks for the addresses that links may name. It names no participant."""
    return bool(query.get(_QUESTION)) and not query.get("userId")


def list_origins(catalogue: Catalogue, root_domain: str, query: Mapping[str, str]) -> dict[str, Any]:
    """Return the domain of game servers, the origins that the study's config allows, and its language.

    The origins are `linkOrigins` and that of the completion link; none of an unknown or closed study.
    """
    project_id = query.get("projectId")
    project = catalogue.find(str(project_id)) if is_project_id(project_id) else None
    origins: list[str] = []
    language = DEFAULT_LANGUAGE
    if project and project.live:
        options = catalogue.load_study(project, None).options
        language, completion = options.language, options.completion
        way_back = [find_origin(completion.url)] if completion and completion.url else []
        origins = list(dict.fromkeys([*project.access.link_origins, *way_back]))
    return {"gameDomain": root_domain, "linkOrigins": origins, "language": language}
