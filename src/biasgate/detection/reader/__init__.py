"""Readers of features, and the meta-classifier that is made of them. Read in this order:

``ridge`` (the learner), ``levels`` (readings to calibrated levels), ``level_readers`` and ``measured_bias`` (what
is read of a model), ``ood`` and ``exposure`` (when to abstain), ``meta_classifier`` (all of it, and the scan),
``files`` (scanning many files); then how one is made and judged: ``views`` (columns of a feature table), ``fit``,
``trial``, ``scores``, ``negative_controls``, ``held_out`` (the report), ``challenger_test`` (against the champion).
"""
