"""A folder of photos on the server as a project: its list, its file, and who works on what."""
