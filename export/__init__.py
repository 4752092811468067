"""The workshop: scenes, training and export of the networks that vsainimotion runs.

Needs the extra `export` (torch, skia-python, onnx and friends). Nothing in vsainimotion imports it.
"""
