"""Side-by-side benchmarks of ravine and its peers: `python -m bench`. See README.md in this folder."""
