"""What the service costs and how it compares, measured: `make bench`, `python -m benchmarks NAME...`."""
