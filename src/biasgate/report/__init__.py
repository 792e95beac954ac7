"""Every word and picture that a person reads.

Pages (``decision``, ``evaluation``, ``model_card``, ``held_out``, ``relevance``, ``audit``) are joined by ``rendering``
from their parts: tables (``rules``, ``impact``), sentences (``limits``, ``advice``), figures (``subgroup_figures`` in
HTML; ``held_out_figure``, ``audit_figures`` and ``forest`` by matplotlib, in the style of ``drawing``) and
``heatmap_pictures``. ``suppression`` withholds what rests on too few people, ``text`` writes numbers.
"""
