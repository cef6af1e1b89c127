"""The demonstration: two invented sites on loopback, and the real main job done on them."""
