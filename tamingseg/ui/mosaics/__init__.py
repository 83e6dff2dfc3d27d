"""The third tab: mosaics of textures, and pictures of what the model sees."""
