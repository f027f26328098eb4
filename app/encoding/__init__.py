"""Raw columns to numbers: one code path, shared by training and serving."""
