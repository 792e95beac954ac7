"""Where a network looks: heatmaps, regions and relevance, by subgroup."""
