"""Features: numbers read from weights alone, without inference. Read in this order:

``chain`` (a network as linear maps), ``colour`` (its first layer in luma, chroma and frequency), ``named`` (what a
feature is), ``path_energy`` and ``signed_paths`` (what flows from colours to logits), ``invariant`` (the features that
tell how strong a bias is), ``signed_colour`` (those that tell for whom), ``class_colours``, ``linearised`` and
``mixed_paths`` (``colour_slope``: those that tell how colours scattered), ``layout`` (networks of different depth),
``table`` (all of a zoo's models).
"""
