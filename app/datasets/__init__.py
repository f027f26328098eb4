"""Datasets: named rows for a task, one Parquet file each with a `split` column, or the bundled sample."""
