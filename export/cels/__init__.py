"""The cel generator: seeded scenes, exact at any time and resolution, with the motion that belongs to them."""
