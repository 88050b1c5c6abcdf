"""The published studies: configs, pages, media, versions and links."""
