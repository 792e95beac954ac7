"""One API over local paths and s3:// URIs."""
