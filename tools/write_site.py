"""Write the participant's page as static files, for a host of your own: web/ with frame.js inside frame.html.

.venv/bin/python tools/write_site.py FOLDER --next-url URL [--pages-url URL]
"""

import argparse
from pathlib import Path

from hippo.deployment.frame_page import read_page_file
from hippo.deployment.site import CONFIG, build_config, find_page_files

ROOT = Path(__file__).resolve().parents[1]


def main(arguments: list[str] | None = None) -> None:
    """Write the files, and config.json with the URL of the API."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--next-url", required=True, help="the stack's output NextUrl")
    parser.add_argument("--pages-url", default="", help="another origin with the same files (optional)")
    options = parser.parse_args(arguments)
    write_site(options.folder, build_config(options.next_url, options.pages_url))


def write_site(folder: Path, config: bytes) -> None:
    """Write all files of the page into `folder`, which is created if it is missing."""
    for key, path in find_page_files(ROOT / "web").items():
        target = folder / key
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(read_page_file(path))
    (folder / CONFIG).write_bytes(config)


if __name__ == "__main__":
    main()
