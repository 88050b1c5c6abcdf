"""From a study's folder to a study that participants can open; each stage may be run again."""
