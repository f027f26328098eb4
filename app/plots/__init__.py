"""Pictures of runs, networks and models as SVG or PNG. matplotlib is loaded by the first picture, not by an import."""
