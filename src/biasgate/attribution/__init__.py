"""Where a network looks, by subgroup. Read in this order:

``heatmaps`` (relevance of every pixel), ``region_numbers`` (a heatmap in a few numbers), ``cases`` (persons and their
subgroups), ``permutation`` (tests on many numbers at once), ``relevance_table`` (numbers to tables),
``measure_relevance`` (the whole walk), ``findings`` (what is both proven and large enough to act on).
"""
