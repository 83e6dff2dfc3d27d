"""The tab Mosaics: mosaics of textures, and pictures of what the model sees."""
