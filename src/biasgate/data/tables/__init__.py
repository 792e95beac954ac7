"""Tables as people have them: CSV and Parquet, read some rows at a time, as they are written."""
