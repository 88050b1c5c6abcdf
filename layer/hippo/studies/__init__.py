"""What a researcher has published: configs, pages, media, versions and links."""
