"""The tab Partition: the photo in K regions."""
