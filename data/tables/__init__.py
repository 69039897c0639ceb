"""Tables and archives as people write them: CSV, JSON, Parquet, XML, zip, in any text encoding."""
