"""The fourth tab: the photo in K regions."""
