"""Zoos: many models, each with a known planted bias. Read in this order:

``spec`` (which models), ``axis`` (the scale of bias), ``plan`` (every seed and recipe before training), ``material``
(the images), ``planting`` with ``coloured`` and ``grouped`` (how bias is put into training sets), ``engine`` (many
models trained at once), ``shard`` and ``index`` (what is published, resumable).
"""
