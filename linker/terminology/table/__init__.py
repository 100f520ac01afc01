"""Tables of any origin: CSV, TSV, Parquet."""
