"""The page as static files for a host of an operator's own."""

import json
from pathlib import Path

from hippo.deployment.frame_page import build_frame
from tools.write_site import ROOT, main


def test_all_files_are_written_and_the_frame_has_its_script_inside(tmp_path: Path) -> None:
    """Given a new folder, it receives web/ with frame.js in frame.html, and the config.json of the stack."""
    folder = tmp_path / "site"

    main([str(folder), "--next-url", "https://api.example.org/v1/next"])

    web = ROOT / "web"
    written = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert written == {path.relative_to(web).as_posix() for path in web.rglob("*") if path.is_file()} | {
        "config.json"
    }
    assert (folder / "frame.html").read_bytes() == build_frame(web / "frame.html")
    assert (folder / "game/game.js").read_bytes() == (web / "game/game.js").read_bytes()
    assert json.loads((folder / "config.json").read_text()) == {
        "nextUrl": "https://api.example.org/v1/next",
        "pagesUrl": None,
    }
